package import FoundationEssentials
package import Logging

/// One event of the log in its printed forms, without the end of line.
package struct LogLine {
    /// When it happened.
    let time: Date
    /// How bad it is.
    let level: Logger.Level
    /// What happened: a few lower case words.
    let event: String
    /// With what, in the order of the keys.
    let fields: [(key: String, value: String)]

    /// Describes an event.
    package init(time: Date, level: Logger.Level, event: String, fields: [(key: String, value: String)]) {
        self.time = time
        self.level = level
        self.event = event
        self.fields = fields
    }

    /// In `format`.
    package func formatted(as format: LogFormat) -> String {
        switch format {
        case .text: text
        case .json: json
        }
    }

    /// `2026-01-31T12:00:00.000Z info synced generation=3 took=1.2ms`
    private var text: String {
        var line = "\(timestamp) \(level.rawValue) \(Self.oneLine(event))"
        for (key, value) in fields {
            line += " \(key)=\(Self.quotedIfNeeded(value))"
        }
        return line
    }

    /// The same as one JSON object, the fields beside `time`, `level` and `event`.
    private var json: String {
        var line = #"{"time":"\#(timestamp)","level":"\#(level.rawValue)","event":\#(Self.quoted(event))"#
        for (key, value) in fields {
            line += ",\(Self.quoted(key)):\(Self.quoted(value))"
        }
        return line + "}"
    }

    private var timestamp: String {
        time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// A value as it is, or quoted where a reader of `key=value` could not tell where it ends.
    private static func quotedIfNeeded(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy {
            $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
        }
        return isPlain && !value.isEmpty ? value : quoted(value)
    }

    /// An event is one line whatever it quotes.
    private static func oneLine(_ text: String) -> String {
        text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) ? quoted(text) : text
    }

    /// A JSON string (RFC 8259, 7).
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case "\0"..<" ", "\u{7f}":
                quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
