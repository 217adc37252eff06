import Dispatch
package import NetworkModel
import Synchronization

/// The kernel on a queue of its own: netlink calls block, and nothing else may wait behind them.
///
/// A bulk transaction keeps the caller's thread inside sendmsg(2) for as long as the kernel works on it.
package final class ReconcilerKernel<K: Kernel & ~Copyable & Sendable>: Sendable {
    private let queue = DispatchQueue(label: "podnet.kernel")
    private let kernel: Mutex<K>

    /// Takes over `kernel`; nobody else can use it from now on.
    package init(_ kernel: consuming K) {
        self.kernel = Mutex(kernel)
    }

    /// Runs `body` with the kernel, after everything that was asked for before.
    package func run<Answer: Sendable>(
        _ body: @escaping @Sendable (inout K) throws(KernelError) -> Answer
    ) async throws(KernelError) -> Answer {
        let answer = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.runHere(body)) }
        }
        return try answer.get()
    }

    private func runHere<Answer>(
        _ body: (inout K) throws(KernelError) -> Answer
    ) -> Result<Answer, KernelError> {
        kernel.withLock { kernel in
            do throws(KernelError) {
                return .success(try body(&kernel))
            } catch {
                return .failure(error)
            }
        }
    }
}
