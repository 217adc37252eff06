import Addressing
import FakeKernel
import NetworkModel
import TestKit

// Short ways to write model values in tables. A typing mistake in a test stops the test run.

func host(_ name: String) -> LinkID { LinkID(.host, interfaceName(name)) }

func pod(_ name: String) -> LinkID { LinkID(.container, interfaceName(name)) }

func interfaceName(_ text: String) -> InterfaceName {
    guard let name = try? InterfaceName(text) else { preconditionFailure("not an interface name: \(text)") }
    return name
}

func ip(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { preconditionFailure("not an address: \(text)") }
    return address
}

func cidr(_ text: String) -> CIDR {
    guard let cidr = CIDR(text) else { preconditionFailure("not a CIDR: \(text)") }
    return cidr
}

func mac(_ text: String) -> MACAddress {
    guard let mac = MACAddress(text) else { preconditionFailure("not a MAC address: \(text)") }
    return mac
}

extension NetworkState {
    /// The whole state with nothing but what a diff compares.
    var comparable: NetworkState {
        var state = self
        for id in state.links.keys { state.links[id]?.index = nil }
        return state
    }

    mutating func insert(_ link: Link) { links[link.id] = link }
}

extension FakeKernel {
    /// Everything there is, as a scope that names it all would show it.
    var everything: NetworkState { state.comparable }
}

extension Scope {
    /// All that either state names.
    init(_ states: NetworkState...) {
        self.init()
        for state in states {
            links.formUnion(state.links.keys)
            vlansOf.formUnion(state.links.keys)
            addressesOf.formUnion(state.links.keys)
            routesOf.formUnion(state.links.keys)
            neighborsOf.formUnion(state.links.keys)
            sysctls.formUnion(state.sysctls.keys)
            for table in state.ruleset.tables.keys { tables[table] = .all }
        }
    }
}

extension SeededGenerator {
    /// True once in `count` times.
    mutating func once(in count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
