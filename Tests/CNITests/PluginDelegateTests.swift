import Addressing
import CNI
import JSON
import Posix
import Testing

/// A directory of the test's own, gone with it.
private final class PluginDirectory {
    let path = "/tmp/podnet-delegate-\(FileSystem.uniqueSuffix())"

    init() throws {
        try FileSystem.makeDirectories(path)
    }

    deinit {
        for name in (try? FileSystem.list(path)) ?? [] { try? FileSystem.remove("\(path)/\(name)") }
        try? FileSystem.removeDirectory(path)
    }

    /// A plugin that is a shell script.
    func install(_ name: String, _ script: String, permissions: UInt32 = 0o755) throws {
        let bytes = Array("#!/bin/sh\n\(script)\n".utf8)
        try FileSystem.create("\(path)/\(name)", with: bytes, permissions: permissions)
    }

    /// Gives everybody the right to write.
    func open(_ name: String) throws {
        let chmod = ChildProcess(executable: "/bin/chmod", arguments: ["a+w", "\(path)/\(name)"], environment: [:])
        _ = try chmod.run(input: [], timeout: .seconds(10))
    }

    func request(_ command: String = "ADD", _ changes: [String: String] = [:]) throws -> Request {
        let environment = environment(command, ["CNI_PATH": path, "PATH": "/usr/bin:/bin"].merging(changes) { $1 })
        return try Request(
            Invocation(environment: environment),
            NetworkConfig(parsing: Array(config("1.0.0").utf8), verb: .add)
        )
    }

    func networkRequest(_ command: String) throws -> NetworkRequest {
        let environment = environment(command, ["CNI_PATH": path, "PATH": "/usr/bin:/bin"])
        return NetworkRequest(
            try Invocation(environment: environment),
            try NetworkConfig(parsing: Array(config().utf8), verb: .gc)
        )
    }
}

@Suite struct PluginDelegateTests {
    private let directory: PluginDirectory
    private let delegate = PluginDelegate()

    init() throws {
        directory = try PluginDirectory()
    }

    @Test("an executed plugin gets the whole configuration, the environment and its own verb")
    func execution() throws {
        try directory.install("other", #"cat > "$0.stdin"; env > "$0.env"; echo '{"ips":[{"address":"10.0.0.2/24"}]}'"#)
        let request = try directory.request("ADD", ["CNI_ARGS": "IP=10.0.0.2"])
        let result = try delegate.add("other", request)
        #expect(result.ips.map(\.address.description) == ["10.0.0.2/24"])
        #expect(try JSON(parsing: FileSystem.read("\(directory.path)/other.stdin")) == request.config.json)
        let variables = String(decoding: try FileSystem.read("\(directory.path)/other.env"), as: UTF8.self)
        for line in ["CNI_COMMAND=ADD", "CNI_ARGS=IP=10.0.0.2", "CNI_CONTAINERID=web-0", "CNI_IFNAME=eth0"] {
            #expect(variables.split(separator: "\n").contains(Substring(line)))
        }
    }

    @Test("an ADD that is undone calls DEL", arguments: ["ADD", "DEL"])
    func undone(command: String) throws {
        try directory.install("other", #"echo $CNI_COMMAND > "$0.verb""#)
        try delegate.del("other", try directory.request(command))
        #expect(try FileSystem.read("\(directory.path)/other.verb") == Array("DEL\n".utf8))
    }

    @Test("GC and STATUS are passed on", arguments: ["GC", "STATUS"])
    func networkVerbs(command: String) throws {
        try directory.install("other", #"echo $CNI_COMMAND > "$0.verb""#)
        let request = try directory.networkRequest(command)
        try command == "GC" ? delegate.gc("other", request) : delegate.status("other", request)
        #expect(try FileSystem.read("\(directory.path)/other.verb") == Array("\(command)\n".utf8))
    }

    @Test("its error is the caller's error")
    func itsError() throws {
        try directory.install("other", #"echo '{"code":117,"msg":"no lease","details":"eth0"}'; exit 1"#)
        let error = failure { () throws(CNIError) in try delegate.check("other", directory.checkedRequest()) }
        #expect(error == CNIError(.init(rawValue: 117), "no lease", details: "eth0"))
    }

    @Test(
        "an end without error document is told as it was",
        arguments: [
            ("exit 3", "exited with status 3"), ("echo oops; exit 1", "exited with status 1"),
            ("kill -9 $$", "was ended by signal 9"),
        ]
    )
    func badEnd(script: String, ending: String) throws {
        try directory.install("other", script)
        let error = failure { () throws(CNIError) in try delegate.check("other", directory.checkedRequest()) }
        #expect(error?.code == .other)
        #expect(error?.message == "plugin \(directory.path)/other \(ending) without an error document")
    }

    @Test("a result that is none is refused", arguments: ["", "echo hello", #"echo '{"ips":[{}]}'"#])
    func badResult(script: String) throws {
        try directory.install("other", script)
        let request = try directory.request()
        let error = failure { () throws(CNIError) in _ = try delegate.add("other", request) }
        #expect(error?.code == .decodingFailure)
        #expect(error?.message == "invalid result of plugin 'other'")
    }

    @Test("a result without end is cut off")
    func endless() throws {
        try directory.install("other", "exec cat /dev/zero")
        let request = try directory.request()
        let error = failure { () throws(CNIError) in _ = try delegate.add("other", request) }
        #expect(error?.code == .ioFailure)
    }
}

extension PluginDirectory {
    /// A CHECK whose construction cannot fail in the test that uses it.
    fileprivate func checkedRequest() throws(CNIError) -> Request {
        let environment = environment("CHECK", ["CNI_PATH": path, "PATH": "/usr/bin:/bin"])
        return try Request(
            Invocation(environment: environment),
            NetworkConfig(parsing: Array(config().utf8), verb: .check)
        )
    }
}

@Suite struct PluginSearchTests {
    private let directory: PluginDirectory
    private let delegate = PluginDelegate()

    init() throws {
        directory = try PluginDirectory()
    }

    private func error(_ type: String, path: String? = nil) throws -> CNIError? {
        let request = try directory.request("DEL", path.map { ["CNI_PATH": $0] } ?? [:])
        return failure { () throws(CNIError) in try delegate.del(type, request) }
    }

    @Test(
        "a type that could lead out of CNI_PATH is refused before anything is looked at",
        arguments: [
            "", ".", "..", "../evil", "/bin/true", "a/b", "sub/evil", "other/", "other\0",
        ]
    )
    func refusedNames(type: String) throws {
        try directory.install("other", "touch $0.ran")
        #expect(try error(type)?.message == "invalid plugin type")
        #expect(try FileSystem.list(directory.path) == ["other"])
    }

    @Test("what is no regular executable file is passed over")
    func passedOver() throws {
        let second = try PluginDirectory()
        try directory.install("plain", "", permissions: 0o644)
        try FileSystem.makeDirectories("\(directory.path)/folder")
        try second.install("plain", #"touch "$0.ran""#)
        try second.install("folder", #"touch "$0.ran""#)
        for type in ["plain", "folder"] {
            #expect(try error(type, path: "/nowhere:\(directory.path):\(second.path)") == nil)
            #expect(try FileSystem.statusIfPresent("\(second.path)/\(type).ran") != nil)
        }
        try FileSystem.removeDirectory("\(directory.path)/folder")
    }

    @Test("a plugin that is nowhere is a fault of the configuration")
    func nowhere() throws {
        let error = try error("there-is-none")
        #expect(error?.code == .invalidConfig)
        #expect(error?.message == "no plugin 'there-is-none' in CNI_PATH")
        #expect(error?.details == "looked in \(directory.path)")
    }

    @Test("a file or directory that everybody can write is not trusted", arguments: ["other", ""])
    func writableByAll(name: String) throws {
        try directory.install("other", "touch $0.ran")
        try directory.open(name)
        #expect(try error("other")?.message == "untrusted plugin")
        #expect(try FileSystem.list(directory.path) == ["other"])
    }

    @Test("a plugin that is this program under another name runs in this process")
    func inProcess() throws {
        let own = RecordingPlugin(name: "own")
        let delegate = PluginDelegate(local: [own])
        try FileSystem.makeSymbolicLink("\(directory.path)/own", holding: "/proc/self/exe")
        try delegate.del("own", try directory.request("ADD"))
        _ = try delegate.add("own", try directory.request("ADD"))
        try delegate.check("own", try directory.request("CHECK"))
        try delegate.gc("own", try directory.networkRequest("GC"))
        try delegate.status("own", try directory.networkRequest("STATUS"))
        #expect(own.log.entries.map { String($0.prefix(3)) } == ["DEL", "ADD", "CHE", "GC ", "STA"])
    }

    @Test("a foreign file is executed, even when this program has a plugin of the name")
    func foreignFile() throws {
        let own = RecordingPlugin(name: "other")
        try directory.install("other", #"touch "$0.ran""#)
        try PluginDelegate(local: [own]).del("other", try directory.request("DEL"))
        #expect(own.log.entries.isEmpty)
        #expect(try FileSystem.statusIfPresent("\(directory.path)/other.ran") != nil)
    }
}
