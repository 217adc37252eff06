internal import CKernelShims
internal import Glibc

/// What changes directories: names come, move and go.
extension FileSystem {
    /// Makes a directory and those above it; one that is there already is left as it is.
    package static func makeDirectories(_ path: String, permissions: UInt32 = 0o755) throws(PosixError) {
        do throws(PosixError) {
            try call("mkdir", path) { unsafe mkdir(path, mode_t(permissions)) }
        } catch {
            switch error.reason {
            case .exists:
                guard try status(path, followLinks: true).kind == .directory else { throw error }
            case .missing where directory(of: path) != path:
                try makeDirectories(directory(of: path), permissions: permissions)
                try makeDirectories(path, permissions: permissions)
            default:
                throw error
            }
        }
    }

    /// The names in a directory, in no order, without `.` and `..`; a name that is no UTF-8 is left out.
    package static func list(_ path: String) throws(PosixError) -> [String] {
        let directory = try Descriptor(opening: path, [.read, .directory, .followLinks])
        guard let stream = unsafe fdopendir(directory.raw) else {
            throw PosixError("list", path, errno: Glibc.errno)
        }
        _ = directory.release()
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while true {
            Glibc.errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe podnet_directory_entry_name(entry).flatMap { unsafe String(validatingCString: $0) }
            if let name, name != ".", name != ".." { names.append(name) }
        }
        guard Glibc.errno == 0 else { throw PosixError("list", path, errno: Glibc.errno) }
        return names
    }

    /// The names in a directory, or none when there is no such directory.
    package static func listIfPresent(_ path: String) throws(PosixError) -> [String] {
        try nilIfMissing { () throws(PosixError) in try list(path) } ?? []
    }

    /// Removes a file or a symbolic link.
    package static func remove(_ path: String) throws(PosixError) {
        try call("unlink", path) { unsafe unlink(path) }
    }

    /// Removes a file or a symbolic link; false when there was none.
    @discardableResult
    package static func removeIfPresent(_ path: String) throws(PosixError) -> Bool {
        try nilIfMissing { () throws(PosixError) in try remove(path) } != nil
    }

    /// Removes an empty directory.
    package static func removeDirectory(_ path: String) throws(PosixError) {
        try call("rmdir", path) { unsafe rmdir(path) }
    }

    /// Moves a name, replacing a file at the new place.
    package static func rename(_ path: String, to target: String) throws(PosixError) {
        try call("rename", path, target) { unsafe Glibc.rename(path, target) }
    }

    /// Moves a name; `exists` when the new place is taken.
    package static func renameWithoutReplacing(_ path: String, to target: String) throws(PosixError) {
        try call("rename", path, target) { unsafe podnet_rename_noreplace(AT_FDCWD, path, AT_FDCWD, target) }
    }

    /// Gives a file a second name; `exists` when that is taken.
    package static func link(_ path: String, to target: String) throws(PosixError) {
        try call("link", target, path) { unsafe Glibc.link(path, target) }
    }

    /// Makes a symbolic link that holds `text`; `exists` when the path is taken.
    package static func makeSymbolicLink(_ path: String, holding text: String) throws(PosixError) {
        try call("symlink", path, text) { unsafe symlink(text, path) }
    }

    /// The text that a symbolic link holds.
    package static func readSymbolicLink(_ path: String) throws(PosixError) -> String {
        // Linux takes no text longer than PATH_MAX.
        let capacity = Int(PATH_MAX)
        var buffer = [UInt8](repeating: 0, count: capacity)
        let count = try call("readlink", path) {
            unsafe buffer.withUnsafeMutableBytes { bytes in
                guard let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress else { return 0 }
                return unsafe readlink(path, start, capacity)
            }
        }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// The text that a symbolic link holds, or nil when there is no such link.
    package static func readSymbolicLinkIfPresent(_ path: String) throws(PosixError) -> String? {
        try nilIfMissing { () throws(PosixError) in try readSymbolicLink(path) }
    }

    /// Waits until the names in a directory are on the medium.
    package static func synchronizeDirectory(_ path: String) throws(PosixError) {
        let directory = try Descriptor(opening: path, [.read, .directory, .followLinks])
        try call("fsync", path) { fsync(directory.raw) }
    }
}
