package import Addressing
package import CNI
import Posix

/// The IPAM plugin `host-local`: gives out the addresses of ranges that this node has for itself.
///
/// Other programs of that name may work on the same directory at the same time.
package struct HostLocalPlugin: Plugin, Sendable {
    /// The store of one network below a data directory.
    package typealias StoreOpener = @Sendable (_ dataDir: String, NetworkName) throws(CNIError) -> any LeaseStore

    private let openStore: StoreOpener

    /// Where the kernel says which boot this is.
    package static let bootIDPath = "/proc/sys/kernel/random/boot_id"

    /// Keeps its leases wherever `openStore` says.
    package init(openStore: @escaping StoreOpener) {
        self.openStore = openStore
    }

    /// Keeps its leases on disk; `bootIDPath` is a file whose text changes with every boot.
    package static func onDisk(bootIDPath: String) -> HostLocalPlugin {
        HostLocalPlugin { (dataDir, network) throws(CNIError) in
            DiskLeaseStore(dataDir: dataDir, network: network, bootID: try readBootID(bootIDPath))
        }
    }

    /// `host-local`
    package var name: String { "host-local" }
    /// All.
    package var supportedVersions: [CNIVersion] { .all }

    /// Gives the attachment an address of every range set, all or none.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try IPAMConfig(request.config, arguments: request.arguments)
        try Self.checkRanges(config.rangeSets, request.config.version)
        let dns = try config.resolvConf.map(Self.readDNS) ?? DNS()
        let store = try store(request.config)
        let addresses = try Self.answering { () throws(IPAMError) in
            try store.reserve(
                for: LeaseOwner(request.attachment),
                netns: request.netns,
                by: Allocator(sets: config.rangeSets, requested: config.requested)
            )
        }
        return CNIResult(ips: config.results(for: addresses), routes: config.routes, dns: dns)
    }

    /// Takes back what the attachment holds; needs neither ranges nor a namespace.
    package func del(_ request: Request) throws(CNIError) {
        let store = try store(request.config)
        try Self.answering { () throws(IPAMError) in try store.release(LeaseOwner(request.attachment)) }
    }

    /// Demands that the attachment holds an address, and just those of the previous result that are of our ranges.
    package func check(_ request: Request) throws(CNIError) {
        let config = try IPAMConfig(request.config, arguments: request.arguments)
        let store = try store(request.config)
        let held = try Self.answering { () throws(IPAMError) in
            try store.addresses(of: LeaseOwner(request.attachment))
        }
        if let fault = config.fault(held: held, expected: request.config.prevResult, request.attachment) {
            throw CNIError(.other, fault)
        }
    }

    /// Takes back the leases of all attachments that are not valid; without a list of valid ones, none.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        guard let valid = request.config.validAttachments else { return }
        let store = try store(request.config)
        try Self.answering { () throws(IPAMError) in try store.retain(only: Set(valid.map(LeaseOwner.init))) }
    }

    /// Demands that every range set has an address to give.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        let config = try IPAMConfig(request.config)
        let store = try store(request.config)
        for (number, set) in config.rangeSets.enumerated() {
            do throws(IPAMError) {
                guard try !store.hasFreeAddress(in: set, number: number) else { continue }
                throw .exhausted(set: number, ranges: set)
            } catch {
                throw CNIError(.notAvailable, error.description)
            }
        }
    }
}

extension HostLocalPlugin {
    private func store(_ config: NetworkConfig) throws(CNIError) -> any LeaseStore {
        try openStore(try IPAMConfig.dataDir(config), config.name)
    }

    private static func checkRanges(_ sets: [RangeSet], _ version: CNIVersion) throws(CNIError) {
        guard !sets.isEmpty else { throw CNIError(.invalidConfig, "no IP ranges specified") }
        let isDouble = IPAddress.Family.allCases.contains { family in sets.count { $0.family == family } > 1 }
        guard version >= .v030 || !isDouble else {
            throw CNIError(
                .invalidConfig,
                "CNI version \(version) does not support more than 1 address per family"
            )
        }
    }

    private static func readDNS(_ path: String) throws(CNIError) -> DNS {
        parseResolvConf(try readText(path, followLinks: true))
    }

    /// A directory is named after it, so it may hold nothing but what a UUID does.
    private static func readBootID(_ path: String) throws(CNIError) -> String {
        let text = try readText(path, followLinks: false)
        let bootID = text.utf8.filter { $0 != UInt8(ascii: "\n") }
        guard !bootID.isEmpty, bootID.allSatisfy(isPartOfBootID) else {
            throw CNIError(.ioFailure, "read \(path): '\(text)' is not a boot ID")
        }
        return String(decoding: bootID, as: UTF8.self)
    }

    private static func isPartOfBootID(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func readText(_ path: String, followLinks: Bool) throws(CNIError) -> String {
        do throws(PosixError) {
            return String(decoding: try FileSystem.read(path, followLinks: followLinks), as: UTF8.self)
        } catch {
            throw CNIError(.ioFailure, error.description)
        }
    }

    private static func answering<Answer>(_ body: () throws(IPAMError) -> Answer) throws(CNIError) -> Answer {
        do throws(IPAMError) {
            return try body()
        } catch {
            throw error.cniError
        }
    }
}

extension LeaseOwner {
    /// The owner within its network.
    package init(_ attachment: Attachment) {
        self.init(containerID: attachment.containerID, ifName: attachment.ifName)
    }
}

extension IPAMConfig {
    /// The addresses as a result has them.
    func results(for addresses: [IPAddress]) -> [CNIResult.IP] {
        zip(rangeSets, addresses).compactMap { set, address in
            guard let range = set.range(of: address) else { return nil }
            let cidr = addressMode == .host ? nil : CIDR(address, prefixLength: range.subnet.prefixLength)
            return CNIResult.IP(cidr ?? CIDR(host: address), gateway: range.gateway)
        }
    }

    /// What is wrong with the leases of an attachment, or nil.
    func fault(held: [IPAddress], expected: CNIResult?, _ attachment: Attachment) -> String? {
        guard !held.isEmpty else {
            return "host-local: Failed to find address added by container \(attachment.containerID)"
        }
        guard let expected = expected?.ips.map(\.address.address) else { return nil }
        if let address = held.first(where: { !expected.contains($0) }) {
            return "host-local: \(address) is leased to \(attachment) but not in prevResult"
        }
        let ours = expected.filter { address in rangeSets.contains { $0.contains(address) } }
        guard let address = ours.first(where: { !held.contains($0) }) else { return nil }
        return "host-local: \(address) of prevResult is not leased to \(attachment)"
    }
}
