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
            try checkVerb(CommandLine.arguments.dropFirst().first)
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

    /// Says which command may have been meant: the parser would complain of the flags behind it.
    private static func checkVerb(_ verb: String?) throws {
        guard let verb, !verb.hasPrefix("-"), verb != "help" else { return }
        let commands = configuration.subcommands.compactMap { $0.configuration.commandName }
        let aliases = configuration.subcommands.flatMap { $0.configuration.aliases }
        guard !(commands + aliases).contains(verb) else { return }
        let hint = NearestName.of(verb, among: commands).map { ": did you mean '\($0)'?" }
        throw ValidationError("no command '\(verb)'" + (hint ?? ": there are \(commands.joined(separator: ", "))"))
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
