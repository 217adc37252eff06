import Addressing
package import JSON

extension CNIResult {
    /// The document in the form of `version`.
    ///
    /// 0.1.0 and 0.2.0 keep the first address of each family and need one; 0.3.0 to 0.4.0 drop the interfaces' MTU,
    /// socket and PCI function.
    package func json(as version: CNIVersion) throws(CNIError) -> JSON {
        switch version {
        case .v010, .v020: try byFamily(version)
        case .v030, .v031, .v040: withAddressVersions(version)
        case .v100, .v110: current(version)
        }
    }

    private func current(_ version: CNIVersion) -> JSON {
        var members: [String: JSON] = ["cniVersion": .string(version.rawValue)]
        members["interfaces"] = Self.list(interfaces.map(\.json))
        members["ips"] = Self.list(ips.map { .object($0.members) })
        members["routes"] = Self.list(routes.map(\.json))
        members["dns"] = dns.isEmpty ? nil : dns.json
        return .object(members)
    }

    private func withAddressVersions(_ version: CNIVersion) -> JSON {
        .members([
            "cniVersion": .string(version.rawValue),
            "interfaces": Self.list(interfaces.map(\.jsonBefore1)),
            "ips": Self.list(
                ips.map { .object($0.members.merging(["version": $0.familyDigit], uniquingKeysWith: { $1 })) }
            ),
            "routes": Self.list(routes.map(\.json)),
            "dns": dns.json,
        ])
    }

    private func byFamily(_ version: CNIVersion) throws(CNIError) -> JSON {
        let v4 = family(.v4)
        let v6 = family(.v6)
        guard v4 != nil || v6 != nil else {
            throw CNIError(.incompatibleVersion, "cannot convert: no valid IP addresses")
        }
        return .members(["cniVersion": .string(version.rawValue), "ip4": v4, "ip6": v6, "dns": dns.json])
    }

    private func family(_ family: IPAddress.Family) -> JSON? {
        guard let ip = ips.first(where: { $0.address.family == family }) else { return nil }
        let routes = routes.filter { $0.destination.family == family }
        return .members([
            "ip": .string(ip.address.description),
            "gateway": ip.gateway.map { .string($0.description) },
            "routes": Self.list(routes.map(\.jsonBefore030)),
        ])
    }

    /// Empty lists are left out, as the reference does.
    private static func list(_ elements: [JSON]) -> JSON? {
        elements.isEmpty ? nil : .array(elements)
    }
}

extension CNIResult.Interface {
    fileprivate var jsonBefore1: JSON {
        .members(["name": .string(name), "mac": mac.map(JSON.string), "sandbox": sandbox.map(JSON.string)])
    }

    fileprivate var json: JSON {
        var members: [String: JSON] = ["name": .string(name)]
        members["mac"] = mac.map(JSON.string)
        members["mtu"] = mtu.map(JSON.int)
        members["sandbox"] = sandbox.map(JSON.string)
        members["socketPath"] = socketPath.map(JSON.string)
        members["pciID"] = pciID.map(JSON.string)
        return .object(members)
    }
}

extension CNIResult.IP {
    fileprivate var members: [String: JSON] {
        var members: [String: JSON] = ["address": .string(address.description)]
        members["gateway"] = gateway.map { .string($0.description) }
        members["interface"] = interface.map(JSON.int)
        return members
    }

    fileprivate var familyDigit: JSON {
        switch address.family {
        case .v4: "4"
        case .v6: "6"
        }
    }
}

extension CNIResult.Route {
    fileprivate var jsonBefore030: JSON {
        .members(["dst": .string(destination.description), "gw": gateway.map { .string($0.description) }])
    }

    /// Also before 1.1.0 with every member, as the reference does: the runtime hands them back as prevResult.
    fileprivate var json: JSON {
        var members: [String: JSON] = ["dst": .string(destination.description)]
        members["gw"] = gateway.map { .string($0.description) }
        members["mtu"] = mtu.map(JSON.int)
        members["advmss"] = advmss.map(JSON.int)
        members["priority"] = priority.map(JSON.int)
        members["table"] = table.map(JSON.int)
        members["scope"] = scope.map(JSON.int)
        return .object(members)
    }
}
