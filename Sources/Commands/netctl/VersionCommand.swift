import ArgumentParser
import Control

/// `netctl version`
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "The versions of netctl and of the podnetd that runs."
    )

    @OptionGroup var daemon: SocketOption

    func run() async throws {
        let terminal = Terminal(.never)
        try terminal.write(["netctl   \(Version.text)  (API \(ControlAPI.version))"])
        switch await running() {
        case .success(let list):
            try terminal.write(list.items.map { "podnetd  \($0.version)  (pid \($0.pid))" })
        case .failure(let error):
            try terminal.write(["podnetd  unknown"])
            terminal.note("netctl: \(error.reason)")
        }
    }

    private func running() async -> Result<StatusList, DaemonClient.Unreachable> {
        do throws(DaemonClient.Unreachable) {
            return .success(try await daemon.client.list(.status, of: Status.self))
        } catch {
            return .failure(error)
        }
    }
}
