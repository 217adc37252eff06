import NetworkModel

extension KernelError {
    /// An error with Linux' number and text.
    init(_ operation: String, _ subject: String, reason: Reason, errno: Int32, _ text: String) {
        self.init(operation, subject, reason: reason, errno: errno, text: text)
    }

    static func exists(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, "\(subject)", reason: .exists, errno: 17, "File exists")
    }

    static func noEntry(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, "\(subject)", reason: .notFound, errno: 2, "No such file or directory")
    }

    static func noDevice(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, "\(subject)", reason: .notFound, errno: 19, "No such device")
    }

    static func noProcess(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, "\(subject)", reason: .notFound, errno: 3, "No such process")
    }

    static func noAddress(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, "\(subject)", reason: .notFound, errno: 99, "Cannot assign requested address")
    }

    static func invalid(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, "\(subject)", reason: .invalid, errno: 22, "Invalid argument")
    }

    static func busy(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, "\(subject)", reason: .busy, errno: 16, "Device or resource busy")
    }

    static func unsupported(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, "\(subject)", reason: .unsupported, errno: 95, "Operation not supported")
    }
}
