import Addressing
import ServiceProxy
import Testing

@Suite("What the reconciler owes and did")
struct SyncFiguresTests {
    private let start = SyncFigures.Moment(.now, secondsSinceEpoch: 1_000)

    private func moment(_ seconds: Double) -> SyncFigures.Moment {
        .init(start.instant + .seconds(seconds), secondsSinceEpoch: 1_000 + seconds)
    }

    private func update(at seconds: Double, triggered: Double? = nil) throws -> SourceUpdate {
        var slice = try slice("web-1", of: "web", endpoints("10.11.0.1"))
        slice.triggered = triggered.map { TriggerTime(secondsSinceEpoch: 1_000 + $0) }
        let changes: [ServiceChange] = [.service(try service("web", ["10.96.0.1"])), .slice(slice)]
        return SourceUpdate(changes, noticed: moment(seconds).instant)
    }

    @Test("a change may wait for the kernel for a minute, counted from the first one")
    func health() throws {
        var figures = SyncFigures(start: start)
        #expect(figures.isHealthy(at: moment(3_600).instant), "while nothing is known")
        try figures.queued(update(at: 10))
        try figures.queued(update(at: 50))
        figures.rested(isSettled: false, isWaiting: false, at: moment(51))
        #expect(figures.isHealthy(at: moment(69).instant))
        #expect(!figures.isHealthy(at: moment(70).instant))
        figures.rested(isSettled: true, isWaiting: false, at: moment(71))
        #expect(figures.isHealthy(at: moment(3_600).instant))
    }

    @Test("tables that cannot be read are owed without any change, a source that says nothing is not")
    func owedWithoutChange() {
        var figures = SyncFigures(start: start)
        figures.rested(isSettled: false, isWaiting: true, at: moment(1))
        #expect(figures.isHealthy(at: moment(3_600).instant))
        figures.rested(isSettled: false, isWaiting: false, at: moment(3_600))
        #expect(!figures.isHealthy(at: moment(3_660).instant))
    }

    @Test("changes are pending until they are settled, and counted for good")
    func changes() throws {
        var figures = SyncFigures(start: start)
        try figures.queued(update(at: 1))
        try figures.queued(update(at: 2))
        figures.queued(SourceUpdate([], noticed: moment(3).instant))
        #expect(figures.pending == figures.total)
        #expect((figures.total.services, figures.total.endpoints) == (2, 2))
        #expect(figures.lastQueued == moment(2).instant, "no news is not queued")
        figures.rested(isSettled: true, isWaiting: false, at: moment(4))
        #expect((figures.pending.services, figures.total.services) == (0, 2))
    }

    @Test("what a change took through the cluster counts from its annotation, unless that is older than we are")
    func networkProgramming() throws {
        var figures = SyncFigures(start: start)
        try figures.queued(update(at: 5, triggered: -1))
        try figures.queued(update(at: 5, triggered: 2.5))
        figures.rested(isSettled: false, isWaiting: false, at: moment(6))
        #expect(figures.families[.v4]?.networkProgramming.count ?? 0 == 0)
        figures.rested(isSettled: true, isWaiting: false, at: moment(7))
        figures.rested(isSettled: true, isWaiting: false, at: moment(8))
        let histogram = try #require(figures.families[.v4]?.networkProgramming)
        #expect((histogram.count, histogram.sum) == (1, 4.5))
        #expect(histogram.bounds.prefix(3) == [0.25, 0.5, 1] && histogram.bounds.last == 300)
        #expect(histogram.bounds.count == 2 + 59 + 12 + 7)
    }

    @Test("an instant by the clock that others have")
    func wallClock() {
        let figures = SyncFigures(start: start)
        // That clock was set back by an hour meanwhile.
        let now = SyncFigures.Moment(moment(10).instant, secondsSinceEpoch: -2_590)
        #expect(figures.secondsSinceEpoch(of: moment(7).instant, at: now) == -2_593)
    }

    @Test(
        "a trigger time",
        arguments: [
            ("1970-01-01T00:00:01Z", 1), ("1970-01-01T00:00:01.5Z", 1.5),
            ("1970-01-01T00:01:00.000000001Z", 60.000000001),
            ("1970-01-01T00:00:01.5+01:00", nil), ("1970-01-01T00:00:01.x5Z", nil), ("soon", nil), ("", nil),
        ] as [(String, Double?)]
    )
    func triggerTime(_ text: String, _ seconds: Double?) { #expect(TriggerTime(text)?.secondsSinceEpoch == seconds) }

    @Test("a histogram counts a value for the lowest bound that it does not exceed")
    func histogram() {
        var histogram = Histogram.exponential(from: 0.001, factor: 2, count: 3)
        for value in [0, 0.001, 0.0011, 0.004, 9] { histogram.observe(value) }
        #expect(histogram.bounds == [0.001, 0.002, 0.004])
        #expect(histogram.counts == [2, 1, 1, 1])
        #expect(histogram.count == 5)
    }
}
