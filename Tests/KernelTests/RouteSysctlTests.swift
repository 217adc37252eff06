import Netlink
import NetworkModel
import Posix
import Testing

/// Sysctls of two namespaces.
@Suite("sysctls", .tags(.kernel), .kernelTests, .freshNetNS)
struct RouteSysctlTests {
    @Test("a value is read and set in the namespace that is meant, and in no other", arguments: Place.allCases)
    func perNamespace(_ place: Place) throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        let meant = Sysctl(place, "ipv4/conf/all/send_redirects")
        let other = Sysctl(place == .host ? .container : .host, meant.path)
        let before = try kernel.observe(meant, other)
        let value = before[meant] == "1" ? "0" : "1"
        try kernel.apply(.setSysctl(meant, from: before[meant], to: value))
        let after = try kernel.observe(meant, other)
        #expect(after[meant] == value)
        #expect(after[other] == before[other])
    }

    @Test("a link's own sysctls are those of its namespace")
    func ofLink() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.makePair()
        let inside = Sysctl(.container, "ipv6/conf/eth0/accept_ra")
        #expect(try kernel.observe(inside)[inside] == "1")
        try kernel.apply(.setSysctl(inside, from: "1", to: "0"))
        #expect(try kernel.observe(inside)[inside] == "0")
        let outside = Sysctl(.host, "ipv6/conf/eth0/accept_ra")
        #expect(try kernel.observe(outside).isEmpty)
    }

    /// Those that are read by netlink, whose file says the same.
    private static let byNetlink =
        ["accept_redirects", "arp_notify", "send_redirects"].map { "ipv4/conf/vethport/\($0)" }
        + ["accept_dad", "accept_ra", "addr_gen_mode", "disable_ipv6", "keep_addr_on_down"].map {
            "ipv6/conf/vethport/\($0)"
        } + ["ipv4/ip_forward", "ipv4/conf/all/forwarding", "ipv6/conf/all/forwarding"]

    @Test("what netlink tells and sets is what the file says", arguments: byNetlink)
    func sameAsFile(_ path: String) throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.makePair()
        let sysctl = Sysctl(.host, path)
        let before = try kernel.observe(sysctl)[sysctl]
        #expect(before == Self.file(path))
        let value = before == "0" ? "1" : "0"
        try kernel.apply(.setSysctl(sysctl, from: before, to: value))
        #expect(Self.file(path) == value)
        #expect(try kernel.observe(sysctl)[sysctl] == value)
    }

    private static func file(_ path: String) -> String? {
        guard let bytes = try? FileSystem.read("/proc/sys/net/\(path)") else { return nil }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    @Test("a value that the kernel does not take is invalid")
    func invalidValue() throws {
        var kernel = try LinuxKernel()
        let sysctl = Sysctl(.host, "ipv4/ip_forward")
        let error = #expect(throws: KernelError.self) { try kernel.apply(.setSysctl(sysctl, from: "0", to: "many")) }
        #expect(error?.reason == .invalid)
        #expect(error?.description == "set sysctl net/ipv4/ip_forward: Invalid argument")
    }

    @Test(
        "no path leads out of /proc/sys/net",
        arguments: ["../kernel/hostname", "ipv4/../../kernel/hostname", "/etc/hosts"]
    )
    func escape(_ path: String) throws {
        var kernel = try LinuxKernel()
        #expect(throws: KernelError.self) { try kernel.observe(Sysctl(.host, path)) }
    }
}
