import ArgumentParser
import Control

/// How an answer is written.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, wide, json, yaml, name
}

/// When a table is coloured.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, always, never
}

/// Where an answer is to come from.
enum SourceChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, daemon, kernel
}

/// How to reach the daemon.
struct SocketOption: ParsableArguments {
    @Option(help: ArgumentHelp("The UNIX socket that podnetd listens on.", valueName: "path"))
    var socket = ControlAPI.defaultSocket

    @Option(help: ArgumentHelp("How long an answer of podnetd may take.", valueName: "seconds"))
    var timeout = 5

    /// Asks the daemon there.
    var client: DaemonClient { DaemonClient(socket: socket, patience: .seconds(timeout)) }

    func validate() throws {
        guard (1...3_600).contains(timeout) else { throw ValidationError("--timeout: \(timeout) is not 1 to 3600") }
    }
}

/// Where facts about services come from.
struct SourceOptions: ParsableArguments {
    @OptionGroup var daemon: SocketOption

    @Option(
        help: ArgumentHelp(
            "Whom to ask: the daemon and the kernel as far as they can be reached (auto), only the daemon, or only the kernel."
        )
    )
    var source = SourceChoice.auto
}

/// Which rows are shown, and how.
struct ListOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Only this namespace; without it, all.")
    var namespace: String?

    @Flag(name: [.customShort("A"), .long], help: "All namespaces, which is the default.")
    var allNamespaces = false

    @Flag(help: "Only rows with problems; exit status 1 when there are any.")
    var problems = false

    @Option(name: .shortAndLong, help: "How the answer is written.")
    var output = OutputFormat.table

    @Option(help: ArgumentHelp("Sort by what this column of the wide table shows.", valueName: "column"))
    var sortBy: String?

    @Flag(help: "Only rows: no headings, no lines above and below.")
    var noHeaders = false

    @Option(help: "When to colour: auto is on a terminal, unless NO_COLOR is set.")
    var color = ColorChoice.auto

    @Flag(name: .shortAndLong, help: "Show the rows, then each change as it happens; json is one event a line.")
    var watch = false

    func validate() throws {
        if namespace != nil, allNamespaces { throw ValidationError("-n and -A exclude each other") }
        if namespace == "" { throw ValidationError("-n: the namespace is empty") }
        if watch, problems { throw ValidationError("-w and --problems exclude each other") }
        if watch, sortBy != nil { throw ValidationError("-w and --sort-by exclude each other") }
    }

    /// Refuses a column that rows of this kind do not have.
    func checkOrder<Item: Row>(of kind: Item.Type) throws {
        let known = RowOrder.columns(of: kind)
        guard let sortBy, !known.contains(sortBy.uppercased()) else { return }
        throw ValidationError("--sort-by: no column '\(sortBy)'; known are \(known.joined(separator: ", "))")
    }

    /// What they mean for the rows.
    func filter(_ names: [String]) -> RowFilter {
        RowFilter(namespace: namespace, names: names, problemsOnly: problems)
    }
}
