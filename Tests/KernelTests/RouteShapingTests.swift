import Addressing
import Netlink
import NetworkModel
import Testing

/// Shaping on a real kernel: each case in a network namespace of its own.
@Suite("shaping", .tags(.kernel), .kernelTests, .freshNetNS)
struct RouteShapingTests {
    private static let device = LinkID(.host, .vethother)

    private static func kernelWithLinks() throws -> LinuxKernel {
        var kernel = try LinuxKernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge)))
        try kernel.apply(.createIFB(Link(device, kind: .ifb, mac: .pod, mtu: 1400)))
        return kernel
    }

    private static func shaping(_ kernel: inout LinuxKernel) throws -> Set<Shaping> {
        var scope = Scope()
        scope.shapingOf = [.cni0, device]
        return try kernel.observe(scope).shaping
    }

    @Test(
        "a bucket is observed as it was set, and removed",
        arguments: [
            TokenBucket(rate: 1_000_000, burst: 50_000), TokenBucket(rate: 125, burst: 536_870_911),
            TokenBucket(rate: 10_000_000_000, burst: 4_000_000_000),
        ]
    )
    func bucket(_ bucket: TokenBucket) throws {
        var kernel = try Self.kernelWithLinks()
        let wanted = Shaping(.cni0, .bucket(bucket))
        try kernel.apply(.addShaping(wanted))
        #expect(try Self.shaping(&kernel) == [wanted])
        let error = #expect(throws: KernelError.self) { try kernel.apply(.addShaping(wanted)) }
        #expect(error?.reason == .exists)
        try kernel.apply(.removeShaping(wanted))
        #expect(try Self.shaping(&kernel).isEmpty)
        #expect(throws: KernelError.self) { try kernel.apply(.removeShaping(wanted)) }
    }

    @Test("a way round is observed, and leads nowhere when its device is gone")
    func redirect() throws {
        var kernel = try Self.kernelWithLinks()
        let found = try #require(try kernel.link(Self.device))
        #expect(found.kind == .ifb)
        #expect(found.mac == .pod)
        #expect(found.mtu == 1400)
        let wanted = Shaping(.cni0, .redirect(to: Self.device.name))
        try kernel.apply(.addShaping(wanted))
        #expect(try Self.shaping(&kernel) == [wanted])
        try kernel.apply(.removeShaping(wanted))
        #expect(try Self.shaping(&kernel).isEmpty)
        try kernel.apply(.addShaping(wanted))
        try kernel.apply(.deleteLink(found))
        let lost = Shaping(.cni0, .redirect(to: nil))
        #expect(try Self.shaping(&kernel) == [lost])
        try kernel.apply(.removeShaping(lost))
        #expect(try Self.shaping(&kernel).isEmpty)
    }
}
