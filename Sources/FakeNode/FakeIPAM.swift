package import Addressing
package import CNI

/// Gives every attachment the next address of 10.11.23.0/24 and, when asked, of fd00:11:23::/64.
package final class FakeIPAM: Delegate {
    /// Who has which address.
    package var leases: [Attachment: Int] = [:]
    /// What every ADD and STATUS answers, if anything.
    package var error: CNIError?
    /// Whether every attachment gets an IPv6 address, too.
    package var isDualStack = false
    /// Whether addresses come with gateways.
    package var hasGateways = true
    /// What every ADD answers of name resolution.
    package var dns = DNS()
    /// How many CHECKs there were.
    package var checks = 0

    /// Gives an address.
    package func add(_ type: String, _ request: Request) throws(CNIError) -> CNIResult {
        if let error { throw error }
        let number = leases.count + 2
        leases[request.attachment] = number
        var texts = [("10.11.23.\(number)/24", "10.11.23.1")]
        if isDualStack { texts.append(("fd00:11:23::\(number)/64", "fd00:11:23::1")) }
        return CNIResult(
            ips: texts.compactMap { text in
                CIDR(text.0).map { CNIResult.IP($0, gateway: hasGateways ? IPAddress(text.1) : nil) }
            },
            dns: dns
        )
    }

    /// Takes it back.
    package func del(_ type: String, _ request: Request) throws(CNIError) { leases[request.attachment] = nil }
    /// Counts.
    package func check(_ type: String, _ request: Request) throws(CNIError) { checks += 1 }
    /// Takes back what is not valid.
    package func gc(_ type: String, _ request: NetworkRequest) throws(CNIError) {
        let valid = request.config.validAttachments ?? Set(leases.keys)
        leases = leases.filter { valid.contains($0.key) }
    }
    /// Answers the error, if there is one.
    package func status(_ type: String, _ request: NetworkRequest) throws(CNIError) {
        if let error { throw error }
    }
}
