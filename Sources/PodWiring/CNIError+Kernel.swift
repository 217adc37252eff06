package import CNI
package import NetworkModel

extension CNIError {
    /// The answer to a runtime when the kernel refused something.
    package init(_ error: KernelError) {
        self.init(Code(error.reason), "\(error.operation) \(error.subject)", details: error.description)
    }

    /// The answer when a plan stopped half-way: the cause, and what taking it back has left.
    package init(_ error: PlanError) {
        self = CNIError(error.cause)
        for leftover in error.rollback { self = adding("not taken back: \(leftover)") }
    }

    /// The answer of DEL and GC, which go on after errors and report all of them; nil when there were none.
    package init?(_ errors: [CNIError]) {
        guard var combined = errors.first else { return nil }
        for error in errors.dropFirst() { combined = combined.adding(error.description) }
        self = combined
    }
}

extension CNIError {
    /// Passes when CHECK found no fault; otherwise throws what is wrong, with every fault in `details`.
    package static func refuse(_ faults: [String], _ sentence: @autoclosure () -> String) throws(CNIError) {
        guard !faults.isEmpty else { return }
        throw CNIError(.other, sentence(), details: faults.joined(separator: "\n"))
    }
}

extension CNIError.Code {
    /// CNI 1.1.0 has no codes for kernels: what may pass is 11, the rest has no code of its own.
    fileprivate init(_ reason: KernelError.Reason) {
        switch reason {
        case .busy, .interrupted, .exhausted: self = .tryAgainLater
        case .exists, .notFound, .denied, .invalid, .unsupported, .other: self = .other
        }
    }
}
