import ServiceProxy
import Testing

@Suite("The reconciler's inbox")
struct ReconcilerInboxTests {
    @Test("a burst is taken out at once, in order")
    func burst() async {
        let inbox = ReconcilerInbox<Int>()
        for number in 0..<1_000 { inbox.put(number) }
        inbox.close()
        var batches: [[Int]] = []
        for await _ in inbox.arrivals { batches.append(inbox.takeAll()) }
        #expect(batches == [Array(0..<1_000)])
    }

    @Test("nothing that is put in from several tasks is lost")
    func concurrent() async {
        let inbox = ReconcilerInbox<Int>()
        async let taken = Self.takeAll(from: inbox)
        await withDiscardingTaskGroup { group in
            for start in 0..<8 {
                group.addTask { for offset in 0..<500 { inbox.put(start * 500 + offset) } }
            }
        }
        inbox.close()
        #expect(await taken.sorted() == Array(0..<4_000))
    }

    private static func takeAll(from inbox: ReconcilerInbox<Int>) async -> [Int] {
        var all: [Int] = []
        for await _ in inbox.arrivals { all += inbox.takeAll() }
        return all + inbox.takeAll()
    }
}
