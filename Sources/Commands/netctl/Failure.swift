/// Why there is no answer, as the user is told it, and the exit status that tells a script.
struct Failure: Error {
    /// Exit statuses; usage errors are ArgumentParser's, 64.
    enum Status: Int32 {
        /// Something was asked for that is not there, or not well.
        case no = 1
        /// The question could not be answered.
        case operational = 2
        /// EX_UNAVAILABLE of sysexits.h
        case daemonUnreachable = 69
        /// EX_NOPERM of sysexits.h
        case denied = 77
        /// What a shell makes of SIGPIPE: whoever read our output has gone.
        case brokenPipe = 141
    }

    /// For scripts.
    let status: Status
    /// What was tried and why it did not work; one line each.
    let lines: [String]
    /// The command to run now.
    let next: String?

    init(_ status: Status, _ lines: [String], next: String? = nil) {
        self.status = status
        self.lines = lines
        self.next = next
    }

    /// The same command with more rights.
    static var asRoot: String { (["sudo", "netctl"] + CommandLine.arguments.dropFirst()).joined(separator: " ") }

    /// What goes to stderr; empty when everything has been said.
    var text: String {
        let all = lines.map { "netctl: \($0)" } + (next.map { ["  next: \($0)"] } ?? [])
        return all.map { $0 + "\n" }.joined()
    }
}
