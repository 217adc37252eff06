import Addressing
package import JSON

extension CNIResult {
    /// Reads a result of any version; one without `cniVersion` is taken to be of the configuration's.
    package init(_ document: JSONField, configVersion: CNIVersion) throws(JSONError) {
        try document.requireObject()
        let version = try document["cniVersion"].string(as: CNIVersion.init(parsing:)) ?? configVersion
        let dns = try DNS(document["dns"])
        if version < .v030 {
            let v4 = try Self.family(document["ip4"])
            let v6 = try Self.family(document["ip6"])
            self.init(ips: v4.ips + v6.ips, routes: v4.routes + v6.routes, dns: dns)
        } else {
            self.init(
                interfaces: try Self.list(document["interfaces"], Interface.init),
                ips: try Self.list(document["ips"], IP.init),
                routes: try Self.list(document["routes"], Route.init),
                dns: dns
            )
        }
    }

    private static func list<Value>(
        _ field: JSONField,
        _ read: (JSONField) throws(JSONError) -> Value
    ) throws(JSONError) -> [Value] {
        try (field.elements() ?? []).map(read)
    }

    /// `ip4` or `ip6` of 0.1.0 and 0.2.0: one address with the routes of its family.
    private static func family(_ field: JSONField) throws(JSONError) -> (ips: [IP], routes: [Route]) {
        guard field.isPresent else { return ([], []) }
        let ip = IP(
            try field["ip"].requiredString(as: CIDR.init(parsing:)),
            gateway: try field["gateway"].address()
        )
        return ([ip], try list(field["routes"], Route.init))
    }
}

extension CNIResult.Interface {
    fileprivate init(_ field: JSONField) throws(JSONError) {
        self.init(
            name: try field["name"].requiredString(),
            mac: try field["mac"].nonEmptyString(),
            mtu: try field["mtu"].nonZero(),
            sandbox: try field["sandbox"].nonEmptyString(),
            socketPath: try field["socketPath"].nonEmptyString(),
            pciID: try field["pciID"].nonEmptyString()
        )
    }
}

extension CNIResult.IP {
    fileprivate init(_ field: JSONField) throws(JSONError) {
        let index = try field["interface"].int(in: -1...Int(Int32.max))
        self.init(
            try field["address"].requiredString(as: CIDR.init(parsing:)),
            gateway: try field["gateway"].address(),
            // Old plugins wrote -1 for "none".
            interface: index == -1 ? nil : index
        )
    }
}

extension CNIResult.Route {
    /// Reads a route of a result, or of an IPAM configuration's `routes`, which has the same keys.
    package init(_ field: JSONField) throws(JSONError) {
        self.init(
            try field["dst"].requiredString(as: CIDR.init(parsing:)),
            gateway: try field["gw"].address(),
            mtu: try field["mtu"].nonZero(),
            advmss: try field["advmss"].nonZero(),
            priority: try field["priority"].nonZero(),
            table: try field["table"].int(in: 0...Int(UInt32.max)),
            scope: try field["scope"].int(in: 0...255)
        )
    }
}

extension JSONField {
    fileprivate func address() throws(JSONError) -> IPAddress? {
        guard try nonEmptyString() != nil else { return nil }
        return try string(as: IPAddress.init(parsing:))
    }

    fileprivate func nonEmptyString() throws(JSONError) -> String? {
        try string().flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The reference leaves these out when they are 0, so 0 and absence are one thing.
    fileprivate func nonZero() throws(JSONError) -> Int? {
        try int(in: 0...Int(UInt32.max)).flatMap { $0 == 0 ? nil : $0 }
    }
}
