internal import Glibc

/// What the kernel says a file is.
package struct FileStatus: Hashable, Sendable {
    /// What stat(2) tells apart.
    package enum Kind: Hashable, Sendable {
        case regular, directory, symbolicLink, socket, pipe, device
    }

    /// The device that the file is on.
    package let device: UInt64
    /// The file's number on that device; with `device` it names the file, or the namespace behind `/proc/…/ns/net`.
    package let inode: UInt64
    /// Bytes.
    package let size: Int
    /// What it is.
    package let kind: Kind
    /// The lower twelve bits of the mode.
    package let permissions: UInt32
    /// The wall clock's time of the last change of the contents, since 1970.
    package let modified: Duration

    init(_ answer: stat) {
        device = UInt64(answer.st_dev)
        inode = UInt64(answer.st_ino)
        size = Int(answer.st_size)
        permissions = answer.st_mode & 0o7777
        kind = Self.kind(answer.st_mode)
        modified = .seconds(answer.st_mtim.tv_sec) + .nanoseconds(answer.st_mtim.tv_nsec)
    }

    private static func kind(_ mode: mode_t) -> Kind {
        switch mode & S_IFMT {
        case S_IFREG: .regular
        case S_IFDIR: .directory
        case S_IFLNK: .symbolicLink
        case S_IFSOCK: .socket
        case S_IFIFO: .pipe
        default: .device
        }
    }

    /// Whether both are one and the same file.
    package func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }
}
