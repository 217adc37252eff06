package import NetworkModel

/// What a `FakeKernel` does wrong, counted in calls that would change something, from 1.
package enum Fault: Hashable, Sendable {
    /// The n-th such call fails, and nothing else.
    case failOnce(at: Int, KernelError)
    /// The n-th such call fails, and so does every later one: the disk, the memory, the permission is gone.
    case failForGood(from: Int, KernelError)
    /// After n such calls the process is dead: nothing that it calls happens, its rollback neither.
    case kill(after: Int)

    func error(at call: Int) -> KernelError? {
        switch self {
        case .failOnce(let place, let error): call == place ? error : nil
        case .failForGood(let place, let error): call >= place ? error : nil
        case .kill: nil
        }
    }

    func isDeadly(after calls: Int) -> Bool {
        guard case .kill(let count) = self else { return false }
        return calls >= count
    }
}
