internal import Glibc

/// A system call that did not do what it was asked to do.
package struct PosixError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was attempted, in the call's own word: `open`, `fsync`, `link`.
    package let operation: String
    /// What it was attempted on: a path, or what a descriptor stands for.
    package let subject: String
    /// The error number that the kernel gave.
    package let errno: Int32

    /// Describes a refused system call.
    package init(_ operation: String, _ subject: String, errno: Int32) {
        self.operation = operation
        self.subject = subject
        self.errno = errno
    }

    /// The C library's words for the error number: `No such file or directory`.
    package var text: String {
        // glibc's strerror is thread-safe since 2.32; the text of a known number is a constant.
        guard let words = unsafe strerror(errno) else { return "error \(errno)" }
        return unsafe String(cString: words)
    }

    /// For example `open /run/netns/x: No such file or directory`.
    package var description: String { "\(operation) \(subject): \(text)" }
}

extension PosixError {
    /// What callers branch on, so that they need no C header.
    package enum Reason: Hashable, Sendable {
        /// ENOENT, or ENOTDIR: some part of the path is not there.
        case missing
        /// EEXIST
        case exists
        /// ENOTEMPTY
        case notEmpty
        /// ENOSPC or EDQUOT
        case noSpace
        /// EACCES or EPERM
        case denied
        /// EROFS
        case readOnly
        /// ELOOP: a symbolic link where none is followed.
        case symbolicLink
        /// EISDIR
        case isDirectory
        /// EFBIG: more data than the caller is ready to take.
        case tooLarge
        /// EWOULDBLOCK: someone else holds it, or nothing is there yet.
        case wouldBlock
        /// ETIMEDOUT
        case timedOut
        /// EOPNOTSUPP or ENOSYS: the kernel or the file system does not know how.
        case unsupported
        /// Any other number.
        case other
    }

    /// The class of the error number.
    package var reason: Reason {
        switch errno {
        case ENOENT, ENOTDIR: .missing
        case EEXIST: .exists
        case ENOTEMPTY: .notEmpty
        case ENOSPC, EDQUOT: .noSpace
        case EACCES, EPERM: .denied
        case EROFS: .readOnly
        case ELOOP: .symbolicLink
        case EISDIR: .isDirectory
        case EFBIG: .tooLarge
        case EWOULDBLOCK: .wouldBlock
        case ETIMEDOUT: .timedOut
        case EOPNOTSUPP, ENOSYS: .unsupported
        default: .other
        }
    }
}

extension PosixError {
    /// Whether the same call may well succeed a moment later: the kernel was short of something, or a medium did not
    /// answer.
    package var isPassing: Bool {
        [EAGAIN, EINTR, EIO, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC].contains(errno)
    }
}

/// Runs a system call until no signal interrupts it; -1 becomes the error that errno names.
///
/// Paths among `subject` and `others` may hold no NUL, at which C would cut them.
@discardableResult
func call<Answer: SignedInteger>(
    _ operation: String,
    _ subject: String,
    _ others: String...,
    body: () -> Answer
) throws(PosixError) -> Answer {
    guard !subject.utf8.contains(0), !others.contains(where: { $0.utf8.contains(0) }) else {
        throw PosixError(operation, subject, errno: EINVAL)
    }
    while true {
        let answer = body()
        guard answer == -1 else { return answer }
        let number = Glibc.errno
        guard number == EINTR else { throw PosixError(operation, subject, errno: number) }
    }
}
