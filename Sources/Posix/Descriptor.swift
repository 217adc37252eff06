internal import Glibc

/// A file descriptor that closes itself.
package struct Descriptor: ~Copyable, Sendable {
    /// The number, valid as long as the value lives.
    package let raw: Int32

    /// Takes over an open descriptor; nobody else may close it from now on.
    package init(adopting raw: Int32) {
        self.raw = raw
    }

    /// Opens a file, close-on-exec; a symbolic link as last component is refused unless `options` allow it.
    package init(
        opening path: String,
        _ options: OpenOptions = .read,
        permissions: UInt32 = 0o600
    ) throws(PosixError) {
        raw = try call("open", path) { unsafe Glibc.open(path, options.flags, mode_t(permissions)) }
    }

    /// Gives the number away without closing it.
    package consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// A second descriptor of the same open file, close-on-exec.
    package func duplicate() throws(PosixError) -> Descriptor {
        Descriptor(adopting: try call("duplicate", name) { fcntl(raw, F_DUPFD_CLOEXEC, 0) })
    }

    deinit {
        // Not retried on EINTR: Linux has freed the number by then, and another thread may own it already.
        _ = Glibc.close(raw)
    }

    /// What errors call it.
    var name: String { "descriptor \(raw)" }
}

extension Descriptor {
    /// Reads what is there, at most `count` bytes; empty at the end of the file.
    package func readOnce(upTo count: Int) throws(PosixError) -> [UInt8] {
        var failure: PosixError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(PosixError) {
                filled = try call("read", name) { unsafe Glibc.read(raw, buffer.baseAddress, count) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads to the end of the file; `tooLarge` when there are more than `limit` bytes.
    package func readAll(limit: Int) throws(PosixError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            let more = try readOnce(upTo: min(limit + 1 - bytes.count, 65_536))
            if more.isEmpty { return bytes }
            bytes += more
        }
        throw PosixError("read", name, errno: EFBIG)
    }

    /// Writes all of `bytes`, in as many pieces as the kernel takes.
    package func writeAll(_ bytes: [UInt8]) throws(PosixError) {
        var written = 0
        while written < bytes.count {
            written += try call("write", name) {
                unsafe bytes.withUnsafeBytes { buffer in
                    unsafe Glibc.write(raw, buffer.baseAddress?.advanced(by: written), buffer.count - written)
                }
            }
        }
    }

    /// Waits until what was written is on the medium.
    package func synchronize() throws(PosixError) {
        try call("fsync", name) { fsync(raw) }
    }

    /// Cuts the file, or fills it with zeros, to `size` bytes.
    package func truncate(to size: Int) throws(PosixError) {
        try call("truncate", name) { ftruncate(raw, off_t(size)) }
    }

    /// What the open file is.
    package func status() throws(PosixError) -> FileStatus {
        var answer = stat()
        try call("stat", name) { unsafe fstat(raw, &answer) }
        return FileStatus(answer)
    }
}

/// How a file is opened. Close-on-exec always, and never through a symbolic link unless `followLinks` is there.
package struct OpenOptions: OptionSet, Sendable {
    /// One bit an option.
    package let rawValue: UInt16

    /// Takes the bits as they are.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// All of these. Swift's own, for any kind of set, looks its elements' type up at run time.
    package init(arrayLiteral elements: OpenOptions...) {
        var bits: UInt16 = 0
        for element in elements { bits |= element.rawValue }
        rawValue = bits
    }

    /// For reading, which is also what opening with no options does.
    package static let read = OpenOptions(rawValue: 1 << 0)
    /// For writing; together with `read`, for both.
    package static let write = OpenOptions(rawValue: 1 << 1)
    /// Makes the file when it is missing.
    package static let create = OpenOptions(rawValue: 1 << 2)
    /// With `create`: refuses a file that is there.
    package static let exclusive = OpenOptions(rawValue: 1 << 3)
    /// Cuts the file to nothing.
    package static let truncate = OpenOptions(rawValue: 1 << 4)
    /// Every write goes to the end.
    package static let append = OpenOptions(rawValue: 1 << 5)
    /// Refuses what is no directory.
    package static let directory = OpenOptions(rawValue: 1 << 6)
    /// Goes through a symbolic link.
    package static let followLinks = OpenOptions(rawValue: 1 << 7)
    /// Reads and writes give `wouldBlock` where they would wait.
    package static let nonBlocking = OpenOptions(rawValue: 1 << 8)

    /// The flags of open(2). A terminal never becomes the controlling one.
    var flags: CInt {
        var flags = O_CLOEXEC | O_NOCTTY
        switch (contains(.read), contains(.write)) {
        case (true, true): flags |= O_RDWR
        case (false, true): flags |= O_WRONLY
        case (_, false): flags |= O_RDONLY
        }
        if contains(.create) { flags |= O_CREAT }
        if contains(.exclusive) { flags |= O_EXCL }
        if contains(.truncate) { flags |= O_TRUNC }
        if contains(.append) { flags |= O_APPEND }
        if contains(.directory) { flags |= O_DIRECTORY }
        if !contains(.followLinks) { flags |= O_NOFOLLOW }
        if contains(.nonBlocking) { flags |= O_NONBLOCK }
        return flags
    }
}
