import Dispatch
import Synchronization

/// Applies `body` to every item, on as many cores as there are, and returns the results in the items' order.
///
/// The calling thread works too, and waits for the others.
func eachAtOnce<Item: Sendable, Answer: Sendable>(
    _ items: [Item],
    _ body: @Sendable (Item) -> Answer
) -> [Answer] {
    guard items.count > 1 else { return items.map(body) }
    let answers = Mutex<[Answer?]>(Array(repeating: nil, count: items.count))
    DispatchQueue.concurrentPerform(iterations: items.count) { index in
        let answer = body(items[index])
        answers.withLock { $0[index] = answer }
    }
    return answers.withLock { $0 }.compactMap(\.self)
}
