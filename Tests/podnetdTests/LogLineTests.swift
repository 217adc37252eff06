import FoundationEssentials
import Logging
import Testing
import PodnetDaemon

@Suite("A line of the log")
struct LogLineTests {
    private func line(_ event: String, _ fields: [(key: String, value: String)]) -> LogLine {
        LogLine(time: Date(timeIntervalSince1970: 1_700_000_000.25), level: .info, event: event, fields: fields)
    }

    @Test("text is time, level, event, key=value")
    func text() {
        let line = line("synced", [("generation", "3"), ("took", "1.2 ms"), ("empty", ""), ("odd", "a=\"b\"")])
        #expect(
            line.formatted(as: .text)
                == #"2023-11-14T22:13:20.250Z info synced generation=3 took="1.2 ms" empty="" odd="a=\"b\"""#
        )
    }

    @Test("whatever is in it, it stays one line", arguments: [LogFormat.text, .json])
    func oneLine(_ format: LogFormat) {
        let text = line("a\nb", [("k", "c\r\nd\u{1b}[31m\u{0}\u{7f}")]).formatted(as: format)
        #expect(!text.unicodeScalars.contains { $0.value < 32 || $0.value == 127 })
    }

    @Test("json is an object that any reader reads")
    func json() throws {
        let text = line("it said \"no\"\n", [("path", "/a\\b"), ("tab", "\t"), ("bell", "\u{7}")]).formatted(as: .json)
        let object = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        #expect(
            object == [
                "time": "2023-11-14T22:13:20.250Z", "level": "info", "event": "it said \"no\"\n",
                "path": "/a\\b", "tab": "\t", "bell": "\u{7}",
            ]
        )
    }
}
