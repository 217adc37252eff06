import FoundationEssentials
import Logging
import Posix
import Synchronization

/// Writes one line per event to standard error.
///
/// Copies share the level, so that SIGHUP can change it for every logger there is.
struct LineLogHandler: LogHandler {
    /// What all copies share.
    final class Sink: Sendable {
        /// The least level that is written.
        let level: Mutex<Logger.Level>
        private let format: LogFormat

        /// Writes lines in `format`.
        init(_ format: LogFormat, level: Logger.Level) {
            self.level = Mutex(level)
            self.format = format
        }

        /// Writes one line with one write(2), so that those of several threads do not mix. A log that nobody takes stops
        /// nothing.
        func write(_ line: LogLine) {
            StandardStreams.writeError(line.formatted(as: format) + "\n")
        }
    }

    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let sink: Sink
    private let isLibrarys: Bool

    /// A handler that writes to `sink`. One for libraries writes nothing below a warning, and nothing of a task that is told
    /// to end: they report that as an error.
    init(_ sink: Sink, forLibraries isLibrarys: Bool = false) {
        self.sink = sink
        self.isLibrarys = isLibrarys
    }

    /// The level of all handlers of the sink.
    var logLevel: Logger.Level {
        get { max(isLibrarys ? .warning : .trace, sink.level.withLock { $0 }) }
        nonmutating set { sink.level.withLock { $0 = newValue } }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if isLibrarys && Task.isCancelled { return }
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        let sorted = fields.sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value)") }
        sink.write(LogLine(time: Date(), level: event.level, event: "\(event.message)", fields: sorted))
    }
}
