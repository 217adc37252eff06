import Control
import FoundationEssentials
import Glibc
import Posix

/// Where output goes: stdout for the answer, stderr for everything else.
struct Terminal {
    /// How the answer is coloured.
    let palette: Palette

    /// Decides on colours once.
    init(_ choice: ColorChoice) {
        palette =
            Self.isColoured(choice, StandardStreams.environment, isTerminal: isatty(STDOUT_FILENO) == 1)
            ? .ansi : .none
    }

    /// Writes lines to stdout.
    func write(_ lines: [String]) throws(Failure) {
        guard !lines.isEmpty else { return }
        try write(Array(lines.map { $0 + "\n" }.joined().utf8))
    }

    /// Writes a document to stdout.
    func write(_ bytes: [UInt8]) throws(Failure) {
        do throws(PosixError) {
            try StandardStreams.writeOutput(bytes)
        } catch  where error.errno == EPIPE {
            throw Failure(.brokenPipe, [])
        } catch {
            throw Failure(.operational, ["\(error)"])
        }
    }

    /// Writes a line to stderr.
    func note(_ line: String) {
        StandardStreams.writeError(line + "\n")
    }

    /// `--color` first, then https://no-color.org, then https://bixense.com/clicolors.
    private static func isColoured(_ choice: ColorChoice, _ environment: [String: String], isTerminal: Bool) -> Bool {
        switch choice {
        case .always: return true
        case .never: return false
        case .auto:
            if let variable = environment["NO_COLOR"], !variable.isEmpty { return false }
            if let variable = environment["CLICOLOR_FORCE"], !variable.isEmpty, variable != "0" { return true }
            return isTerminal && environment["TERM"] != "dumb"
        }
    }
}

/// This machine, as answers name it.
enum Host {
    /// The node's name: the host's.
    static var name: String {
        let bytes = (try? FileSystem.read("/proc/sys/kernel/hostname", limit: 256)) ?? []
        return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    }

    /// The time.
    static var now: Timestamp { Timestamp(secondsSinceEpoch: Int64(Date().timeIntervalSince1970)) }
}
