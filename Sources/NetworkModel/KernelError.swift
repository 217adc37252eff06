/// A request that the kernel refused, or an answer of its that cannot be used.
package struct KernelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What callers branch on; everything else is for people.
    package enum Reason: Hashable, Sendable {
        /// EEXIST
        case exists
        /// ENOENT, ENODEV, ESRCH, ENXIO, EADDRNOTAVAIL: what was named is not there (any more).
        case notFound
        /// EBUSY, EAGAIN
        case busy
        /// EPERM, EACCES
        case denied
        /// EINVAL, ERANGE: the kernel could not take the request as it was.
        case invalid
        /// EOPNOTSUPP, EAFNOSUPPORT: this kernel has no such feature.
        case unsupported
        /// The generation moved on, or a dump was interrupted more often than it was retried.
        case interrupted
        /// ENOSPC, ENOMEM, ENOBUFS, ENFILE, EMFILE
        case exhausted
        /// Anything else.
        case other
    }

    /// What was asked for, as a verb and its object: `"create link"`, `"read routes"`.
    package let operation: String
    /// The object's name: `"cni0"`, `"10.11.23.2/32 dev eth0"`.
    package let subject: String
    /// The class of the failure.
    package let reason: Reason
    /// The errno value, 0 when there was none.
    package let errno: Int32
    /// The C library's text for `errno`, or what is wrong with the answer.
    package let text: String
    /// The kernel's own words (extended acknowledgement), when it had any.
    package let kernelMessage: String?
    /// Whether the change may have been made all the same: it was asked for, and the kernel's answer is lost.
    package let isOutcomeUnknown: Bool

    /// Describes one refused request.
    package init(
        _ operation: String,
        _ subject: String,
        reason: Reason,
        errno: Int32 = 0,
        text: String,
        kernelMessage: String? = nil,
        isOutcomeUnknown: Bool = false
    ) {
        self.operation = operation
        self.subject = subject
        self.reason = reason
        self.errno = errno
        self.text = text
        self.kernelMessage = kernelMessage
        self.isOutcomeUnknown = isOutcomeUnknown
    }

    /// The same for a change that may have been made.
    package var withUnknownOutcome: KernelError {
        KernelError(
            operation,
            subject,
            reason: reason,
            errno: errno,
            text: text,
            kernelMessage: kernelMessage,
            isOutcomeUnknown: true
        )
    }

    /// For example `create link cni0: File exists (kernel: …)`.
    package var description: String {
        "\(operation) \(subject): \(text)" + (kernelMessage.map { " (kernel: \($0))" } ?? "")
    }
}
