import CNI
import Posix
import Testing

@Suite struct PluginMainTests {
    private func text(_ response: PluginMain.Response) -> String {
        String(decoding: response.stdout, as: UTF8.self)
    }

    @Test(
        "each verb reaches its function once",
        arguments: [
            ("ADD", "ADD podnet/web-0/eth0 in '/run/netns/web-0'"),
            ("DEL", "DEL podnet/web-0/eth0 in '/run/netns/web-0'"),
            ("CHECK", "CHECK podnet/web-0/eth0 in '/run/netns/web-0'"),
            ("GC", "GC podnet: no list"),
            ("STATUS", "STATUS podnet"),
        ]
    )
    func verbs(command: String, entry: String) {
        let plugin = RecordingPlugin()
        let response = respond(plugin, environment(command))
        #expect(plugin.log.entries == [entry])
        #expect(text(response) == (command == "ADD" ? "{\"cniVersion\":\"1.1.0\"}\n" : ""))
        #expect(response.exitCode == 0)
        #expect(response.stderr.isEmpty)
    }

    @Test("a plugin's error is the answer, in the configuration's version", arguments: ["ADD", "DEL", "CHECK"])
    func failure(command: String) {
        let plugin = RecordingPlugin(failure: CNIError(.tryAgainLater, "later"))
        let response = respond(plugin, environment(command), config("0.4.0"))
        #expect(text(response) == "{\"cniVersion\":\"0.4.0\",\"code\":11,\"msg\":\"later\"}\n")
        #expect(response.exitCode == 1)
    }

    @Test("VERSION answers without reading stdin and without any other variable")
    func version() {
        let main = PluginMain(RecordingPlugin(supportedVersions: [.v040, .v110]), productVersion: "0.1.0")
        let response = main.respond(
            environment: ["CNI_COMMAND": "VERSION"],
            stdin: { () throws(PosixError) in
                Issue.record("stdin was read")
                return []
            },
            inspect: { _ in .missing }
        )
        #expect(text(response) == "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.4.0\",\"1.1.0\"]}\n")
        #expect(response.exitCode == 0)
    }

    @Test("called by hand, it says on stderr what it is", arguments: [nil, ""])
    func about(command: String?) {
        let response = respond(RecordingPlugin(supportedVersions: [.v100, .v110]), environment(command))
        #expect(response.stdout.isEmpty)
        #expect(response.stderr == "CNI recorder plugin v0.1.0\nCNI protocol versions supported: 1.0.0, 1.1.0\n")
        #expect(response.exitCode == 0)
    }

    @Test(
        "the first thing that is wrong is reported, and no work is done",
        arguments: [
            (environment("ADD", ["CNI_PATH": ""]), "", 4),
            (environment("NONE"), config(), 4),
            (environment("ADD"), "{", 6),
            (environment("ADD", ["CNI_IFNAME": "a/b"]), #"{"cniVersion":"1.1.0"}"#, 7),
            (environment("ADD", ["CNI_IFNAME": "a/b"]), config("9.9.9"), 1),
            (environment("ADD", ["CNI_IFNAME": "a/b"]), config(), 4),
            (environment("ADD", ["CNI_CONTAINERID": "../x"]), config(), 4),
            (environment("ADD", ["CNI_ARGS": "K=V"]), config(), 4),
            (environment("GC"), config("1.0.0"), 1),
        ]
    )
    func order(environment: [String: String], stdin: String, code: Int) {
        let plugin = RecordingPlugin()
        let response = respond(plugin, environment, stdin)
        #expect(text(response).contains("\"code\":\(code),"))
        #expect(response.exitCode == 1)
        #expect(plugin.log.entries.isEmpty)
    }

    @Test("GC and STATUS do not look at the names of an attachment", arguments: ["GC", "STATUS"])
    func noAttachment(command: String) {
        let empty = environment(command, ["CNI_CONTAINERID": "../x", "CNI_IFNAME": "", "CNI_NETNS": ""])
        #expect(respond(RecordingPlugin(), empty, netns: .own).exitCode == 0)
    }

    @Test("DEL does not depend on CNI_ARGS")
    func argumentsOfDEL() {
        #expect(respond(RecordingPlugin(), environment("DEL", ["CNI_ARGS": "nonsense"])).exitCode == 0)
    }

    @Test("a stdin that cannot be read is an I/O error")
    func unreadableInput() {
        let response = PluginMain(RecordingPlugin(), productVersion: "0.1.0").respond(
            environment: environment("ADD"),
            stdin: { () throws(PosixError) in throw PosixError("read", "stdin", errno: 110) },
            inspect: { _ in .other }
        )
        #expect(text(response).contains("\"code\":5,\"details\":\"read stdin: Connection timed out\""))
    }

    @Test("a result that the version cannot express is undone")
    func inexpressible() {
        let plugin = RecordingPlugin()
        let response = respond(plugin, environment("ADD"), config("0.2.0"))
        #expect(text(response).contains("cannot convert: no valid IP addresses"))
        #expect(response.exitCode == 1)
        #expect(plugin.log.entries.map { $0.prefix(3) } == ["ADD", "DEL"])
    }
}

@Suite struct NetnsAdmissionTests {
    struct Case: Sendable, CustomStringConvertible {
        let command: String
        let netns: NetnsFile
        let message: String?
        var description: String { "\(command), \(netns)" }

        init(_ command: String, _ netns: NetnsFile, _ message: String?) {
            self.command = command
            self.netns = netns
            self.message = message
        }
    }

    @Test(
        "ADD and CHECK refuse, before any work, what is not another network namespace; DEL what it could not find out",
        arguments: [
            Case("ADD", .own, "plugin's netns and netns from CNI_NETNS should not be the same"),
            Case("CHECK", .own, "plugin's netns and netns from CNI_NETNS should not be the same"),
            Case("ADD", .notANetns, "'/run/netns/web-0' is not a network namespace"),
            Case("CHECK", .notANetns, "'/run/netns/web-0' is not a network namespace"),
            Case("ADD", .missing, "'/run/netns/web-0' does not exist"),
            Case("CHECK", .missing, "'/run/netns/web-0' does not exist"),
            Case("ADD", .unreadable(PosixError("open", "/x", errno: 13)), "open /x: Permission denied"),
            Case("DEL", .unreadable(PosixError("open", "/x", errno: 12)), "open /x: Cannot allocate memory"),
        ]
    )
    func refused(_ call: Case) {
        let plugin = RecordingPlugin()
        let response = respond(plugin, environment(call.command), netns: call.netns)
        let text = String(decoding: response.stdout, as: UTF8.self)
        #expect(text.contains("\"code\":8,"))
        #expect(text.contains(call.message ?? "-"))
        #expect(response.exitCode == 1)
        #expect(plugin.log.entries.isEmpty)
    }

    @Test(
        "DEL goes on without a namespace",
        arguments: [
            NetnsFile.own, .notANetns, .missing, .unreadable(PosixError("open", "/x", errno: 13)),
        ]
    )
    func del(netns: NetnsFile) {
        let plugin = RecordingPlugin()
        #expect(respond(plugin, environment("DEL"), netns: netns).exitCode == 0)
        #expect(plugin.log.entries == ["DEL podnet/web-0/eth0 in ''"])
    }

    @Test("CNI_NETNS_OVERRIDE lets the plugin work in its own namespace", arguments: ["ADD", "DEL", "CHECK"])
    func netnsOverride(command: String) {
        let plugin = RecordingPlugin()
        let response = respond(plugin, environment(command, ["CNI_NETNS_OVERRIDE": "1"]), netns: .own)
        #expect(response.exitCode == 0)
        #expect(plugin.log.entries == ["\(command) podnet/web-0/eth0 in '/run/netns/web-0'"])
    }

    @Test(
        "a namespace is told from everything else",
        arguments: [
            ("/proc/self/ns/net", NetnsFile.own),
            ("/proc/self/ns/mnt", .notANetns),
            ("/proc/self/status", .notANetns),
            ("/proc", .notANetns),
            ("/dev/null", .notANetns),
            ("/run/netns/there-is-none", .missing),
            ("/proc/self/status/x", .missing),
            ("/proc/4194305/ns/net", .missing),
        ]
    )
    func inspection(path: String, expected: NetnsFile) {
        #expect(NetnsFile.inspect(path) == expected)
    }
}
