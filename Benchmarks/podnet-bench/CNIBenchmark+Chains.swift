/// `ptp`, and a chain of plugins as runtimes call them, one process after the other.
extension CNIBenchmark {
    private static let afterBridge: [(type: String, keys: String)] = [
        (
            "portmap",
            #""runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]},"#
        ),
        ("firewall", ""),
    ]

    func pointToPoint(_ report: inout Report) throws {
        try compare("ptp + host-local", Masquerade.iptables.description, sides("t", 70), budget: 0.1, &report) {
            side,
            container in
            let config = try pointToPointConfiguration(side)
            try execute(["ip", "netns", "add", container])
            let add = try call(side, "ADD", container, config, plugin: "ptp")
            let delete = try call(side, "DEL", container, config, plugin: "ptp")
            try execute(["ip", "netns", "delete", container])
            return (add, delete)
        }
    }

    private func pointToPointConfiguration(_ side: Side) throws -> String {
        let path = "\(tools.work)/\(side.network).conf"
        try write(
            """
            {"cniVersion":"1.0.0","name":"\(side.network)","type":"ptp","ipMasq":true,
             "ipam":{"type":"host-local","dataDir":"\(tools.work)/leases","subnet":"\(side.subnet)",
                     "routes":[{"dst":"0.0.0.0/0"}]}}
            """,
            to: path
        )
        return path
    }

    func chain(_ report: inout Report) throws {
        try compare(
            "bridge, portmap, firewall",
            Masquerade.iptables.description,
            sides("c", 80),
            budget: 0.1,
            &report,
            oneChain
        )
    }

    /// The sums of the three calls each; writing configurations is the runtime's work and not counted.
    private func oneChain(_ side: Side, _ container: String) throws -> (add: Double, delete: Double) {
        let bridge = try configuration(side, .iptables)
        try execute(["ip", "netns", "add", container])
        var add = try call(side, "ADD", container, bridge)
        for (type, keys) in Self.afterBridge {
            let config = try chainedConfiguration(side, type, keys, previous: answer(container))
            add += try call(side, "ADD", container, config, plugin: type)
        }
        let result = answer(container)
        var delete = 0.0
        for (type, keys) in Self.afterBridge.reversed() {
            let config = try chainedConfiguration(side, type, keys, previous: result)
            delete += try call(side, "DEL", container, config, plugin: type)
        }
        delete += try call(side, "DEL", container, bridge)
        try execute(["ip", "netns", "delete", container])
        return (add, delete)
    }

    private func chainedConfiguration(
        _ side: Side,
        _ type: String,
        _ keys: String,
        previous: String
    ) throws -> String {
        let path = "\(tools.work)/\(side.network).\(type).conf"
        try write(
            #"{"cniVersion":"1.0.0","name":"\#(side.network)","type":"\#(type)",\#(keys)"prevResult":\#(previous)}"#,
            to: path
        )
        return path
    }
}
