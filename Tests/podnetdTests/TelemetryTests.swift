import Addressing
import Control
import ServiceProxy
import Testing
import PodnetDaemon

@Suite("What podnetd tells of itself")
struct TelemetryTests {
    private let start = SyncFigures.Moment(.now, secondsSinceEpoch: 1_700_000_000)

    private func moment(_ seconds: Double) -> SyncFigures.Moment {
        .init(start.instant + .seconds(seconds), secondsSinceEpoch: start.secondsSinceEpoch + seconds)
    }

    private func text(_ health: ProxyHealth) throws -> String {
        String(decoding: try ControlCoding.encode(health), as: UTF8.self)
    }

    @Test("while all is well, the last update is the present")
    func healthy() throws {
        var figures = SyncFigures(start: start)
        figures.rested(isSettled: true, isWaiting: false, at: moment(0))
        let health = ProxyHealth(figures, isEligible: true, at: moment(10))
        #expect(health.isGood)
        let status = #"{"healthy":true,"lastUpdated":"2023-11-14T22:13:20Z"}"#
        #expect(
            try text(health) == #"{"currentTime":"2023-11-14T22:13:30Z","healthy":true,"#
                + #""lastUpdated":"2023-11-14T22:13:30Z","nodeEligible":true,"status":{"IPv4":\#(status),"IPv6":\#(status)}}"#
        )
    }

    @Test("a node that is not eligible is no less healthy, and the last update tells")
    func notEligible() throws {
        var figures = SyncFigures(start: start)
        figures.rested(isSettled: true, isWaiting: false, at: moment(0))
        let health = ProxyHealth(figures, isEligible: false, at: moment(10))
        #expect(!health.isGood && health.healthy)
        #expect(health.lastUpdated.description == "2023-11-14T22:13:20Z")
        #expect(ProxyHealth(figures, isEligible: nil, at: moment(10)).isGood)
    }

    @Test("one that owes the kernel something for too long is not healthy")
    func owing() throws {
        var figures = SyncFigures(start: start)
        figures.rested(isSettled: false, isWaiting: false, at: moment(0))
        #expect(ProxyHealth(figures, isEligible: true, at: moment(59)).isGood)
        let health = ProxyHealth(figures, isEligible: true, at: moment(60))
        #expect(!health.isGood && !health.healthy)
        #expect(health.lastUpdated.description == "0001-01-01T00:00:00Z")
        #expect(health.status["IPv6"]?.healthy == false)
    }

    @Test("a load balancer's answer needs endpoints here and a healthy proxy")
    func healthCheck() throws {
        let name = try ServiceName(namespace: "ns", name: "web")
        let check = HealthCheck(port: try Port(30_999), readyHere: [.v4: 2, .v6: 0])
        let good = HealthCheckAnswer(name, check, .v4, isHealthy: true)
        #expect(good.isGood)
        #expect(
            good.text == "{\n\t\"service\": {\n\t\t\"namespace\": \"ns\",\n\t\t\"name\": \"web\"\n\t},\n"
                + "\t\"localEndpoints\": 2,\n\t\"serviceProxyHealthy\": true\n}"
        )
        #expect(!HealthCheckAnswer(name, check, .v6, isHealthy: true).isGood)
        #expect(!HealthCheckAnswer(name, check, .v4, isHealthy: false).isGood)
    }

    @Test("metrics as text")
    func metrics() {
        var histogram = Histogram(bounds: [0.5, 1])
        for value in [0.25, 0.75, 2] { histogram.observe(value) }
        var times = MetricFamily("t_seconds", .histogram, "Times")
        times.add(histogram, ("k", "v"))
        var odd = MetricFamily("odd", .gauge, "back\\slash\nline \"quote\"")
        odd.add(.infinity, ("l", "a\\b\"c\nd"))
        odd.add(-0.001)
        odd.add(.nan, ("l", ""))
        #expect(
            MetricsText.of([times, odd, MetricFamily("empty", .gauge, "Nothing"), .init("n_total", .counter, "N", 12)])
                == """
                # HELP t_seconds Times
                # TYPE t_seconds histogram
                t_seconds_bucket{k="v",le="0.5"} 1
                t_seconds_bucket{k="v",le="1"} 2
                t_seconds_bucket{k="v",le="+Inf"} 3
                t_seconds_sum{k="v"} 3
                t_seconds_count{k="v"} 3
                # HELP odd back\\\\slash\\nline "quote"
                # TYPE odd gauge
                odd{l="a\\\\b\\"c\\nd"} +Inf
                odd -0.001
                odd{l=""} NaN
                # HELP n_total N
                # TYPE n_total counter
                n_total 12

                """
        )
    }

    @Test("where a server listens", arguments: ["0.0.0.0:10256", "127.0.0.1:1", "[::]:65535", "[::1]:10249"])
    func listenAddress(_ text: String) throws {
        #expect(try ListenAddress(parsing: text).description == text)
        #expect(try Listening(parsing: text) == .at(ListenAddress(parsing: text)))
    }

    @Test(
        "where it cannot listen",
        arguments: [
            "", ":10256", "10256", "0.0.0.0", "0.0.0.0:0", "0.0.0.0:65536", "::1:80", "[0.0.0.0]:80", "localhost:80",
        ]
    )
    func noListenAddress(_ text: String) {
        #expect(throws: InvalidValue.self) { try Listening(parsing: text) }
    }
}
