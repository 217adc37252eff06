internal import CKernelShims
internal import Glibc

/// Whole-file and directory operations by path. Every one retries EINTR and names the path in its error.
package enum FileSystem {
    /// Reads a whole file, also one of /proc; `tooLarge` when it has more than `limit` bytes.
    ///
    /// Goes through symbolic links when told to (a configured path such as `/etc/resolv.conf` is often one).
    package static func read(
        _ path: String,
        limit: Int = 1 << 20,
        followLinks: Bool = false
    ) throws(PosixError) -> [UInt8] {
        // Non-blocking, so that a pipe in the place of a file cannot hang the reader.
        let options: OpenOptions = followLinks ? [.read, .nonBlocking, .followLinks] : [.read, .nonBlocking]
        let file = try Descriptor(opening: path, options)
        do throws(PosixError) {
            return try file.readAll(limit: limit)
        } catch {
            throw PosixError(error.operation, path, errno: error.errno)
        }
    }

    /// Reads a whole file, or nil when there is none.
    package static func readIfPresent(
        _ path: String,
        limit: Int = 1 << 20,
        followLinks: Bool = false
    ) throws(PosixError) -> [UInt8]? {
        try nilIfMissing { () throws(PosixError) in try read(path, limit: limit, followLinks: followLinks) }
    }

    /// Overwrites a file in place, making it when it is missing.
    ///
    /// The old contents are overwritten before the file is cut, so a file that does not grow needs no free space. A
    /// crash may leave a mixture: use `replace` where that matters.
    package static func overwrite(
        _ path: String,
        with bytes: [UInt8],
        permissions: UInt32 = 0o600
    ) throws(PosixError) {
        let file = try Descriptor(opening: path, [.write, .create], permissions: permissions)
        do throws(PosixError) {
            try file.writeAll(bytes)
            try file.truncate(to: bytes.count)
        } catch {
            throw PosixError(error.operation, path, errno: error.errno)
        }
    }

    /// Puts `bytes` in the place of a file so that at any time, also after a power loss, the path names either the
    /// whole old or the whole new contents.
    ///
    /// Where there was no file, whoever is killed leaves no other name either.
    package static func replace(
        _ path: String,
        with bytes: [UInt8],
        permissions: UInt32 = 0o600
    ) throws(PosixError) {
        let folder = directory(of: path)
        let spareName = "\(folder)/.\(lastComponent(of: path)).\(uniqueSuffix())"
        let file = try StagedFile.write(in: folder, spareName: spareName, contents: bytes, permissions: permissions)
        do throws(PosixError) {
            try file.link(to: path)
        } catch  where error.reason == .exists {
            try file.rename(to: path, by: "\(spareName).new")
        }
        try synchronizeDirectory(folder)
    }

    /// Writes a file that is not there yet, and waits until its contents are on the medium.
    package static func create(
        _ path: String,
        with bytes: [UInt8],
        permissions: UInt32 = 0o600
    ) throws(PosixError) {
        let file = try Descriptor(opening: path, [.write, .create, .exclusive], permissions: permissions)
        do throws(PosixError) {
            try file.writeAll(bytes)
            try file.synchronize()
        } catch {
            throw PosixError(error.operation, path, errno: error.errno)
        }
    }

    /// What is at the path, a symbolic link itself unless told to go through it.
    package static func status(_ path: String, followLinks: Bool = false) throws(PosixError) -> FileStatus {
        var answer = stat()
        try call("stat", path) { unsafe followLinks ? stat(path, &answer) : lstat(path, &answer) }
        return FileStatus(answer)
    }

    /// What is at the path, or nil when nothing is.
    package static func statusIfPresent(
        _ path: String,
        followLinks: Bool = false
    ) throws(PosixError) -> FileStatus? {
        try nilIfMissing { () throws(PosixError) in try status(path, followLinks: followLinks) }
    }

    /// The magic number of the file system behind the path (statfs(2)).
    package static func fileSystemType(_ path: String) throws(PosixError) -> Int {
        Int(try call("statfs", path) { unsafe podnet_file_system_type(path) })
    }

    /// The one answer, or nil when the error is that some part of the path is not there.
    static func nilIfMissing<Answer>(_ body: () throws(PosixError) -> Answer) throws(PosixError) -> Answer? {
        do throws(PosixError) {
            return try body()
        } catch  where error.reason == .missing {
            return nil
        }
    }
}

extension FileSystem {
    /// Everything before the last `/`; `.` when there is none.
    package static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A text that no other thread of any process of this machine has at this moment, for names of temporary files.
    package static func uniqueSuffix() -> String { "\(podnet_gettid())-\(MonotonicClock.nanoseconds())" }

    /// Everything after the last `/`.
    package static func lastComponent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }
}
