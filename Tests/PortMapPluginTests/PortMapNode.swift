import CNI
import FakeKernel
import FakeNode
import NetworkModel
import PortMapPlugin

/// A node in memory on which `portmap` runs after a bridge plugin.
final class PortMapNode {
    private let node = FakeNode { PortMapPlugin($0) }

    var kernel: FakeKernel {
        get { node.kernel }
        set { node.kernel = newValue }
    }

    /// A pod with 10.12.0.`number` and fd00:12::`number` behind bridge br0.
    private static func result(_ number: Int) -> String {
        """
        {"cniVersion": "1.1.0", "interfaces": [{"name": "br0"}, {"name": "veth\(number)"},
         {"name": "eth0", "sandbox": "/run/netns/pod"}],
         "ips": [{"address": "10.12.0.\(number)/24", "gateway": "10.12.0.1", "interface": 2},
                 {"address": "fd00:12::\(number)/64", "gateway": "fd00:12::1", "interface": 2}]}
        """
    }

    private static let bare = #"{"cniVersion": "1.1.0", "name": "net", "type": "portmap"}"#

    private func config(_ mappings: String, keys: String) -> String {
        let more = "\(keys.isEmpty ? "" : keys + ", ")\"runtimeConfig\": {\"portMappings\": \(mappings)}"
        return "\(Self.bare.dropLast()), \(more)}"
    }

    @discardableResult
    func add(_ mappings: String, _ container: String = "c1", number: Int = 2, keys: String = "") throws -> CNIResult {
        let config = config(mappings, keys: keys)
        return try node.add("\(config.dropLast()), \"prevResult\": \(Self.result(number))}", container)
    }

    func addWithoutResult() throws { try node.add(Self.bare) }

    func check(_ mappings: String, _ container: String = "c1", number: Int = 2, keys: String = "") throws {
        let previous = try node.add("\(Self.bare.dropLast()), \"prevResult\": \(Self.result(number))}", container)
        try node.check(config(mappings, keys: keys), previous, container)
    }

    /// DEL as the worst runtime does it: no namespace, no ports, no result.
    func del(_ container: String = "c1", network: String = "net") throws {
        try node.del(
            "{\"cniVersion\": \"1.1.0\", \"name\": \"\(network)\", \"type\": \"portmap\"}",
            container,
            netns: ""
        )
    }

    func gc(valid: String) throws { try node.gc(Self.bare, valid: valid) }

    /// The tables as nft would print them.
    var ruleset: String { NftSyntax.text(of: kernel.state.ruleset) }

    /// How many elements there are in all.
    var elementCount: Int {
        kernel.state.ruleset.tables.values.flatMap { $0.sets.values }.reduce(0) { $0 + $1.elements.count }
    }
}
