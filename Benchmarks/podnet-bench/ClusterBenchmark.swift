import Glibc

/// The service proxy with an API server as its source: from the start to the first commit.
struct ClusterBenchmark {
    let tools: Tools
    /// Seconds that are to suffice for 20,000 objects.
    private static let limit = 2.0

    init(_ tools: Tools) {
        self.tools = tools
    }

    func run(_ report: inout Report) throws {
        let services = tools.isQuick ? 1000 : 10_000
        for (how, option) in [("pages", []), ("initial events", ["--initial-events"])] {
            let server = try FakeServer(tools, services: services, option)
            defer { server.stop() }
            var seconds: [Double] = []
            var peaks: [Double] = []
            var residents: [Double] = []
            for _ in 0..<3 {
                let daemon = try Daemon(tools, source: ["--server", server.address])
                seconds.append(daemon.coldSync)
                peaks.append(daemon.process.peakMegabytes)
                residents.append(daemon.process.residentMegabytes)
                daemon.stop()
                try execute([tools.bin + "/podnetd", "--cleanup"])
            }
            let name = "\(services * 2) objects as \(how)"
            report.add(
                Report.Row(
                    name: "\(name), process start to commit",
                    ours: seconds.median,
                    reference: tools.isQuick ? nil : Self.limit,
                    budget: tools.isQuick ? nil : 1,
                    unit: "s"
                )
            )
            for (what, megabytes) in [("peak", peaks), ("resident", residents)] {
                let ours = megabytes.median
                report.add(
                    Report.Row(name: "podnetd \(what), \(name)", ours: ours, reference: nil, budget: nil, unit: "MB")
                )
            }
        }
    }
}

/// An API server of the tests as a process of its own.
private struct FakeServer {
    let address: String
    private let process: Process

    init(_ tools: Tools, services: Int, _ options: [String]) throws {
        let output = "\(tools.work)/apiserver"
        unlink(output)
        process = try Process(
            [tools.bin + "/podnet-fake-apiserver", "--services", "\(services)"] + options,
            output: output
        )
        var text = ""
        for _ in 0..<1000 where !text.hasSuffix("\n") {
            usleep(10_000)
            text = read(output)
        }
        guard text.hasSuffix("\n") else { throw BenchmarkError("the fake API server does not start") }
        address = String(text.dropLast())
    }

    func stop() {
        process.signal(SIGKILL)
        _ = process.wait()
    }
}
