import Addressing
import JSON
package import Posix

/// Turns one call by a runtime into one call of a plugin and one answer.
///
/// `respond` decides without touching the process; `run` in `PluginMain+Run.swift` is its only edge.
package struct PluginMain {
    private let plugin: any Plugin
    private let productVersion: String

    /// Wraps a plugin; `productVersion` is what a person is told who calls it by hand.
    package init(_ plugin: any Plugin, productVersion: String) {
        self.plugin = plugin
        self.productVersion = productVersion
    }

    /// What the process has to write and how it has to end.
    package struct Response: Hashable, Sendable {
        /// One JSON document, or nothing.
        package var stdout: [UInt8] = []
        /// Words for a person.
        package var stderr = ""
        /// 0, or 1 for an error.
        package var exitCode: Int32 = 0
    }

    /// Answers one call.
    ///
    /// In the order of the reference: environment, stdin, configuration, names. Whether `CNI_NETNS` is the plugin's own
    /// namespace is found out before any work rather than after it, and stdin is not read for VERSION. `stdin` is read
    /// at most once, `inspect` says what is behind the path of `CNI_NETNS`.
    package func respond(
        environment: [String: String],
        stdin: () throws(PosixError) -> [UInt8],
        inspect: (String) -> NetnsFile
    ) -> Response {
        guard !environment["CNI_COMMAND", default: ""].isEmpty else { return Response(stderr: about) }
        var version = CNIVersion.latest
        do throws(CNIError) {
            let invocation = try Invocation(environment: environment)
            if invocation.verb == .version { return Self.response(versions) }
            let input = try Self.input(stdin)
            let config = try NetworkConfig(
                parsing: input,
                verb: invocation.verb,
                supported: plugin.supportedVersions
            )
            version = config.version
            return try call(invocation, config, inspect).map(Self.response) ?? Response()
        } catch {
            var response = Self.response(error.json(version))
            response.exitCode = 1
            return response
        }
    }

    private func call(
        _ invocation: Invocation,
        _ config: NetworkConfig,
        _ inspect: (String) -> NetnsFile
    ) throws(CNIError) -> JSON? {
        switch invocation.verb {
        case .add: return try add(try admit(Request(invocation, config), inspect))
        case .del: try plugin.del(try admit(Request(invocation, config), inspect))
        case .check: try plugin.check(try admit(Request(invocation, config), inspect))
        case .gc: try plugin.gc(NetworkRequest(invocation, config))
        case .status: try plugin.status(NetworkRequest(invocation, config))
        case .version: return versions
        }
        return nil
    }

    /// A result that the configuration's version cannot express is a failed ADD, so nothing of it may stay.
    private func add(_ request: Request) throws(CNIError) -> JSON {
        let result = try plugin.add(request)
        do {
            return try result.json(as: request.config.version)
        } catch {
            throw Self.undo(error) { () throws(CNIError) in try plugin.del(request.with(verb: .del)) }
        }
    }

    /// The error, with what went wrong in undoing what led to it.
    private static func undo(_ error: CNIError, _ body: () throws(CNIError) -> Void) -> CNIError {
        do {
            try body()
            return error
        } catch let fault {
            return error.adding("undo: \(fault)")
        }
    }

    private var versions: JSON {
        [
            "cniVersion": .string(CNIVersion.latest.rawValue),
            "supportedVersions": .array(plugin.supportedVersions.map { .string($0.rawValue) }),
        ]
    }

    private var about: String {
        let versions = plugin.supportedVersions.map(\.rawValue).joined(separator: ", ")
        return "CNI \(plugin.name) plugin v\(productVersion)\nCNI protocol versions supported: \(versions)\n"
    }

    private static func response(_ document: JSON) -> Response {
        Response(stdout: document.serialized + [UInt8(ascii: "\n")])
    }

    private static func input(_ stdin: () throws(PosixError) -> [UInt8]) throws(CNIError) -> [UInt8] {
        do {
            return try stdin()
        } catch {
            throw CNIError(.ioFailure, "error reading from stdin", details: error.description)
        }
    }
}

extension PluginMain {
    /// Lets a request pass when its namespace can be worked in.
    ///
    /// A DEL goes on without a namespace when the path leads to none that can be opened, or to the plugin's own: a process
    /// number that was given to another process since ADD must not make us undo things in the host's namespace. But when
    /// the kernel could not say it just now, a success would leave for good what is in the namespace.
    private func admit(_ request: Request, _ inspect: (String) -> NetnsFile) throws(CNIError) -> Request {
        guard !request.netns.isEmpty else { return request }
        let state = inspect(request.netns)
        switch state {
        case .other:
            return request
        case .own where request.invocation.allowsOwnNetns:
            return request
        case .unreadable(let error) where error.isPassing:
            throw Self.refusal(of: request.netns, state)
        case .own, .notANetns, .missing, .unreadable:
            guard request.invocation.verb != .del else { return try request.withoutNetns() }
            throw Self.refusal(of: request.netns, state)
        }
    }

    private static func refusal(of path: String, _ state: NetnsFile) -> CNIError {
        switch state {
        case .own:
            let message = "plugin's netns and netns from CNI_NETNS should not be the same"
            return CNIError(.invalidNetns, message, details: "CNI_NETNS is '\(path)'")
        case .missing:
            return invalidNetns("'\(path)' does not exist")
        case .unreadable(let error):
            return invalidNetns(error.description)
        case .other, .notANetns:
            return invalidNetns("'\(path)' is not a network namespace")
        }
    }

    private static func invalidNetns(_ details: String) -> CNIError {
        CNIError(.invalidNetns, "invalid CNI_NETNS", details: details)
    }
}
