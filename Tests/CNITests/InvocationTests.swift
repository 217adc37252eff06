import CNI
import Testing

@Suite struct InvocationTests {
    @Test(
        "each verb names all its missing variables at once",
        arguments: [
            ("ADD", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH"),
            ("CHECK", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH"),
            ("DEL", "CNI_CONTAINERID,CNI_IFNAME,CNI_PATH"),
            ("GC", "CNI_PATH"),
            ("STATUS", "CNI_PATH"),
            ("", "CNI_COMMAND"),
        ]
    )
    func missing(command: String, names: String) {
        let empty = ["CNI_COMMAND": command, "CNI_CONTAINERID": "", "CNI_NETNS": ""]
        let error = failure { () throws(CNIError) in _ = try Invocation(environment: empty) }
        #expect(error == CNIError(.invalidEnvironment, "required env variables [\(names)] missing"))
    }

    @Test("one missing variable is named alone", arguments: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"])
    func oneMissing(name: String) {
        let error = failure { () throws(CNIError) in
            _ = try Invocation(environment: environment("ADD", [name: ""]))
        }
        #expect(error?.message == "required env variables [\(name)] missing")
    }

    @Test("a command is known in capitals only", arguments: ["add", "Add", "UPDATE", " ADD"])
    func unknown(command: String) {
        let error = failure { () throws(CNIError) in _ = try Invocation(environment: environment(command)) }
        #expect(error == CNIError(.invalidEnvironment, "unknown CNI_COMMAND: \(command)"))
    }

    @Test("VERSION needs nothing else, DEL no namespace")
    func little() throws {
        #expect(try Invocation(environment: ["CNI_COMMAND": "VERSION"]).verb == .version)
        #expect(try Invocation(environment: environment("DEL", ["CNI_NETNS": ""])).netns.isEmpty)
    }

    @Test("CNI_PATH is a list in which empty places do not count")
    func path() throws {
        let invocation = try Invocation(environment: environment("ADD", ["CNI_PATH": "/a::/b:"]))
        #expect(invocation.pluginPath == ["/a", "/b"])
    }

    @Test("CNI_NETNS_OVERRIDE", arguments: [("1", true), ("TRUE", true), ("true", true), ("0", false), ("", false)])
    func netnsOverride(value: String, allowed: Bool) throws {
        let invocation = try Invocation(environment: environment("ADD", ["CNI_NETNS_OVERRIDE": value]))
        #expect(invocation.allowsOwnNetns == allowed)
    }

    @Test(
        "a container ID that could leave its directory is refused",
        arguments: [
            "../x", "a/b", ".hidden", "-x", "_x", "a b", "ä", "a\nb", "a:b",
        ]
    )
    func containerID(text: String) throws {
        let invocation = try Invocation(environment: environment("ADD", ["CNI_CONTAINERID": text]))
        let error = failure { () throws(CNIError) in _ = try invocation.containerID() }
        #expect(error == CNIError(.invalidEnvironment, "invalid characters in containerID", details: text))
    }

    @Test(
        "an interface name that the kernel would not take is refused",
        arguments: [
            "sixteen-bytes-16", ".", "..", "a/b", "a:b", "a b", "a\tb", "eth%d", "all", "default",
        ]
    )
    func ifName(text: String) throws {
        let invocation = try Invocation(environment: environment("ADD", ["CNI_IFNAME": text]))
        #expect(failure { () throws(CNIError) in _ = try invocation.ifName() }?.code == .invalidEnvironment)
    }

    @Test("another verb changes the delegate's environment too")
    func otherVerb() throws {
        let add = try Invocation(environment: environment("ADD", ["HOME": "/root"]))
        #expect(add.with(verb: .del).environment == environment("DEL", ["HOME": "/root"]))
        #expect(add.withoutNetns().environment["CNI_NETNS"] == "")
    }
}

@Suite struct CNIArgumentsTests {
    @Test(
        "known keys are read, others only with IgnoreUnknown",
        arguments: [
            ("", nil),
            ("IP=10.0.0.5;MAC=02:00:00:00:00:01", nil),
            ("IgnoreUnknown=1;K8S_POD_NAME=web-0", nil),
            ("K8S_POD_NAME=web-0;IgnoreUnknown=TRUE", nil),
            ("K8S_POD_NAME=web-0", #"ARGS: unknown args ["K8S_POD_NAME=web-0"]"#),
            ("A=1;IgnoreUnknown=0;B=2", #"ARGS: unknown args ["A=1" "B=2"]"#),
            ("ip=10.0.0.5", #"ARGS: unknown args ["ip=10.0.0.5"]"#),
            ("IP", #"ARGS: invalid pair "IP""#),
            ("IP=a=b", #"ARGS: invalid pair "IP=a=b""#),
            ("IP=a;", #"ARGS: invalid pair """#),
            (
                "IgnoreUnknown=yes",
                #"ARGS: error parsing value of pair "IgnoreUnknown=yes": neither true nor false"#
            ),
        ] as [(String, String?)]
    )
    func parses(text: String, fault: String?) {
        let error = failure { () throws(CNIError) in _ = try CNIArguments(parsing: text) }
        #expect(error?.details == fault)
        #expect(error == nil || error?.code == .invalidEnvironment)
    }

    @Test("values come out by key")
    func values() throws {
        let arguments = try CNIArguments(parsing: "IgnoreUnknown=true;IP=10.0.0.5;GATEWAY=;K8S_POD_NAME=web-0")
        #expect(arguments["IP"] == "10.0.0.5")
        #expect(arguments["GATEWAY"] == nil)
        #expect(arguments["K8S_POD_NAME"] == "web-0")
        #expect(CNIArguments.none["IP"] == nil)
    }
}
