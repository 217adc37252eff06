import Glibc
package import NetworkModel

extension KernelError {
    /// The error that the kernel answered a request with: the one place where an errno becomes a reason.
    ///
    /// EBADF and EFAULT are our own mistakes, never anybody's input, and end the process.
    package init(_ operation: String, _ subject: String, errno: Int32, kernelMessage: String? = nil) {
        precondition(errno != EBADF && errno != EFAULT, "\(operation) \(subject): \(Self.text(errno))")
        self.init(
            operation,
            subject,
            reason: Reason(errno: errno),
            errno: errno,
            text: Self.text(errno),
            kernelMessage: kernelMessage
        )
    }

    /// An answer that is not what the kernel documents.
    package init(_ operation: String, _ subject: String, _ fault: MalformedMessage) {
        self.init(operation, subject, reason: .other, text: "unusable answer of the kernel: \(fault.what)")
    }

    private static func text(_ errno: Int32) -> String {
        // strerror is thread-safe in glibc since 2.32.
        guard let text = unsafe strerror(errno) else { return "error \(errno)" }
        return unsafe String(cString: text)
    }
}

extension KernelError.Reason {
    /// The class that an errno value belongs to.
    package init(errno: Int32) {
        switch errno {
        case EEXIST: self = .exists
        case ENOENT, ENODEV, ESRCH, ENXIO, EADDRNOTAVAIL: self = .notFound
        case EBUSY, EAGAIN: self = .busy
        case EPERM, EACCES: self = .denied
        case EINVAL, ERANGE: self = .invalid
        case EOPNOTSUPP, EAFNOSUPPORT, EPROTONOSUPPORT, ENOSYS: self = .unsupported
        // nfnetlink's answer to a batch whose generation is not the current one.
        case ERESTART: self = .interrupted
        case ENOSPC, ENOMEM, ENOBUFS, ENFILE, EMFILE: self = .exhausted
        default: self = .other
        }
    }
}
