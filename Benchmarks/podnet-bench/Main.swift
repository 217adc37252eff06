import Glibc

/// Measures podnet beside what it replaces. `scripts/bench` runs it in namespaces of its own; by itself it refuses.
@main
enum Main {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch arguments.first {
            case "serve": try Connections.serve(Array(arguments.dropFirst()))
            case "connect-loop": try Connections.connectLoop(Array(arguments.dropFirst()))
            case "greet": try NewConnections.greet(Array(arguments.dropFirst()))
            case "load": try NewConnections.load(Array(arguments.dropFirst()))
            case "answer": try Datagrams.answer(Array(arguments.dropFirst()))
            case "echo": try LongConnections.echo(Array(arguments.dropFirst()))
            case "hold": try LongConnections.hold(Array(arguments.dropFirst()))
            case "cni": try measure { (report, tools) in try CNIBenchmark(tools).run(&report) }
            case "proxy": try measure { (report, tools) in try ProxyBenchmark(tools).run(&report) }
            case "cluster": try measure { (report, tools) in try ClusterBenchmark(tools).run(&report) }
            case "connect": try measure { (report, tools) in try ConnectBenchmark(tools).run(&report) }
            case "heal": try measure { (report, tools) in try HealBenchmark(tools).run(&report) }
            default: fail("usage: podnet-bench cni|proxy|cluster|connect|heal [--json] [--quick]", status: 64)
            }
        } catch {
            fail("podnet-bench: \(error)", status: 1)
        }
    }

    private static func measure(_ body: (inout Report, Tools) throws -> Void) throws {
        let tools = try Tools()
        var report = Report(asJSON: CommandLine.arguments.contains("--json"))
        try body(&report, tools)
        report.finish()
    }

    private static func fail(_ text: String, status: Int32) -> Never {
        say(text)
        exit(status)
    }
}
