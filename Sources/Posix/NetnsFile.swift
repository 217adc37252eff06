internal import CKernelShims
internal import Glibc

/// What is behind a path that should lead to a network namespace, told without entering it.
package enum NetnsFile: Hashable, Sendable {
    /// A network namespace other than this thread's.
    case other
    /// This thread's own network namespace.
    case own
    /// Nothing is there.
    case missing
    /// Something else: a plain file, a namespace of another kind.
    case notANetns
    /// The kernel would not say.
    case unreadable(PosixError)

    /// The path to this thread's own. procfs makes an inode for every name of it, so the first thread takes the shorter.
    package static var ownPath: String {
        podnet_gettid() == getpid() ? "/proc/self/ns/net" : "/proc/thread-self/ns/net"
    }

    /// Looks at a path such as `/run/netns/x` or `/proc/17/ns/net`.
    package static func inspect(_ path: String) -> NetnsFile {
        do throws(PosixError) {
            guard let status = try FileSystem.statusIfPresent(path, followLinks: true) else { return .missing }
            // nsfs calls its files regular; a device or pipe must not even be opened.
            guard status.kind == .regular else { return .notANetns }
            let file = try Descriptor(opening: path, [.read, .followLinks, .nonBlocking])
            guard try isNetwork(file, path) else { return .notANetns }
            let own = try FileSystem.status(ownPath, followLinks: true)
            return try file.status().isSameFile(as: own) ? .own : .other
        } catch  where error.reason == .missing || error.errno == ESRCH {
            // ESRCH: the process behind /proc/17/ns/net has ended.
            return .missing
        } catch {
            return .unreadable(error)
        }
    }

    /// Whether it is a network's namespace. What is no namespace knows no such request; any other error says nothing.
    private static func isNetwork(_ file: borrowing Descriptor, _ path: String) throws(PosixError) -> Bool {
        let raw = file.raw
        do throws(PosixError) {
            return try call("inspect", path) { podnet_namespace_type(raw) } == podnet_clone_newnet()
        } catch  where error.errno == ENOTTY {
            return false
        }
    }
}
