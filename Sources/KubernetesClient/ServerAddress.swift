package import Addressing

/// Where an API server is: scheme, host, port and the path that everything is below.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// Whether the connection is encrypted. Only a server on this machine may be reached without.
    package let isEncrypted: Bool
    /// A name or an address; IPv6 without brackets.
    package let host: String
    /// The port.
    package let port: Int
    /// Without a slash at its end; mostly empty.
    package let path: String

    /// Reads `https://10.0.0.1:6443`, `https://api.example.org/clusters/one` or `http://127.0.0.1:8001`.
    package init(parsing text: String) throws(InvalidValue) {
        func invalid(_ reason: String) -> InvalidValue {
            InvalidValue(String(text.prefix(200)), isNot: "the address of an API server", reason: reason)
        }
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "https" || parts[0] == "http" else {
            throw invalid("write it as https://10.0.0.1:6443")
        }
        let authority = parts[1].prefix { $0 != "/" }
        guard !authority.contains("@"), !parts[1].contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) else {
            throw invalid("user, query and fragment have no place in it")
        }
        isEncrypted = parts[0] == "https"
        guard let (host, port) = Self.hostAndPort(authority, standard: parts[0] == "https" ? 443 : 80) else {
            throw invalid("host or port make no sense")
        }
        (self.host, self.port) = (host, port)
        let path = parts[1].dropFirst(authority.count)
        self.path = String(path.hasSuffix("/") ? path.dropLast() : path)
        let isHere = host == "localhost" || (try? IPAddress(parsing: host))?.isLoopback == true
        guard isEncrypted || isHere else { throw invalid("http:// is for servers on this machine; use https://") }
    }

    private static func hostAndPort(_ text: Substring, standard: Int) -> (String, Int)? {
        let isBracketed = text.hasPrefix("[")
        let host = isBracketed ? text.dropFirst().prefix { $0 != "]" } : text.prefix { $0 != ":" }
        let rest = text.dropFirst(host.count + (isBracketed ? 2 : 0))
        guard !host.isEmpty, isBracketed == ((try? IPAddress(parsing: String(host)))?.family == .v6) else { return nil }
        if rest.isEmpty { return (String(host), standard) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return (String(host), Int(port))
    }

    /// As a URL.
    package var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(isEncrypted ? "https" : "http")://\(name):\(port)\(path)"
    }

    /// The same place under another name, for what is inside the connection.
    func named(_ name: String) -> String { "\(isEncrypted ? "https" : "http")://\(name):\(port)\(path)" }
}
