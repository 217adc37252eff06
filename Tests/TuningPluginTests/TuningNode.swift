import Addressing
import CNI
import FakeKernel
import FakeNode
import NetworkModel
import Posix
import TestKit
import TuningPlugin

/// A node in memory on which `tuning` runs after a plugin that has made `eth0`, with files of its own.
struct TuningNode {
    let node: FakeNode
    private let directory: TemporaryDirectory
    private static let result = """
        {"cniVersion": "1.1.0", "interfaces": [{"name": "veth1", "mac": "02:00:00:00:00:01"},
         {"name": "eth0", "mac": "02:00:00:00:00:02", "mtu": 1500, "sandbox": "/run/netns/pod"}]}
        """

    init() throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        node = FakeNode { TuningPlugin($0, TuningFiles(allowlist: "\(directory.path)/allowlist.conf")) }
        let pod = try Self.link()
        let host = LinkID(.host, try InterfaceName("veth1"))
        try node.kernel.apply(.createVethPair(Link(host, kind: .veth(peer: pod)), peer: Self.pod(pod, host)))
        node.kernel.state.links[pod]?.isAllMulticast = false
        node.kernel.state.links[pod]?.transmitQueueLength = 1000
        node.kernel.state.neighbors = [
            Neighbor(pod, try IPAddress(parsing: "10.1.2.1"), try MACAddress(parsing: "02:00:00:00:00:09"))
        ]
    }

    private static func pod(_ id: LinkID, _ peer: LinkID) -> Link {
        Link(id, kind: .veth(peer: peer), mac: MACAddress(bits: 0x02_00_00_00_00_02), mtu: 1500)
    }

    static func link() throws -> LinkID { LinkID(.container, try InterfaceName("eth0")) }

    var link: Link? { (try? Self.link()).flatMap { node.kernel.state.links[$0] } }
    func value(_ path: String) -> String? { node.kernel.state.sysctls[Sysctl(.container, path)] }
    func allow(_ lines: String) throws {
        try FileSystem.create("\(directory.path)/allowlist.conf", with: Array(lines.utf8))
    }
    var backup: String? {
        get throws {
            try FileSystem.readIfPresent("\(directory.path)/data/c1_eth0.json").map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    private func config(_ keys: String) -> String {
        """
        {"cniVersion": "1.1.0", "name": "net", "type": "tuning", "dataDir": "\(directory.path)/data"\
        \(keys.isEmpty ? "" : ", ")\(keys)}
        """
    }

    @discardableResult
    func add(_ keys: String) throws -> CNIResult {
        try node.add("\(config(keys).dropLast()), \"prevResult\": \(Self.result)}")
    }
    func check(_ keys: String, _ result: CNIResult) throws { try node.check(config(keys), result) }
    func del(netns: String = "/run/netns/pod") throws { try node.del(config(""), netns: netns) }
    func gc(network: String = "net", valid: String) throws {
        try node.gc(config("").replacing("\"net\"", with: "\"\(network)\""), valid: valid)
    }
    func keep(_ text: String) throws {
        try FileSystem.overwrite("\(directory.path)/data/c1_eth0.json", with: Array(text.utf8))
    }
}
