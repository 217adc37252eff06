import Addressing
import CNI
import Posix

/// A plugin that does nothing and notes what it was asked.
struct RecordingPlugin: Plugin {
    final class Log {
        var entries: [String] = []
    }

    var name = "recorder"
    var supportedVersions: [CNIVersion] = .all
    var result = CNIResult()
    var failure: CNIError?
    let log = Log()

    func add(_ request: Request) throws(CNIError) -> CNIResult {
        try note("ADD \(request.attachment) in '\(request.netns)'")
        return result
    }

    func del(_ request: Request) throws(CNIError) {
        try note("DEL \(request.attachment) in '\(request.netns)'")
    }

    func check(_ request: Request) throws(CNIError) {
        try note("CHECK \(request.attachment) in '\(request.netns)'")
    }

    func gc(_ request: NetworkRequest) throws(CNIError) {
        let valid = request.config.validAttachments.map { "\($0.map(\.description).sorted())" } ?? "no list"
        try note("GC \(request.config.name): \(valid)")
    }

    func status(_ request: NetworkRequest) throws(CNIError) {
        try note("STATUS \(request.config.name)")
    }

    private func note(_ entry: String) throws(CNIError) {
        log.entries.append(entry)
        if let failure { throw failure }
    }
}

/// The environment of a call about container `web-0`, interface `eth0`, with changes.
func environment(_ command: String?, _ changes: [String: String] = [:]) -> [String: String] {
    var environment = [
        "CNI_CONTAINERID": "web-0", "CNI_NETNS": "/run/netns/web-0", "CNI_IFNAME": "eth0", "CNI_PATH": "/opt/cni/bin",
    ]
    environment["CNI_COMMAND"] = command
    for (name, value) in changes { environment[name] = value }
    return environment
}

/// A configuration of network `podnet`, with further members.
func config(_ version: String = "1.1.0", _ members: String = "") -> String {
    #"{"cniVersion":"\#(version)","name":"podnet","type":"recorder"\#(members.isEmpty ? "" : ",")\#(members)}"#
}

/// The error that `body` throws, or nil.
func failure(_ body: () throws(CNIError) -> Void) -> CNIError? {
    do {
        try body()
        return nil
    } catch {
        return error
    }
}

/// What a plugin answers to a call, with everything that it would have to touch given.
func respond(
    _ plugin: RecordingPlugin,
    _ environment: [String: String],
    _ stdin: String = config(),
    netns: NetnsFile = .other
) -> PluginMain.Response {
    PluginMain(plugin, productVersion: "0.1.0").respond(
        environment: environment,
        stdin: { () throws(PosixError) in Array(stdin.utf8) },
        inspect: { _ in netns }
    )
}
