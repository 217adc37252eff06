import JSON
import Posix

/// Runs the plugin that `CNI_PATH` holds: in this process when that file is this program, else by executing it.
package struct PluginDelegate: Delegate {
    /// The longest that another plugin may take; DHCP needs many seconds.
    static let timeout = Duration.seconds(120)

    private let local: [any Plugin]

    /// `local` are the plugins that this program can be under another name.
    package init(local: [any Plugin] = []) {
        self.local = local
    }

    private enum Target {
        case inProcess(any Plugin)
        case executable(String)
    }

    private func target(_ type: String, _ invocation: Invocation) throws(CNIError) -> Target {
        let file = try PluginFile(type, in: invocation.pluginPath)
        if let plugin = local.first(where: { $0.name == type }), file.isThisProgram { return .inProcess(plugin) }
        return .executable(file.path)
    }

    /// Runs its ADD and reads its result.
    package func add(_ type: String, _ request: Request) throws(CNIError) -> CNIResult {
        let request = try request.with(verb: .add)
        switch try target(type, request.invocation) {
        case .inProcess(let plugin):
            return try plugin.add(request)
        case .executable(let path):
            return try add(type, at: path, request)
        }
    }

    /// What a foreign plugin did before it failed is its secret, so its DEL follows (CNI 1.1.0 §4, "ADD").
    ///
    /// Not with our own: they undo what they did, and a DEL would take what another ADD of the attachment was given.
    private func add(_ type: String, at path: String, _ request: Request) throws(CNIError) -> CNIResult {
        do {
            let output = try execute(path, request.invocation, request.config)
            return try Self.result(output, of: type, configVersion: request.config.version)
        } catch {
            do {
                _ = try execute(path, try request.with(verb: .del).invocation, request.config)
            } catch let leftover {
                throw error.adding("\(type) after its failed ADD: \(leftover)")
            }
            throw error
        }
    }

    /// Runs its DEL.
    package func del(_ type: String, _ request: Request) throws(CNIError) {
        let request = try request.with(verb: .del)
        switch try target(type, request.invocation) {
        case .inProcess(let plugin): try plugin.del(request)
        case .executable(let path): _ = try execute(path, request.invocation, request.config)
        }
    }

    /// Runs its CHECK.
    package func check(_ type: String, _ request: Request) throws(CNIError) {
        let request = try request.with(verb: .check)
        switch try target(type, request.invocation) {
        case .inProcess(let plugin): try plugin.check(request)
        case .executable(let path): _ = try execute(path, request.invocation, request.config)
        }
    }

    /// Runs its GC.
    package func gc(_ type: String, _ request: NetworkRequest) throws(CNIError) {
        switch try target(type, request.invocation) {
        case .inProcess(let plugin): try plugin.gc(request)
        case .executable(let path): _ = try execute(path, request.invocation, request.config)
        }
    }

    /// Runs its STATUS.
    package func status(_ type: String, _ request: NetworkRequest) throws(CNIError) {
        switch try target(type, request.invocation) {
        case .inProcess(let plugin): try plugin.status(request)
        case .executable(let path): _ = try execute(path, request.invocation, request.config)
        }
    }
}

extension PluginDelegate {
    private func execute(
        _ path: String,
        _ invocation: Invocation,
        _ config: NetworkConfig
    ) throws(CNIError) -> [UInt8] {
        let outcome: ChildProcess.Outcome
        do {
            outcome = try ChildProcess(executable: path, environment: invocation.environment)
                .run(input: config.json.serialized, outputLimit: JSON.sizeLimit, timeout: Self.timeout)
        } catch {
            let code: CNIError.Code = error.reason == .timedOut ? .tryAgainLater : .ioFailure
            throw CNIError(code, "run plugin \(path)", details: error.description)
        }
        guard outcome.ending == .exited(0) else { throw Self.error(outcome, of: path) }
        return outcome.output
    }

    private static func result(
        _ output: [UInt8],
        of type: String,
        configVersion: CNIVersion
    ) throws(CNIError) -> CNIResult {
        do {
            return try CNIResult(JSONField(try JSON(parsing: output)), configVersion: configVersion)
        } catch {
            throw CNIError(.decodingFailure, "invalid result of plugin '\(type)'", details: error.description)
        }
    }

    /// The error that the plugin wrote, or how it ended when it wrote none.
    static func error(_ outcome: ChildProcess.Outcome, of path: String) -> CNIError {
        if let error = try? CNIError(JSONField(try JSON(parsing: outcome.output))) { return error }
        let ending =
            switch outcome.ending {
            case .exited(let status): "exited with status \(status)"
            case .signalled(let signal): "was ended by signal \(signal)"
            }
        let output = String(decoding: outcome.output.prefix(1024), as: UTF8.self)
        return CNIError(.other, "plugin \(path) \(ending) without an error document", details: output)
    }
}
