import Glibc

/// Where things are: scripts/bench says so in the environment.
struct Tools {
    /// podnetd, netctl and podnet-bench.
    let bin: String
    /// Our plugins under their own names.
    let plugins: String
    /// The reference plugins.
    let reference: String
    /// A directory of our own, empty at first.
    let work: String
    /// Fewer rounds, for a look.
    let isQuick: Bool

    init() throws(BenchmarkError) {
        guard variable("PODNET_SANDBOX") != nil else {
            throw BenchmarkError("run scripts/bench: it makes the namespaces that this needs")
        }
        bin = try Self.required("PODNET_BIN")
        plugins = bin + "/cni"
        reference = variable("PODNET_REFERENCE_PLUGINS") ?? "/usr/lib/cni"
        work = try Self.required("PODNET_BENCH_WORK")
        isQuick = CommandLine.arguments.contains("--quick")
    }

    private static func required(_ name: String) throws(BenchmarkError) -> String {
        guard let value = variable(name) else { throw BenchmarkError("\(name) is not set") }
        return value
    }
}

func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Monotonic time in seconds.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func write(_ text: String, to path: String) throws(BenchmarkError) {
    guard let file = fopen(path, "we") else { throw BenchmarkError("\(path): \(String(cString: strerror(errno)))") }
    defer { fclose(file) }
    guard fputs(text, file) >= 0 else { throw BenchmarkError("\(path): cannot be written") }
}

func read(_ path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

extension [Double] {
    var median: Double {
        let sorted = sorted()
        return isEmpty ? .nan : sorted[count / 2]
    }
}

/// A line for people, past what is buffered for stdout.
func say(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = Glibc.write(2, line, line.count)
}
