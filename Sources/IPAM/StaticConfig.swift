import Addressing
package import CNI
import JSON

/// `static`'s configuration: the addresses of one attachment, and its routes and name servers.
package struct StaticConfig: Hashable, Sendable {
    /// The addresses, with gateways where there are any.
    package let addresses: [CNIResult.IP]
    /// Routes for the container, passed on as they are.
    package let routes: [CNIResult.Route]
    /// Name resolution.
    package let dns: DNS

    /// Reads the configuration.
    ///
    /// What `CNI_ARGS` names comes in addition to `ipam.addresses`; `args.cni.ips` takes the place of both, and
    /// `runtimeConfig.ips` that of all three.
    package init(_ config: NetworkConfig, arguments: CNIArguments = .none) throws(CNIError) {
        let ipam = try config.read { (root) throws(JSONError) in try root["ipam"] }
        guard ipam.isPresent else { throw CNIError(.invalidConfig, "IPAM config missing 'ipam' key") }
        if let replacement = try Self.replacement(config.root) {
            addresses = replacement
        } else {
            addresses = try Self.additional(arguments, to: Self.configured(ipam))
        }
        routes = try config.read { (_) throws(JSONError) in
            try (ipam["routes"].elements() ?? []).map(CNIResult.Route.init)
        }
        dns = try config.read { (_) throws(JSONError) in try DNS(ipam["dns"]) }
        try refuseSeveral(config.version)
    }

    private func refuseSeveral(_ version: CNIVersion) throws(CNIError) {
        let isDouble = IPAddress.Family.allCases.contains { family in
            addresses.count { $0.address.family == family } > 1
        }
        guard version >= .v030 || !isDouble else {
            throw CNIError(.invalidConfig, "CNI version \(version) does not support more than 1 address per family")
        }
    }
}

/// The four places that addresses come from. The sentences are the reference's, which other programs look for.
extension StaticConfig {
    private static func configured(_ ipam: JSONField) throws(CNIError) -> [CNIResult.IP] {
        var addresses: [CNIResult.IP] = []
        for element in try reading({ () throws(JSONError) in try ipam["addresses"].elements() }) ?? [] {
            let text = try reading { () throws(JSONError) in try element["address"].string() } ?? ""
            guard let cidr = CIDR(text) else {
                let words = "the 'address' field is expected to be in CIDR notation, got: '\(text)'"
                throw CNIError(.invalidConfig, words)
            }
            let gateway = try reading { () throws(JSONError) in
                try element["gateway"].string() == ""
                    ? nil : try element["gateway"].string(as: IPAddress.init(parsing:))
            }
            addresses.append(CNIResult.IP(cidr, gateway: gateway))
        }
        return addresses
    }

    /// `runtimeConfig.ips`, or `args.cni.ips`, or nil; an empty list is none.
    private static func replacement(_ root: JSONField) throws(CNIError) -> [CNIResult.IP]? {
        let lists = try reading { () throws(JSONError) in
            [try root["runtimeConfig"]["ips"].strings() ?? [], try root["args"]["cni"]["ips"].strings() ?? []]
        }
        guard let texts = lists.first(where: { !$0.isEmpty }) else { return nil }
        return try texts.map { (text) throws(CNIError) in
            guard let cidr = CIDR(text) else {
                throw CNIError(.invalidConfig, "an entry in the 'ips' field is NOT in CIDR notation, got: '\(text)'")
            }
            return CNIResult.IP(cidr)
        }
    }

    private static func additional(
        _ arguments: CNIArguments,
        to configured: [CNIResult.IP]
    ) throws(CNIError) -> [CNIResult.IP] {
        var addresses = configured
        for text in items(arguments["IP"]) {
            guard let cidr = CIDR(text) else {
                let words = "the 'ip' field is expected to be in CIDR notation, got: '\(text)'"
                throw CNIError(.invalidEnvironment, words)
            }
            addresses.append(CNIResult.IP(cidr))
        }
        for text in items(arguments["GATEWAY"]) {
            guard let gateway = IPAddress(text) else {
                throw CNIError(.invalidEnvironment, "invalid gateway address: \(text)")
            }
            addresses = addresses.map { $0.reached(by: gateway) }
        }
        return addresses
    }

    private static func items(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { String($0.drop { $0 == " " }.prefix { $0 != " " }) }
    }

    private static func reading<Value>(_ body: () throws(JSONError) -> Value) throws(CNIError) -> Value {
        do throws(JSONError) {
            return try body()
        } catch {
            throw CNIError(error)
        }
    }
}

extension CNIResult.IP {
    /// The same with this gateway, if that is in the address's network, or the address is a network of its own that
    /// has none yet.
    fileprivate func reached(by gateway: IPAddress) -> CNIResult.IP {
        let isOwnNetwork = address.isHost && self.gateway == nil && address.family == gateway.family
        guard address.contains(gateway) || isOwnNetwork else { return self }
        return CNIResult.IP(address, gateway: gateway)
    }
}
