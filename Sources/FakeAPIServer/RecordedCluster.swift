import _StringProcessing

/// A well-behaved API server made of recordings of a real one.
///
/// Lists are the recorded ones byte for byte; so are the events of a watch, as far as they come after the asked-for
/// version. A stream then stays open and says nothing.
package struct RecordedCluster: Sendable {
    /// A list by path.
    package var lists: [String: Recording] = [:]
    /// What happens after the list, by path.
    package var watches: [String: Recording] = [:]
    /// Everything as events, by path; without one the server knows no such thing, as before Kubernetes 1.32.
    package var initialEvents: [String: Recording] = [:]
    /// How many events of each watch happen; nil for all.
    package var eventLimit: Int?

    /// A server without anything.
    package init() {}

    /// What it does about a request.
    package func answer(_ request: FakeRequest) -> [Act] {
        let list = lists[request.path]
        if request.parameter("sendInitialEvents") != nil {
            guard let recording = initialEvents[request.path] else { return Self.unknownParameter }
            return .stream(recording.lines) + [.hang]
        }
        guard request.parameter("watch") != nil else {
            return list?.acts() ?? .refusal(404, "NotFound", "the server could not find the requested resource")
        }
        if let refusal = watches[request.path], refusal.status != 200 { return refusal.acts() }
        let version = request.parameter("resourceVersion").flatMap { Int($0) } ?? 0
        let events = (watches[request.path]?.lines ?? []).prefix(eventLimit ?? .max)
        return .stream(events.filter { Self.version(of: $0) > version }) + [.hang]
    }

    private static var unknownParameter: [Act] {
        .refusal(422, "Invalid", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch")
    }

    /// The first version in an event is its object's.
    private static func version(of line: String) -> Int {
        let mark = #""resourceVersion":""#
        guard let range = line.firstRange(of: mark) else { return 0 }
        return Int(line[range.upperBound...].prefix { $0 != "\"" }) ?? 0
    }
}
