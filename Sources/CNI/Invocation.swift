package import Addressing

/// What a runtime says in the environment: CNI 1.1.0 §2 "Parameters", checked as the reference checks it.
package struct Invocation: Hashable, Sendable {
    /// What is asked for.
    package let verb: Verb
    /// The whole environment, which a delegate gets too.
    package let environment: [String: String]

    /// Takes the environment when its `CNI_COMMAND` is known and every variable that the verb needs has a value.
    ///
    /// All missing ones are named in one error. Values are not judged yet: that comes after the configuration.
    package init(environment: [String: String]) throws(CNIError) {
        let command = environment["CNI_COMMAND"] ?? ""
        let verb = Verb(rawValue: command)
        let missing = Self.required(for: verb).filter { environment[$0, default: ""].isEmpty }
        guard missing.isEmpty else {
            let names = missing.joined(separator: ",")
            throw CNIError(.invalidEnvironment, "required env variables [\(names)] missing")
        }
        // The reference's libcni takes exactly this text for the answer of a plugin from before VERSION.
        guard let verb else { throw CNIError(.invalidEnvironment, "unknown CNI_COMMAND: \(command)") }
        self.init(verb: verb, environment: environment)
    }

    private init(verb: Verb, environment: [String: String]) {
        self.verb = verb
        self.environment = environment
    }

    private static func required(for verb: Verb?) -> [String] {
        switch verb {
        case .add, .check: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]
        case .del: ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"]
        case .gc, .status: ["CNI_PATH"]
        case .version: []
        case nil: ["CNI_COMMAND"]
        }
    }

    /// The path of the container's network namespace; empty when there is none (any more).
    package var netns: String { environment["CNI_NETNS"] ?? "" }

    /// Where delegates are looked for, in this order.
    package var pluginPath: [String] {
        environment["CNI_PATH", default: ""].split(separator: ":").map(String.init)
    }

    /// Whether the plugin may work in its own network namespace: `CNI_NETNS_OVERRIDE` is `1` or `true`.
    package var allowsOwnNetns: Bool {
        ["1", "true"].contains(environment["CNI_NETNS_OVERRIDE", default: ""].lowercased())
    }

    /// The same call with another verb, as an ADD calls its delegate's DEL to undo.
    package func with(verb: Verb) -> Invocation {
        var environment = environment
        environment["CNI_COMMAND"] = verb.rawValue
        return Invocation(verb: verb, environment: environment)
    }

    /// The same call without a network namespace, for this plugin and for its delegates.
    package func withoutNetns() -> Invocation {
        var environment = environment
        environment["CNI_NETNS"] = ""
        return Invocation(verb: verb, environment: environment)
    }
}

extension Invocation {
    /// `CNI_CONTAINERID`, or why it is none.
    package func containerID() throws(CNIError) -> ContainerID {
        let text = environment["CNI_CONTAINERID", default: ""]
        do {
            return try ContainerID(text)
        } catch {
            throw CNIError(.invalidEnvironment, "invalid characters in containerID", details: text)
        }
    }

    /// `CNI_IFNAME`, or why the kernel would not have it.
    package func ifName() throws(CNIError) -> InterfaceName {
        let text = environment["CNI_IFNAME", default: ""]
        // The kernel's sysctl_dev_name_is_allowed(): their sysctls are those of all interfaces.
        guard text != "all", text != "default" else { throw Self.invalidIfName("'\(text)' is reserved") }
        do {
            return try InterfaceName(text)
        } catch {
            throw Self.invalidIfName(error.description)
        }
    }

    private static func invalidIfName(_ details: String) -> CNIError {
        CNIError(.invalidEnvironment, "invalid interface name in CNI_IFNAME", details: details)
    }

    /// `CNI_ARGS`, or what is wrong with it.
    package func arguments() throws(CNIError) -> CNIArguments {
        try CNIArguments(parsing: environment["CNI_ARGS", default: ""])
    }
}
