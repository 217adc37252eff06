import Synchronization

/// Lets requests wait until the generation is past a number.
final class GenerationGate: Sendable {
    private struct Waiter {
        let generation: UInt64
        let resume: CheckedContinuation<Void, Never>
    }

    private struct State {
        var generation: UInt64 = 0
        var isOpen = false
        var nextID: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
        var cancelled: Set<UInt64> = []
    }

    private let state = Mutex(State())

    /// Makes known that there is a new generation.
    func pass(_ generation: UInt64) {
        release { $0.generation = max($0.generation, generation) }
    }

    /// Lets everybody through from now on: the daemon ends.
    func open() {
        release { $0.isOpen = true }
    }

    /// Returns when the generation is past `generation`, or `limit` is over, or the task is cancelled.
    func wait(past generation: UInt64, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(past: generation) }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait(past generation: UInt64) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { resume in
                let isThrough = state.withLock { state in
                    let isThrough = state.generation > generation || state.isOpen || state.cancelled.remove(id) != nil
                    if !isThrough { state.waiters[id] = Waiter(generation: generation, resume: resume) }
                    return isThrough
                }
                if isThrough { resume.resume() }
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// The waiter, or a note for it when cancellation came first.
    private func cancel(_ id: UInt64) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: id)
            if waiter == nil { state.cancelled.insert(id) }
            return waiter
        }
        waiter?.resume.resume()
    }

    private func release(_ change: (inout State) -> Void) {
        let through = state.withLock { state in
            change(&state)
            let ids = state.waiters.filter { state.isOpen || state.generation > $0.value.generation }.keys
            return ids.compactMap { state.waiters.removeValue(forKey: $0) }
        }
        for waiter in through { waiter.resume.resume() }
    }
}
