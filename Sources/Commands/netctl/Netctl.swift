import ArgumentParser
import Glibc
import Posix

/// Shows what podnet's services and pods are, and why.
@main
struct Netctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netctl",
        abstract: "Shows what podnet wants, what it has applied and what the kernel really has.",
        discussion: """
            Without -n every namespace is shown: a node has few, and the column NAMESPACE tells them apart.

            Exit status: 0 ok; 1 not found, or --problems found some, or unhealthy; 2 the question could not be \
            answered; 64 wrong usage; 69 podnetd is not reachable; 77 no permission.
            """,
        version: "netctl \(Version.text)",
        subcommands: [
            EndpointsCommand.self, ServicesCommand.self, PodsCommand.self, StatusCommand.self, GetCommand.self,
            VersionCommand.self,
        ]
    )

    static func main() async {
        StandardStreams.prepare()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            StandardStreams.writeError(failure.text)
            Glibc.exit(failure.status.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}

/// `netctl get endpoints`, for fingers that know kubectl.
struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "The same lists under kubectl's verb.",
        subcommands: [EndpointsCommand.self, ServicesCommand.self, PodsCommand.self]
    )
}
