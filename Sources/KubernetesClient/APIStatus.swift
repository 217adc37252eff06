/// How an API server says no: the `v1/Status` of a refusal, or of an ERROR event.
package struct APIStatus: Decodable, Hashable, Sendable {
    /// The HTTP status; also inside a stream whose own status was 200.
    package var code: Int?
    /// One word: `Expired`, `Unauthorized`.
    package var reason: String?
    /// A sentence.
    package var message: String?
    /// More, in fields.
    package var details: Details?

    /// What `details` says.
    package struct Details: Decodable, Hashable, Sendable {
        /// When to come back.
        package var retryAfterSeconds: Int?
        /// Why, in words for programs.
        package var causes: [Cause]?
    }

    /// One cause.
    package struct Cause: Decodable, Hashable, Sendable {
        /// One word.
        package var reason: String?
    }

    /// Describes a refusal.
    package init(code: Int?, reason: String? = nil, message: String? = nil, details: Details? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    /// Whether the asked-for version, or continue token, is too old for the server.
    package var isExpired: Bool { code == 410 || reason == "Expired" || reason == "Gone" }

    /// Whether the server has not come to the asked-for version yet: another one behind the same address had.
    package var isTooLargeVersion: Bool {
        details?.causes?.contains { $0.reason == "ResourceVersionTooLarge" } == true
            || message?.contains("Too large resource version") == true
    }
}
