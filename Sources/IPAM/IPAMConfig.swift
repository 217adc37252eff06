package import Addressing
package import CNI
import JSON

/// host-local's configuration: what the `ipam` object says together with what the runtime asks for in this call.
package struct IPAMConfig: Hashable, Sendable {
    /// What prefix the addresses are returned with.
    package enum AddressMode: Hashable, Sendable {
        /// That of their subnet, as the reference does.
        case subnet
        /// /32 or /128: the pod's traffic is all routed.
        case host
    }

    /// An attachment gets one address of each; empty when the configuration leaves them to the runtime and this call
    /// has none.
    package let rangeSets: [RangeSet]
    /// Addresses that were asked for.
    package let requested: [IPAddress]
    /// Routes for the container, passed on as they are.
    package let routes: [CNIResult.Route]
    /// A resolv.conf whose contents go into the result.
    package let resolvConf: String?
    /// What prefix the addresses are returned with.
    package let addressMode: AddressMode

    /// Where leases are kept unless the configuration says otherwise.
    package static let defaultDataDir = "/var/lib/cni/networks"

    /// Reads the configuration of an ADD, a CHECK or a STATUS (which has no `arguments`).
    package init(_ config: NetworkConfig, arguments: CNIArguments = .none) throws(CNIError) {
        let ipam = try config.read { (root) throws(JSONError) in try root["ipam"] }
        guard ipam.isPresent else { throw CNIError(.invalidConfig, "IPAM config missing 'ipam' key") }
        rangeSets = try Self.rangeSets(config)
        requested = try Self.requested(config, arguments)
        do throws(JSONError) {
            routes = try (ipam["routes"].elements() ?? []).map(CNIResult.Route.init)
            resolvConf = try ipam["resolvConf"].string().flatMap { $0.isEmpty ? nil : $0 }
            addressMode = try ipam["addressMode"].string(as: Self.addressMode) ?? .subnet
        } catch {
            throw CNIError(error)
        }
    }

    /// The directory of all networks' leases: all that DEL and GC need, so they work whatever else has changed.
    package static func dataDir(_ config: NetworkConfig) throws(CNIError) -> String {
        let given = try config.read { (root) throws(JSONError) in try root["ipam"]["dataDir"].string() } ?? ""
        return given.isEmpty ? defaultDataDir : given
    }

    private static func addressMode(_ text: String) throws(InvalidValue) -> AddressMode {
        guard text == "host" else {
            throw InvalidValue(text, isNot: "an address mode", reason: "known is host")
        }
        return .host
    }
}

/// Requested addresses.
extension IPAMConfig {
    private static func requested(
        _ config: NetworkConfig,
        _ arguments: CNIArguments
    ) throws(CNIError) -> [IPAddress] {
        var requested: [IPAddress] = []
        if let text = arguments["IP"] {
            do throws(InvalidValue) {
                requested.append(try address(text))
            } catch {
                throw CNIError(.invalidEnvironment, "invalid CNI_ARGS", details: "IP: \(error)")
            }
        }
        return requested
            + (try config.read { (root) throws(JSONError) in
                try addresses(root["args"]["cni"]["ips"]) + addresses(root["runtimeConfig"]["ips"])
            })
    }

    private static func addresses(_ field: JSONField) throws(JSONError) -> [IPAddress] {
        try (field.elements() ?? []).map { (element) throws(JSONError) in
            try element.requiredString(as: address)
        }
    }

    /// An address, or one with a prefix, which does not count: the subnet's does.
    private static func address(_ text: String) throws(InvalidValue) -> IPAddress {
        text.contains("/") ? try CIDR(parsing: text).address : try IPAddress(parsing: text)
    }
}

/// Ranges.
extension IPAMConfig {
    /// The runtime's ranges, then the old single range of the `ipam` object itself, then its `ranges`.
    private static func rangeSets(_ config: NetworkConfig) throws(CNIError) -> [RangeSet] {
        let places = try config.read { (root) throws(JSONError) in
            let ipam = try root["ipam"]
            let single = try ipam["subnet"].isPresent ? [[ipam]] : []
            return try elementsOfSets(root["runtimeConfig"]["ipRanges"]) + single + elementsOfSets(ipam["ranges"])
        }
        var sets: [RangeSet] = []
        for (number, place) in places.enumerated() { sets.append(try rangeSet(place, number)) }
        for (number, set) in sets.enumerated() {
            if let other = sets[..<number].firstIndex(where: set.overlaps) {
                throw CNIError(.invalidConfig, "range set \(other) overlaps with \(number)")
            }
        }
        return sets
    }

    private static func elementsOfSets(_ field: JSONField) throws(JSONError) -> [[JSONField]] {
        try (field.elements() ?? []).map { (set) throws(JSONError) in try set.requiredElements() }
    }

    private static func rangeSet(_ places: [JSONField], _ number: Int) throws(CNIError) -> RangeSet {
        var ranges: [AddressRange] = []
        for place in places { ranges.append(try range(place, number)) }
        do throws(InvalidRange) {
            return try RangeSet(ranges)
        } catch {
            throw invalid(error, number, places.first?.path ?? "")
        }
    }

    private static func range(_ place: JSONField, _ number: Int) throws(CNIError) -> AddressRange {
        let subnet: CIDR
        let start, end, gateway: IPAddress?
        do throws(JSONError) {
            subnet = try place["subnet"].requiredString(as: CIDR.init(parsing:))
            start = try optionalAddress(place["rangeStart"])
            end = try optionalAddress(place["rangeEnd"])
            gateway = try optionalAddress(place["gateway"])
        } catch {
            throw CNIError(error)
        }
        do throws(InvalidRange) {
            return try AddressRange(subnet: subnet, start: start, end: end, gateway: gateway)
        } catch {
            throw invalid(error, number, place.path)
        }
    }

    /// Empty counts as absent, as it does for Go's decoder of addresses.
    private static func optionalAddress(_ field: JSONField) throws(JSONError) -> IPAddress? {
        try field.string() == "" ? nil : try field.string(as: IPAddress.init(parsing:))
    }

    /// The reference's sentence; the place, which that lacks, goes into the details.
    private static func invalid(_ error: InvalidRange, _ number: Int, _ path: String) -> CNIError {
        CNIError(.invalidConfig, "invalid range set \(number): \(error)", details: path)
    }
}
