import Glibc

/// A process started without a shell, so that what is measured is the program and nothing else.
struct Process {
    let pid: pid_t
    private let started: Double

    /// What it cost.
    struct Usage {
        /// Seconds from start to end.
        let wall: Double
        /// Seconds of both cores, in user and kernel mode.
        let cpu: Double
        let status: Int32
    }

    /// Starts `command`, its input from `input`, its output to `output` (both paths).
    init(
        _ command: [String],
        environment: [String: String] = [:],
        input: String = "/dev/null",
        output: String = "/dev/null",
        errors: String? = nil
    ) throws(BenchmarkError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        if let errors { posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600) }
        var arguments = command.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: pid_t = 0
        started = now()
        let status = posix_spawnp(&pid, command[0], &actions, nil, &arguments, &variables)
        guard status == 0 else { throw BenchmarkError("\(command[0]): \(String(cString: strerror(status)))") }
        self.pid = pid
    }

    /// Waits for its end.
    func wait() -> Usage {
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0 && errno == EINTR {}
        let wall = now() - started
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let isExited = status & 0x7f == 0
        return Usage(
            wall: wall,
            cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            status: isExited ? status >> 8 & 0xff : -1
        )
    }

    func signal(_ signal: Int32) { kill(pid, signal) }

    /// Resident memory in MB, as the kernel counts it.
    var residentMegabytes: Double { status("VmRSS:") }

    /// The most that it ever was.
    var peakMegabytes: Double { status("VmHWM:") }

    /// What it has used of both cores so far, in user and kernel mode.
    var processorSeconds: Double {
        // proc_pid_stat(5): utime and stime are fields 14 and 15, in ticks; the name, field 2, may hold anything.
        let fields = read("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let kernel = Double(fields[12]) else { return .nan }
        return (user + kernel) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private func status(_ key: String) -> Double {
        let lines = read("/proc/\(pid)/status").split(separator: "\n")
        let fields = lines.first { $0.hasPrefix(key) }?.split(whereSeparator: { $0 == " " || $0 == "\t" })
        return (fields?.dropFirst().first.flatMap { Double($0) } ?? .nan) / 1000
    }
}

/// Runs a command to its end and throws unless it succeeds.
@discardableResult
func execute(
    _ command: [String],
    environment: [String: String] = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
    input: String = "/dev/null",
    output: String = "/dev/null"
) throws(BenchmarkError) -> Process.Usage {
    let usage = try Process(command, environment: environment, input: input, output: output).wait()
    guard usage.status == 0 else {
        let said = output == "/dev/null" ? "" : ": " + read(output)
        throw BenchmarkError("\(command.joined(separator: " ")) ended with status \(usage.status)\(said)")
    }
    return usage
}
