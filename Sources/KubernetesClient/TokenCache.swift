/// When to read a token again. Pure: the time comes from outside.
///
/// A pod's token lives an hour and its file is replaced before; so it is read again every minute, and at once when a
/// server refuses it. While it cannot be read the last one serves on.
package struct TokenCache: Sendable {
    /// How old a token may be.
    package static let lifetime: Duration = .seconds(60)
    /// A token is renewed so long before it expires.
    package static let leeway: Duration = .seconds(10)

    private var token: Secret?
    private var end: Duration = .zero
    private var isKnown = false

    /// Nothing has been read.
    package init() {}

    /// The token to use at `now`, or nil when it has to be read.
    package func valid(at now: Duration) -> Secret?? {
        isKnown && now < end ? .some(token) : nil
    }

    /// The last one, while the next cannot be read.
    package var last: Secret? { token }

    /// Takes one that was just read; `remaining` is what its issuer gave it.
    package mutating func take(_ token: Secret?, remaining: Duration? = nil, at now: Duration) {
        self.token = token
        isKnown = true
        end = now + (remaining.map { max($0 - Self.leeway, .zero) } ?? Self.lifetime)
    }

    /// A server refused it.
    package mutating func forget() {
        isKnown = false
        token = nil
    }
}
