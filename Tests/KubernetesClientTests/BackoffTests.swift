import KubernetesClient
import Testing

@Suite("Backoff")
struct BackoffTests {
    @Test("waits double up to a limit, with jitter, and begin anew after a quiet time", arguments: [1, 2, 3, 99])
    func waits(_ seed: UInt64) {
        var backoff = Backoff()
        var dice = SeededDice(seed: seed)
        var now: Duration = .zero
        for base in [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30] {
            let wait = backoff.delay(at: now, &dice) / .seconds(1)
            #expect(wait >= min(base, 30) && wait <= min(base * 2, 30), "\(base)")
            now += .seconds(wait)
        }
        let later = backoff.delay(at: now + .seconds(121), &dice) / .seconds(1)
        #expect(later >= 0.8 && later <= 1.6)
    }

    @Test("two clients do not wait alike")
    func spread() {
        let waits = (0..<20).map { (seed: UInt64) in
            var backoff = Backoff()
            var dice = SeededDice(seed: seed)
            return backoff.delay(at: .zero, &dice)
        }
        #expect(Set(waits).count == 20)
    }
}
