import ArgumentParser
import Control

/// `netctl status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How podnetd is: its source, its last sync, its tables, and everything that is wrong.",
        discussion: "Exit status 1 when its source is incomplete or its tables are not in the kernel."
    )

    @OptionGroup var daemon: SocketOption

    @Option(name: .shortAndLong, help: "How the answer is written: table, json or yaml.")
    var output = OutputFormat.table

    @Option(help: "When to colour: auto is on a terminal, unless NO_COLOR is set.")
    var color = ColorChoice.auto

    func validate() throws {
        if output == .name { throw ValidationError("-o name: a status has none") }
    }

    func run() async throws {
        let list: StatusList
        do throws(DaemonClient.Unreachable) {
            list = try await daemon.client.list(.status, of: Status.self)
        } catch {
            throw error.failure
        }
        try write(list, Terminal(color))
        guard list.isHealthy else { throw Failure(.no, []) }
    }

    private func write(_ list: StatusList, _ terminal: Terminal) throws {
        switch output {
        case .table, .wide, .name:
            try terminal.write(StatusReport.lines(list, now: Host.now, terminal.palette))
        case .json:
            try terminal.write(Array(ControlCoding.encode(list, .indented)))
        case .yaml:
            try terminal.write(Array(Yaml.encode(list).utf8))
        }
    }
}
