import CKernelShims
import Dispatch
import Foundation
import Synchronization
import Testing

/// Runs each test case on a thread of its own in a new network namespace, which dies with the thread.
///
/// Inside, `/proc/thread-self/ns/net` names the namespace, never `/proc/self`. Detached tasks and actors with executors
/// of their own leave it, so kernel scenarios are synchronous.
struct FreshNetNS: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? { testCase == nil ? nil : self }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let executor = NetNSExecutor()
        defer { executor.stop() }
        try await withTaskExecutorPreference(executor) { try await body() }
    }
}

extension Trait where Self == FreshNetNS {
    /// A network namespace for each test case.
    static var freshNetNS: Self { FreshNetNS() }
}

/// Runs jobs, one after the other, on one thread that has left the machine's network namespace for a new one.
private final class NetNSExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)

    init() {
        Thread.detachNewThread { [self] in
            precondition(podnet_unshare_net() == 0, "kernel tests need the right to make network namespaces")
            loop()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wakeUp.signal()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }

    private func loop() {
        while true {
            wakeUp.wait()
            let (job, isStopped) = state.withLock { state -> (UnownedJob?, Bool) in
                (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isStopped)
            }
            job?.runSynchronously(on: asUnownedTaskExecutor())
            if job == nil, isStopped { return }
        }
    }
}
