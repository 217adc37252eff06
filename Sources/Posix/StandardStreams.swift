internal import CKernelShims
internal import Glibc

/// stdin, stdout, stderr, the arguments and the environment of this process.
package enum StandardStreams {
    /// Makes the streams safe to use: a closed one leads to `/dev/null`, and writing to a closed pipe is an error
    /// instead of the end of the process.
    ///
    /// Without that the next file or socket opened would be descriptor 1, and a result would be written into it.
    package static func prepare() {
        _ = signal(SIGPIPE, SIG_IGN)
        for stream: Int32 in 0...2 where fcntl(stream, F_GETFD) == -1 {
            // The lowest free number is the one that was found closed.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    /// Reads stdin to its end; `tooLarge` over `limit` bytes, `timedOut` when the end does not come in time.
    package static func readInput(limit: Int, timeout: Duration) throws(PosixError) -> [UInt8] {
        try read(Descriptor(adopting: 0), limit: limit, timeout: timeout)
    }

    private static func read(
        _ input: consuming Descriptor,
        limit: Int,
        timeout: Duration
    ) throws(PosixError) -> [UInt8] {
        let deadline = MonotonicClock.now() + timeout
        do throws(PosixError) {
            let bytes = try input.readAll(limit: limit, deadline: deadline, subject: "stdin")
            _ = input.release()
            return bytes
        } catch {
            _ = input.release()
            throw error
        }
    }

    /// Writes all of `bytes` to stdout.
    package static func writeOutput(_ bytes: [UInt8]) throws(PosixError) {
        try write(bytes, to: 1, "stdout")
    }

    /// Writes to stderr as far as it takes it: nobody is left to tell when it does not.
    package static func writeError(_ text: String) {
        try? write(Array(text.utf8), to: 2, "stderr")
    }

    private static func write(_ bytes: [UInt8], to stream: Int32, _ name: String) throws(PosixError) {
        let output = Descriptor(adopting: stream)
        do throws(PosixError) {
            try output.writeAll(bytes)
            _ = output.release()
        } catch {
            _ = output.release()
            throw PosixError(error.operation, name, errno: error.errno)
        }
    }

    /// What the program was called by, and its arguments.
    package static var arguments: [String] {
        var arguments: [String] = []
        unsafe forEachText(podnet_arguments()) { text in unsafe arguments.append(String(cString: text)) }
        return arguments
    }

    /// The environment; of a name that occurs twice the first counts, as for getenv(3).
    package static var environment: [String: String] {
        var variables: [String: String] = [:]
        unsafe forEachText(podnet_environment()) { text in
            guard let equals = unsafe strchr(text, Int32(UInt8(ascii: "="))) else { return }
            let name = unsafe String(decoding: UnsafeRawBufferPointer(start: text, count: equals - text), as: UTF8.self)
            if variables[name] == nil { unsafe variables[name] = String(cString: equals + 1) }
        }
        return variables
    }

    /// The texts of an array that ends with a null.
    private static func forEachText(
        _ first: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
        _ body: (UnsafeMutablePointer<CChar>) -> Void
    ) {
        var next = unsafe first
        while let place = unsafe next, let text = unsafe place.pointee {
            unsafe body(text)
            unsafe next = place + 1
        }
    }
}

extension Descriptor {
    /// Reads to the end of the file; `timedOut` when that does not come before `deadline` (of `MonotonicClock`).
    func readAll(limit: Int, deadline: Duration, subject: String) throws(PosixError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            try waitReadable(until: deadline, subject: subject)
            let more = try readOnce(upTo: min(limit + 1 - bytes.count, 65_536))
            if more.isEmpty { return bytes }
            bytes += more
        }
        throw PosixError("read", subject, errno: EFBIG)
    }

    private func waitReadable(until deadline: Duration, subject: String) throws(PosixError) {
        let ready = try call("poll", subject) {
            let (seconds, attoseconds) = max(.zero, deadline - MonotonicClock.now()).components
            let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
            var entry = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
            // Rounded up, so that the last millisecond is not spent in a busy loop.
            return unsafe poll(&entry, 1, Int32(clamping: milliseconds + 1))
        }
        guard ready > 0 else { throw PosixError("read", subject, errno: ETIMEDOUT) }
    }
}
