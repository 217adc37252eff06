package import NetworkModel

/// What a `FakeKernel` does wrong, counted in calls that would change something, from 1.
package enum Fault: Hashable, Sendable {
    /// The n-th such call fails, and nothing else.
    case failOnce(at: Int, KernelError)
    /// The n-th such call happens, but its answer is lost.
    case loseAnswer(at: Int)
    /// The n-th such call fails, and so does every later one: the disk, the memory, the permission is gone.
    case failForGood(from: Int, KernelError)
    /// After n such calls the process is dead: nothing that it calls happens, its rollback neither.
    case kill(after: Int)

    func error(at call: Int) -> KernelError? {
        switch self {
        case .failOnce(let place, let error): call == place ? error : nil
        case .failForGood(let place, let error): call >= place ? error : nil
        case .kill, .loseAnswer: nil
        }
    }

    /// What a call says that has happened.
    func lostAnswer(at call: Int) -> KernelError? {
        guard self == .loseAnswer(at: call) else { return nil }
        return KernelError(
            "apply",
            "it",
            reason: .exhausted,
            text: "the kernel's answer is lost",
            isOutcomeUnknown: true
        )
    }

    func isDeadly(after calls: Int) -> Bool {
        guard case .kill(let count) = self else { return false }
        return calls >= count
    }
}
