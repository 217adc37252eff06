import CKernelShims
import Glibc
package import NetworkModel
import Posix

/// A handle of a network namespace; the namespace lives at least as long as it.
package struct NetNS: ~Copyable, Sendable {
    /// Which namespace it is, whatever path leads to it: device and inode of nsfs.
    package struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    let descriptor: Descriptor

    /// Opens the namespace behind a path: `/run/netns/…`, `/proc/…/ns/net`.
    package init(path: String) throws(KernelError) {
        let opened = try Self.open(path)
        guard podnet_namespace_type(opened.raw) == podnet_clone_newnet() else {
            throw KernelError("open network namespace", path, reason: .invalid, text: "not a network namespace")
        }
        descriptor = opened
    }

    private init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// The namespace that the calling thread is in.
    package static func current() throws(KernelError) -> NetNS {
        NetNS(try open(NetnsFile.ownPath))
    }

    /// Which namespace it is.
    package var identity: Identity {
        get throws(KernelError) {
            do throws(PosixError) {
                let status = try descriptor.status()
                return Identity(device: status.device, inode: status.inode)
            } catch {
                throw KernelError("inspect network namespace", "\(descriptor.raw)", errno: error.errno)
            }
        }
    }

    /// Runs `body` with the calling thread in this namespace, and returns to the one that it is in now.
    package func run<Result: ~Copyable>(
        _ body: () throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        try run(returningTo: NetNS.current(), body)
    }

    /// Runs `body` with the calling thread in this namespace, and returns to `former`, which it must be in.
    ///
    /// The body is synchronous: an `await` could go on in another thread, which is in another namespace. A thread that
    /// cannot return must do nothing more, so that ends the process; what the kernel was short of, it may have the next
    /// time.
    func run<Result: ~Copyable>(
        returningTo former: borrowing NetNS,
        _ body: () throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        try enter()
        defer {
            let isBack = (1...10).contains { _ in podnet_setns(former.descriptor.raw, podnet_clone_newnet()) == 0 }
            precondition(isBack, "no way back from a network namespace")
        }
        return try body()
    }

    /// Non-blocking, since the path may as well be a pipe's.
    private static func open(_ path: String) throws(KernelError) -> Descriptor {
        do throws(PosixError) {
            return try Descriptor(opening: path, [.read, .followLinks, .nonBlocking])
        } catch {
            throw KernelError("open network namespace", path, errno: error.errno)
        }
    }

    private func enter() throws(KernelError) {
        guard podnet_setns(descriptor.raw, podnet_clone_newnet()) == 0 else {
            let number = Glibc.errno
            let inode = (try? identity.inode.description) ?? "unknown"
            throw KernelError("enter network namespace", "inode \(inode)", errno: number)
        }
    }
}
