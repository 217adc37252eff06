import _StringProcessing
package import ServiceProxy

/// How an API server says no: the `v1/Status` of a refusal, or of an ERROR event.
package struct APIStatus: Hashable, Sendable {
    /// The HTTP status; also inside a stream whose own status was 200.
    package var code: Int?
    /// One word: `Expired`, `Unauthorized`.
    package var reason: String?
    /// A sentence.
    package var message: String?
    /// More, in fields.
    package var details: Details?

    /// What `details` says.
    package struct Details: FieldObject, Hashable, Sendable {
        /// When to come back.
        package var retryAfterSeconds: Int?
        /// Why, in words for programs.
        package var causes: [Cause]?

        /// Nothing more is said.
        package init() {}
    }

    /// One cause.
    package struct Cause: FieldObject, Hashable, Sendable {
        /// One word.
        package var reason: String?

        /// Nothing is said.
        package init() {}
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

extension APIStatus: FieldObject {
    /// Nothing is said.
    package init() { self.init(code: nil) }

    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "code": code = try reader.integer()
        case "reason": reason = try reader.text()
        case "message": message = try reader.text()
        case "details": details = try reader.object()
        default: break
        }
    }
}

extension APIStatus.Details {
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "retryAfterSeconds": retryAfterSeconds = try reader.integer()
        case "causes": causes = try reader.objects()
        default: break
        }
    }
}

extension APIStatus.Cause {
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        if field == "reason" { reason = try reader.text() }
    }
}
