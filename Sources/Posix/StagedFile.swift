internal import CKernelShims
internal import Glibc

/// A file that is complete and on the medium before it has a name.
///
/// Where the file system can (ext4, xfs, btrfs, tmpfs), it is an unnamed inode (O_TMPFILE): whoever dies before `link`
/// leaves nothing behind. Elsewhere it lies under a spare name, which goes when the value goes.
package struct StagedFile: ~Copyable {
    private let file: Descriptor
    private let spareName: String?

    /// Writes and synchronizes a file in `directory`; `spareName`, a path in the same file system, is used only where
    /// unnamed files are not to be had, or not wanted.
    package static func write(
        in directory: String,
        spareName: String,
        contents: [UInt8],
        permissions: UInt32 = 0o600,
        unnamed: Bool = true
    ) throws(PosixError) -> StagedFile {
        if unnamed, let number = try openUnnamed(directory, permissions) {
            let staged = StagedFile(file: Descriptor(adopting: number), spareName: nil)
            try staged.fill(with: contents, directory)
            return staged
        }
        let file = try Descriptor(opening: spareName, [.write, .create, .exclusive], permissions: permissions)
        let staged = StagedFile(file: file, spareName: spareName)
        try staged.fill(with: contents, directory)
        return staged
    }

    private init(file: consuming Descriptor, spareName: String?) {
        self.file = file
        self.spareName = spareName
    }

    private func fill(with contents: [UInt8], _ directory: String) throws(PosixError) {
        do throws(PosixError) {
            try file.writeAll(contents)
            try file.synchronize()
        } catch {
            throw PosixError(error.operation, spareName ?? directory, errno: error.errno)
        }
    }

    /// Gives the file a name; `exists` when that is taken. It may be given several.
    package func link(to path: String) throws(PosixError) {
        // linkat with AT_EMPTY_PATH would need CAP_DAC_READ_SEARCH; open(2) names this way for those without.
        let source = spareName ?? "/proc/self/fd/\(file.raw)"
        let flags = spareName == nil ? AT_SYMLINK_FOLLOW : 0
        try call("link", path) { unsafe linkat(AT_FDCWD, source, AT_FDCWD, path, flags) }
    }

    /// Gives the file a name in the place of what has it, by way of another name, since linkat replaces nothing.
    func rename(to path: String, by temporary: String) throws(PosixError) {
        try link(to: temporary)
        do throws(PosixError) {
            try FileSystem.rename(temporary, to: path)
        } catch {
            _ = try? FileSystem.removeIfPresent(temporary)
            throw error
        }
    }

    deinit {
        // Nobody can be told, and whoever sweeps the directory finds it.
        if let spareName { _ = try? FileSystem.removeIfPresent(spareName) }
    }

    /// nil where the kernel or the file system has no unnamed files: open(2) lists what it answers then.
    private static func openUnnamed(_ directory: String, _ permissions: UInt32) throws(PosixError) -> Int32? {
        do throws(PosixError) {
            return try call("open", directory) {
                unsafe podnet_open_unnamed(directory, mode_t(permissions))
            }
        } catch  where error.reason == .unsupported || error.reason == .isDirectory {
            return nil
        }
    }
}
