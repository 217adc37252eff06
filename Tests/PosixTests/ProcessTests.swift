import Glibc
import Posix
import Testing

@Suite struct ChildProcessTests {
    private func shell(_ script: String, _ environment: [String: String] = [:]) -> ChildProcess {
        ChildProcess(
            executable: "/bin/sh",
            arguments: ["-c", script],
            environment: environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own }
        )
    }

    private func error(_ process: ChildProcess, timeout: Duration = .seconds(20)) -> PosixError? {
        do {
            _ = try process.run(input: [], outputLimit: 1000, timeout: timeout)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "how a program ends is told",
        arguments: [
            ("exit 0", ChildProcess.Ending.exited(0)), ("exit 7", .exited(7)), ("kill -15 $$", .signalled(15)),
            ("exec >&-; exit 3", .exited(3)),
        ]
    )
    func ending(script: String, ending: ChildProcess.Ending) throws {
        #expect(try shell(script).run(input: [], timeout: .seconds(20)).ending == ending)
    }

    @Test("input of any size goes in and output comes out", arguments: [0, 1, 65_536, 900_000])
    func throughput(size: Int) throws {
        let input = [UInt8](repeating: 0x61, count: size)
        let outcome = try ChildProcess(executable: "/bin/cat", environment: [:]).run(
            input: input,
            timeout: .seconds(20)
        )
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output == input)
    }

    @Test("a program that does not read its input does not disturb")
    func unreadInput() throws {
        let input = [UInt8](repeating: 0x61, count: 900_000)
        #expect(try shell("echo done").run(input: input, timeout: .seconds(20)).output == Array("done\n".utf8))
    }

    @Test("it has the environment it was given and nothing else")
    func environment() throws {
        let env = ChildProcess(executable: "/usr/bin/env", environment: ["B": "2=3", "A": "1"])
        #expect(try env.run(input: [], timeout: .seconds(20)).output == Array("A=1\nB=2=3\n".utf8))
    }

    @Test("it gets no descriptor but 0, 1 and 2, close-on-exec or not")
    func descriptors() throws {
        let leaked = dup(2)
        defer { close(leaked) }
        #expect(fcntl(leaked, F_GETFD) == 0)
        // ls itself has the directory open as 3.
        let outcome = try shell("exec ls /proc/self/fd").run(input: [], timeout: .seconds(20))
        #expect(String(decoding: outcome.output, as: UTF8.self) == "0\n1\n2\n3\n")
    }

    @Test("a pipe that breaks ends it, although this process ignores the signal")
    func brokenPipe() throws {
        StandardStreams.prepare()
        let grep = shell("grep SigIgn: /proc/self/status | cut -f 2")
        let mask = String(decoding: try grep.run(input: [], timeout: .seconds(20)).output, as: UTF8.self)
        let ignored = try #require(UInt64(mask.filter { $0 != "\n" }, radix: 16))
        #expect(ignored & 1 << (UInt64(SIGPIPE) - 1) == 0)
    }

    @Test("one that takes too long is killed", arguments: ["exec sleep 60", "exec >&-; exec sleep 60"])
    func tooLong(script: String) {
        let start = MonotonicClock.now()
        #expect(error(shell(script), timeout: .milliseconds(50))?.reason == .timedOut)
        #expect(MonotonicClock.now() - start < .seconds(20))
    }

    @Test("one that writes too much is killed")
    func tooMuch() {
        #expect(error(shell("exec cat /dev/zero"))?.reason == .tooLarge)
    }

    @Test(
        "a file that cannot be executed is named",
        arguments: [
            ("/nowhere/plugin", PosixError.Reason.missing), ("/etc/passwd", .denied), ("/etc", .denied),
        ]
    )
    func notExecutable(path: String, reason: PosixError.Reason) {
        let error = error(ChildProcess(executable: path, environment: [:]))
        #expect(error?.reason == reason)
        #expect(error?.subject == path)
    }
}

@Suite struct StandardStreamsTests {
    @Test("the environment is the one that getenv sees")
    func environment() throws {
        let environment = StandardStreams.environment
        #expect(!environment.isEmpty)
        for (name, value) in environment { #expect(getenv(name).map { String(cString: $0) } == value) }
    }
}
