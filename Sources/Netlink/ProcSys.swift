import CKernelShims
import Glibc
import NetworkModel
import Posix

/// The files below `/proc/sys/net`, of whichever network namespace the calling thread is in.
enum ProcSys {
    /// The value without its line's end, or nil when this kernel, or this namespace, has no such file.
    static func read(_ sysctl: Sysctl) throws(KernelError) -> String? {
        do throws(KernelError) {
            let file = try open(sysctl, O_RDONLY, "read sysctl")
            let bytes = try attempt("read sysctl", sysctl) { () throws(PosixError) in try file.readAll(limit: 65_536) }
            return String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
        } catch  where error.reason == .notFound {
            return nil
        }
    }

    /// Replaces a value.
    static func write(_ sysctl: Sysctl, _ value: String) throws(KernelError) {
        let file = try open(sysctl, O_WRONLY, "set sysctl")
        try attempt("set sysctl", sysctl) { () throws(PosixError) in try file.writeAll(Array("\(value)\n".utf8)) }
    }

    /// Opens the file so that no path leads elsewhere and nothing mounted over it is taken for it.
    private static func open(_ sysctl: Sysctl, _ flags: Int32, _ operation: String) throws(KernelError) -> Descriptor {
        guard isBelow(sysctl.path) else { throw KernelError(operation, sysctl.description, errno: EXDEV) }
        let path = "/proc/sys/net/" + sysctl.path
        let flags = UInt64(flags | O_CLOEXEC)
        let opened = unsafe podnet_openat2(AT_FDCWD, path, flags, 0, podnet_resolve_no_symlinks())
        let file = try adopt(opened, operation, sysctl)
        guard podnet_is_procfs(file.raw) == 1 else {
            throw KernelError(operation, sysctl.description, reason: .other, text: "not a file of procfs")
        }
        return file
    }

    /// Whether the path leads down from where it begins: no part of it is `..`, and it does not begin at the root.
    private static func isBelow(_ path: String) -> Bool {
        var length = 0
        var dots = 0
        for byte in path.utf8 {
            guard byte == UInt8(ascii: "/") else {
                length += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
                continue
            }
            if length == 0 || (length == 2 && dots == 2) { return false }
            (length, dots) = (0, 0)
        }
        return length > 0 && !(length == 2 && dots == 2)
    }

    private static func adopt(_ raw: Int32, _ operation: String, _ sysctl: Sysctl) throws(KernelError) -> Descriptor {
        guard raw >= 0 else { throw KernelError(operation, sysctl.description, errno: errno) }
        return Descriptor(adopting: raw)
    }

    private static func attempt<Result>(
        _ operation: String,
        _ sysctl: Sysctl,
        _ call: () throws(PosixError) -> Result
    ) throws(KernelError) -> Result {
        do throws(PosixError) {
            return try call()
        } catch {
            throw KernelError(operation, sysctl.description, errno: error.errno)
        }
    }
}
