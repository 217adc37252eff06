extension ListWatch {
    /// What to ask the server next.
    package enum Request: Hashable, Sendable {
        /// A page of a list; the first one without `continuation`. Without a limit all of it is one page.
        case list(Freshness, continuation: String?, limit: Int?)
        /// A watch that begins with everything that is there (WatchList); it ends after so many seconds.
        case initialEvents(since: ResourceVersion?, seconds: Int)
        /// What happens after a version; it ends after so many seconds.
        case watch(after: ResourceVersion, seconds: Int)
    }

    /// How new a list has to be.
    package enum Freshness: Hashable, Sendable {
        /// Any: served from memory, which spares etcd when a whole cluster starts.
        case any
        /// No older than what was seen already.
        case notOlder(than: ResourceVersion)
        /// The newest there is.
        case newest
    }
}

extension ListWatch.Request {
    /// Path and query for a resource.
    package func target(_ resource: Resource) -> String {
        let query = (resource.selectors + parameters).map { "\($0.name)=\(escaped($0.value))" }
        return resource.path + "?" + query.joined(separator: "&")
    }

    /// Whether the answer is a stream of events.
    package var isStream: Bool {
        switch self {
        case .list: false
        case .initialEvents, .watch: true
        }
    }

    private var parameters: [(name: String, value: String)] {
        switch self {
        case .list(let freshness, let continuation, let limit):
            let size = limit.map { [("limit", "\($0)")] } ?? []
            if let continuation { return size + [("continue", continuation)] }
            switch freshness {
            case .any: return size + [("resourceVersion", "0")]
            case .notOlder(let version):
                return size + [("resourceVersion", "\(version)"), ("resourceVersionMatch", "NotOlderThan")]
            case .newest: return size
            }
        case .initialEvents(let version, let seconds):
            let since = version.map { [("resourceVersion", "\($0)")] } ?? []
            return Self.watchParameters(seconds) + since
                + [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]
        case .watch(let version, let seconds):
            return Self.watchParameters(seconds) + [("resourceVersion", "\(version)")]
        }
    }

    private static func watchParameters(_ seconds: Int) -> [(name: String, value: String)] {
        [("watch", "1"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", "\(seconds)")]
    }
}

/// A text as part of a query: everything but unreserved characters as `%2C` (RFC 3986, 2.3).
private func escaped(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
        let character = Character(UnicodeScalar(byte))
        let isPlain = character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character))
        result += isPlain ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}
