package import JSON

/// What a plugin answers when it does not do what it was asked: code, message and details of CNI 1.1.0 §"Error".
package struct CNIError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of error. Codes over 99 belong to the plugin, and a foreign delegate's are passed on.
    package struct Code: RawRepresentable, Hashable, Sendable {
        /// The number on the wire.
        package let rawValue: Int

        /// Takes any number.
        package init(rawValue: Int) {
            self.rawValue = rawValue
        }

        /// The configuration's version is not one that the plugin or the verb can do.
        package static let incompatibleVersion = Code(rawValue: 1)
        /// A field that the plugin cannot honour; the message names key and value.
        package static let unsupportedField = Code(rawValue: 2)
        /// The container does not exist, and the runtime need not DEL.
        package static let unknownContainer = Code(rawValue: 3)
        /// An environment variable is missing or invalid; the message names it.
        package static let invalidEnvironment = Code(rawValue: 4)
        /// Reading or writing did not work.
        package static let ioFailure = Code(rawValue: 5)
        /// The input is not the JSON that it should be.
        package static let decodingFailure = Code(rawValue: 6)
        /// The configuration contradicts itself or names what is not there.
        package static let invalidConfig = Code(rawValue: 7)
        /// `CNI_NETNS` is no network namespace, or the plugin's own.
        package static let invalidNetns = Code(rawValue: 8)
        /// A transient condition: the same call may work later.
        package static let tryAgainLater = Code(rawValue: 11)
        /// STATUS: no ADD can be served.
        package static let notAvailable = Code(rawValue: 50)
        /// STATUS: no ADD can be served, and existing containers have limited connectivity.
        package static let limitedConnectivity = Code(rawValue: 51)
        /// Anything that has no code of its own, as the reference uses it.
        package static let other = Code(rawValue: 999)
    }

    /// The kind of error.
    package let code: Code
    /// One short sentence.
    package let message: String
    /// The rest: place, cause, and what a rollback could not undo. May be empty.
    package let details: String

    /// Describes an error.
    package init(_ code: Code, _ message: String, details: String = "") {
        self.code = code
        self.message = message
        self.details = details
    }

    /// A configuration value that is missing, of the wrong type or not valid.
    package init(_ fault: JSONError) {
        self.init(.invalidConfig, "invalid config", details: fault.description)
    }

    /// The same error with more to say, on a new line of the details.
    package func adding(_ more: String) -> CNIError {
        CNIError(code, message, details: details.isEmpty ? more : "\(details)\n\(more)")
    }

    /// Message and details.
    package var description: String { details.isEmpty ? message : "\(message): \(details)" }
}

extension CNIError {
    /// The document that goes to stdout.
    package func json(_ version: CNIVersion) -> JSON {
        .members([
            "cniVersion": .string(version.rawValue),
            "code": .int(code.rawValue),
            "msg": .string(message),
            "details": details.isEmpty ? nil : .string(details),
        ])
    }

    /// Reads the document that a delegate wrote; throws when it is none.
    package init(_ document: JSONField) throws(JSONError) {
        self.init(
            Code(rawValue: try document["code"].requiredInt()),
            try document["msg"].string() ?? "",
            details: try document["details"].string() ?? ""
        )
    }
}
