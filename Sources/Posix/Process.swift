internal import CKernelShims
internal import Glibc

/// A program that is started, fed, read and waited for in one call.
package struct ChildProcess: Sendable {
    /// The file to execute; PATH plays no part.
    package let executable: String
    /// What follows the program's own name.
    package let arguments: [String]
    /// The whole environment.
    package let environment: [String: String]

    /// Describes a program to run.
    package init(executable: String, arguments: [String] = [], environment: [String: String]) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }

    /// How a program ended.
    package enum Ending: Hashable, Sendable {
        /// By itself, with this status.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
    }

    /// How a program ended, and what it wrote to stdout until then.
    package struct Outcome: Hashable, Sendable {
        /// How it ended.
        package let ending: Ending
        /// Its stdout.
        package let output: [UInt8]
    }

    /// Runs the program with `input` on its stdin until it has closed its stdout and ended.
    ///
    /// It shares this process's stderr and gets no other descriptor. No signal is blocked in it, and a broken pipe ends it
    /// as usual. It is killed when it writes more than `outputLimit` bytes (`tooLarge`) or takes longer than `timeout`
    /// (`timedOut`).
    package func run(
        input: [UInt8],
        outputLimit: Int = 1 << 20,
        timeout: Duration
    ) throws(PosixError) -> Outcome {
        let deadline = MonotonicClock.now() + timeout
        let stdin = try inputFile(input)
        let pipe = try openPipe(executable)
        let stdout = Descriptor(adopting: pipe.reader)
        let stdoutWriter = Descriptor(adopting: pipe.writer)
        let process = try spawnWhenWritten(stdin: stdin.raw, stdout: stdoutWriter.raw)
        // Only the child may hold the writing end, or the end of its output would never come.
        _ = consume stdoutWriter
        do throws(PosixError) {
            let output = try stdout.readAll(limit: outputLimit, deadline: deadline, subject: executable)
            return Outcome(ending: try wait(for: process, deadline: deadline), output: output)
        } catch {
            _ = kill(process, SIGKILL)
            _ = try? reap(process, options: 0)
            throw error
        }
    }

    /// A file without a name rather than a pipe: it takes any amount at once, and a child that does not read it cannot
    /// stop us or break a pipe.
    private func inputFile(_ input: [UInt8]) throws(PosixError) -> Descriptor {
        let closeOnExec: UInt32 = 1  // MFD_CLOEXEC
        let file = Descriptor(
            adopting: try call("memfd_create", executable) { unsafe podnet_memfd_create("stdin", closeOnExec) }
        )
        try file.writeAll(input)
        try call("seek", executable) { lseek(file.raw, 0, SEEK_SET) }
        return file
    }
}

extension ChildProcess {
    /// Tries for a second while the file is still being written (ETXTBSY), as when it is just being installed.
    private func spawnWhenWritten(stdin: Int32, stdout: Int32) throws(PosixError) -> pid_t {
        let deadline = MonotonicClock.now() + .seconds(1)
        while true {
            do throws(PosixError) {
                return try spawn(stdin: stdin, stdout: stdout)
            } catch  where error.errno == ETXTBSY && MonotonicClock.now() < deadline {
                MonotonicClock.sleep(.milliseconds(10))
            }
        }
    }

    private func spawn(stdin: Int32, stdout: Int32) throws(PosixError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, stdin, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, stdout, 1)
        unsafe podnet_spawn_close_from(&actions, 3)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        // The plugins ignore SIGPIPE, which a child would inherit.
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var process: pid_t = 0
        let variables = environment.map { "\($0)=\($1)" }.sorted()
        let error = unsafe withCStrings([executable] + arguments) { argv in
            unsafe withCStrings(variables) { envp in
                unsafe posix_spawn(&process, executable, &actions, &attributes, argv, envp)
            }
        }
        guard error == 0 else { throw PosixError("execute", executable, errno: error) }
        return process
    }

    /// Asks ever less often: a program usually ends within microseconds of closing its stdout.
    private func wait(for process: pid_t, deadline: Duration) throws(PosixError) -> Ending {
        var pause = Duration.microseconds(20)
        while true {
            if let ending = try reap(process, options: WNOHANG) { return ending }
            guard MonotonicClock.now() < deadline else { throw PosixError("wait for", executable, errno: ETIMEDOUT) }
            MonotonicClock.sleep(pause)
            pause = min(pause * 2, .milliseconds(10))
        }
    }

    private func reap(_ process: pid_t, options: Int32) throws(PosixError) -> Ending? {
        var status: Int32 = 0
        let reaped = try call("wait for", executable) { unsafe waitpid(process, &status, options) }
        guard reaped == process else { return nil }
        // WIFEXITED and its kin are macros that Swift does not import; this is their definition in bits/waitstatus.h.
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }
}

/// The numbers of the reading and the writing end of a new pipe, close-on-exec.
private func openPipe(_ subject: String) throws(PosixError) -> (reader: Int32, writer: Int32) {
    var ends: (Int32, Int32) = (-1, -1)
    try call("pipe", subject) {
        unsafe withUnsafeMutableBytes(of: &ends) { unsafe pipe($0.bindMemory(to: Int32.self).baseAddress) }
    }
    // Glibc's module hides pipe2(). Setting the flag on a good descriptor cannot be refused.
    _ = fcntl(ends.0, F_SETFD, FD_CLOEXEC)
    _ = fcntl(ends.1, F_SETFD, FD_CLOEXEC)
    return ends
}

/// Lends a null-terminated array of C strings.
private func withCStrings<Answer>(
    _ texts: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Answer
) -> Answer {
    var pointers = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("an array with a null has an address") }
        return unsafe body(base)
    }
}
