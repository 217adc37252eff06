/// The contract between `podnetd` and whoever asks it: HTTP/1.1 and JSON over a UNIX socket.
///
/// Within version 1 fields are only added and states may become more; nothing is renamed, removed or given another
/// meaning.
package enum ControlAPI {
    /// The `apiVersion` of every answer.
    package static let version = "netctl/v1"

    /// Where the daemon listens unless it is told otherwise; only root may connect (0600).
    package static let defaultSocket = "/run/podnet/podnetd.sock"

    /// How long the daemon holds a request with `?after=` before it answers with what it has.
    package static let longPollLimit = Duration.seconds(25)

    /// The query parameter that makes a request wait until the generation is past its value.
    package static let afterParameter = "after"

    /// The query parameter that says of which run of the daemon that generation is: in any other one nothing is awaited.
    package static let runParameter = "run"

    /// What can be asked for.
    package enum Path: String, Hashable, Sendable, CaseIterable {
        /// An `EndpointList`.
        case endpoints = "/v1/endpoints"
        /// A `ServiceList`.
        case services = "/v1/services"
        /// A `StatusList` of one item.
        case status = "/v1/status"
    }

    /// The path with its query: `/v1/endpoints?after=418&run=4711-9f2c01d7`.
    package static func target(_ path: Path, after revision: Revision? = nil) -> String {
        guard let revision else { return path.rawValue }
        let run = revision.run.map { "&\(runParameter)=\($0)" } ?? ""
        return "\(path.rawValue)?\(afterParameter)=\(revision.generation)\(run)"
    }
}

/// A state of the daemon. Generations begin anew with every run of it, so one alone would be mistaken after a restart.
package struct Revision: Hashable, Sendable {
    /// The count of changes.
    package let generation: UInt64
    /// Which run counted them; nil when whoever asks does not know.
    package let run: String?

    /// Puts the two together.
    package init(_ generation: UInt64, of run: String? = nil) {
        self.generation = generation
        self.run = run
    }
}

/// What the daemon answers when it cannot answer the question; the HTTP status says whose fault it is.
package struct ControlFailure: Codable, Error, Hashable, Sendable, CustomStringConvertible {
    /// `ControlAPI.version`
    package var apiVersion = ControlAPI.version
    /// Always `Failure`.
    package var kind = "Failure"
    /// One sentence for people.
    package var message: String

    /// Says what is wrong.
    package init(_ message: String) { self.message = message }

    /// The sentence.
    package var description: String { message }
}
