import Addressing
import CNI
import IPAM
import JSON
import Posix
import TestKit
import Testing

/// The reference's host-local on this machine.
private enum Reference {
    static let path = "/usr/lib/cni/host-local"
    static var isInstalled: Bool { (try? FileSystem.status(path, followLinks: true)) != nil }

    /// Runs a verb on the same directory; answers its stdout.
    @discardableResult
    static func run(_ verb: String, _ id: String, dataDir: String, ifName: String = "eth0") throws -> JSON? {
        let config =
            #"{"cniVersion":"1.0.0","name":"net","type":"bridge","ipam":{"type":"host-local","#
            + #""dataDir":"\#(dataDir)","ranges":[[{"subnet":"10.0.0.0/29"}],[{"subnet":"fd00::/64"}]]}}"#
        let outcome = try ChildProcess(
            executable: path,
            environment: [
                "CNI_COMMAND": verb, "CNI_CONTAINERID": id, "CNI_IFNAME": ifName, "CNI_NETNS": "/run/netns/none",
                "CNI_PATH": "/usr/lib/cni",
            ]
        ).run(input: Array(config.utf8), timeout: .seconds(30))
        guard outcome.ending == .exited(0) else { return nil }
        return outcome.output.isEmpty ? JSON.null : try JSON(parsing: outcome.output)
    }

    /// The addresses that an ADD got.
    static func add(_ id: String, dataDir: String) throws -> [String]? {
        try run("ADD", id, dataDir: dataDir).flatMap { result in
            try JSONField(result)["ips"].requiredElements().map { try $0["address"].requiredString() }
        }
    }
}

private let ipam = #""ranges":[[{"subnet":"10.0.0.0/29"}],[{"subnet":"fd00::/64"}]]"#

@Suite(
    "Together with the reference's host-local",
    .enabled(if: Reference.isInstalled, "install containernetworking-plugins")
)
struct InteroperationTests {
    let files: LeaseFiles
    var dataDir: String { files.temporary.path }
    var ours: Caller { Caller(plugin: .onDisk(bootIDPath: HostLocalPlugin.bootIDPath), dataDir: dataDir) }

    init() throws {
        files = try LeaseFiles()
    }

    private func ourADD(_ id: String) throws -> [String] {
        try ours.add(id, ipam).ips.map(\.address.description)
    }

    @Test("both go round in one circle and see each other's leases")
    func oneCircle() throws {
        #expect(try ourADD("a") == ["10.0.0.2/29", "fd00::2/64"])
        #expect(try Reference.add("b", dataDir: dataDir) == ["10.0.0.3/29", "fd00::3/64"])
        #expect(try ourADD("c") == ["10.0.0.4/29", "fd00::4/64"])
        #expect(try Reference.add("d", dataDir: dataDir) == ["10.0.0.5/29", "fd00::5/64"])
    }

    @Test("the reference writes what we write")
    func sameFiles() throws {
        _ = try ourADD("a")
        _ = try Reference.add("b", dataDir: dataDir)
        #expect(try files.text("10.0.0.2") == "a\r\neth0")
        #expect(try files.text("10.0.0.3") == "b\r\neth0")
        #expect(try files.text("last_reserved_ip.0") == "10.0.0.3")
    }

    @Test("each takes back what the other has given out, and only that")
    func crossedDEL() throws {
        for id in ["a", "keep"] { _ = try ourADD(id) }
        _ = try Reference.add("b", dataDir: dataDir)
        #expect(try Reference.run("DEL", "a", dataDir: dataDir) != nil)
        try ours.del("b", ipam)
        #expect(try files.leases() == ["10.0.0.3", "fd00::3"])
        // The index entry that the reference's DEL has left behind stands in nobody's way.
        _ = try ourADD("a")
        try ours.del("a", ipam)
        #expect(try files.leases() == ["10.0.0.3", "fd00::3"])
    }

    @Test("each refuses a second ADD for what the other has given out before the first one of ours")
    func crossedDuplicates() throws {
        _ = try Reference.add("a", dataDir: dataDir)
        #expect(throws: CNIError.self) { try ourADD("a") }
        _ = try ourADD("b")
        #expect(try Reference.add("b", dataDir: dataDir) == nil)
    }

    @Test("each CHECKs what the other has given out")
    func crossedCHECK() throws {
        _ = try ourADD("a")
        _ = try Reference.add("b", dataDir: dataDir)
        try ours.check("b", ipam)
        #expect(try Reference.run("CHECK", "a", dataDir: dataDir) != nil)
        #expect(try Reference.run("CHECK", "nobody", dataDir: dataDir) == nil)
    }

    @Test("our private directory is none of the reference's business: its DEL leaves it as it is")
    func privateDirectory() throws {
        _ = try ourADD("a")
        let before = try files.index()
        #expect(before.count == 1)
        try Reference.run("DEL", "other", dataDir: dataDir)
        #expect(try files.index() == before)
    }

    @Test("one lock: while we hold it, the reference waits")
    func sharedLock() throws {
        _ = try ourADD("a")
        let lock = try FileLock("\(files.directory)/lock")
        let config = #"{"cniVersion":"1.0.0","name":"net","ipam":{"dataDir":"\#(dataDir)",\#(ipam)}}"#
        let reference = ChildProcess(
            executable: Reference.path,
            environment: [
                "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "b", "CNI_IFNAME": "eth0", "CNI_NETNS": "/x", "CNI_PATH": "/x",
            ]
        )
        let error = withExtendedLifetime(lock) {
            #expect(throws: PosixError.self) {
                try reference.run(input: Array(config.utf8), timeout: .milliseconds(300))
            }
        }
        #expect(error?.reason == .timedOut)
        #expect(try files.leases() == ["10.0.0.2", "fd00::2"])
    }
}
