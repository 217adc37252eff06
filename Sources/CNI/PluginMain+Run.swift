import JSON
import Posix

extension PluginMain {
    /// How long a runtime may take to hand over the configuration.
    static let inputTimeout = Duration.seconds(5)

    /// Runs the plugin that this program was called as, and returns the exit status.
    ///
    /// `name` is what the program was called by: the last component of its path is a plugin's name, or, when it is not,
    /// the first of `arguments` is (`podnet-cni bridge`). Reads environment and stdin, writes stdout and stderr: nothing
    /// else in a plugin does.
    package static func run(
        name: String,
        arguments: [String],
        plugins: [Entry],
        productVersion: String
    ) -> Int32 {
        StandardStreams.prepare()
        guard let entry = pick(name: name, arguments: arguments, from: plugins) else {
            StandardStreams.writeError(usage(name: name, plugins: plugins))
            return 1
        }
        return PluginMain(entry.make(), productVersion: productVersion).run()
    }

    /// A plugin that this program can be; made only when it is called.
    package struct Entry {
        let name: String
        let make: () -> any Plugin

        /// Pairs a plugin's name with a way to make it.
        package init(_ name: String, _ make: @escaping () -> any Plugin) {
            self.name = name
            self.make = make
        }
    }

    private func run() -> Int32 {
        let response = respond(
            environment: StandardStreams.environment,
            stdin: { () throws(PosixError) in
                try StandardStreams.readInput(limit: JSON.sizeLimit, timeout: Self.inputTimeout)
            },
            inspect: NetnsFile.inspect
        )
        if !response.stderr.isEmpty { StandardStreams.writeError(response.stderr) }
        guard !response.stdout.isEmpty else { return response.exitCode }
        do {
            try StandardStreams.writeOutput(response.stdout)
            return response.exitCode
        } catch {
            StandardStreams.writeError("\(error)\n")
            return 1
        }
    }

    /// The plugin to run, or nil when neither the name nor the first argument is one's.
    static func pick(name: String, arguments: [String], from plugins: [Entry]) -> Entry? {
        let called = FileSystem.lastComponent(of: name)
        return plugins.first { $0.name == called } ?? plugins.first { $0.name == arguments.first }
    }

    /// What a person is told who called the program by a name that is no plugin's.
    static func usage(name: String, plugins: [Entry]) -> String {
        let names = plugins.map(\.name).sorted().joined(separator: ", ")
        return """
            '\(FileSystem.lastComponent(of: name))' is not a plugin: call this program by the name of one, \
            or with it as first argument.
            Plugins: \(names)

            """
    }
}
