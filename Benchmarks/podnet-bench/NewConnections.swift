import Dispatch
import Glibc
import Synchronization

/// New connections at a steady rate, each of which must reach an endpoint, as `scripts/disrupt` needs them.
enum NewConnections {
    /// `greet PORT`: sends the last byte of its own address to whoever connects, until it is ended.
    static func greet(_ arguments: [String]) throws {
        guard let port = arguments.first.flatMap({ UInt16($0) }) else { throw BenchmarkError("greet PORT") }
        let listener = try Socket.listening(on: port)
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            var byte = Socket.lastByte(ofAddressOf: connection)
            _ = send(connection, &byte, 1, Int32(MSG_NOSIGNAL))
            close(connection)
        }
    }

    /// `load RATE COUNT STOP TARGET…`: connects to one target after the other, RATE times a second, until there
    /// were COUNT connections and the file STOP is there. Prints how many there were, how many of them failed, how many
    /// took longer than half a second, and the longest in seconds. Another endpoint where it has to be the same is a failure.
    static func load(_ arguments: [String]) throws {
        guard arguments.count >= 4, let rate = Double(arguments[0]), let count = Int(arguments[1]) else {
            throw BenchmarkError("load RATE COUNT STOP TARGET…")
        }
        let targets = try arguments.dropFirst(3).map(Target.init)
        let load = Load(rate: rate, count: count, stop: arguments[2], targets: targets)
        load.begin()
        let group = DispatchGroup()
        for worker in 0..<load.workers {
            // A queue of its own is a thread of its own: connecting blocks.
            DispatchQueue(label: "worker \(worker)").async(group: group) { load.work(worker) }
        }
        group.wait()
        print(load.summary)
    }
}

extension NewConnections {
    /// One connection: it must be made, and its endpoint's byte must come.
    fileprivate static func greeting(of target: Target) -> Result<UInt8, BenchmarkError> {
        let connection = Socket.patient(seconds: 5)
        defer { Socket.reset(connection) }
        guard Socket.withAddress(target.address, target.port, { Glibc.connect(connection, $0, $1) }) == 0 else {
            return .failure(BenchmarkError("connect: \(String(cString: strerror(errno)))"))
        }
        var byte: UInt8 = 0
        switch recv(connection, &byte, 1, 0) {
        case 1: return .success(byte)
        case 0: return .failure(BenchmarkError("closed without a byte"))
        default: return .failure(BenchmarkError("receive: \(String(cString: strerror(errno)))"))
        }
    }
}

/// The connections of one run, shared by its threads.
private final class Load: Sendable {
    /// Enough that some may wait for a second without the rate suffering.
    let workers = 32
    private let rate: Double
    private let count: Int
    private let stop: String
    private let targets: [Target]
    private let started = now()
    private let tally = Mutex(Tally())

    private struct Tally {
        var new = 0
        var failed = 0
        var slow = 0
        var longest = 0.0
        /// By target, those that have to stay the same.
        var endpoints: [String: UInt8] = [:]
    }

    init(rate: Double, count: Int, stop: String, targets: [Target]) {
        self.rate = rate
        self.count = count
        self.stop = stop
        self.targets = targets
    }

    var summary: String {
        tally.withLock { "new \($0.new) failed \($0.failed) slow \($0.slow) longest \($0.longest)" }
    }

    /// Has an endpoint for every target that keeps its client's, before there are two connections at one time.
    func begin() { for target in targets where target.keepsEndpoint { connect(to: target) } }

    /// Makes every so many-th connection of the run at its time, late ones at once.
    func work(_ worker: Int) {
        var number = worker
        while number < count || access(stop, F_OK) != 0 {
            let wait = Double(number) / rate - (now() - started)
            if wait > 0 { usleep(UInt32(wait * 1e6)) }
            connect(to: targets[number % targets.count])
            number += workers
        }
    }

    private func connect(to target: Target) {
        let begun = now()
        let greeting = NewConnections.greeting(of: target)
        let took = now() - begun
        tally.withLock { tally in
            tally.new += 1
            tally.slow += took > 0.5 ? 1 : 0
            tally.longest = max(tally.longest, took)
            guard let fault = fault(in: greeting, of: target, &tally) else { return }
            tally.failed += 1
            guard tally.failed <= 10 else { return }
            say("  \(begun - started) s: \(target.address):\(target.port) after \(took) s: \(fault)")
        }
    }

    private func fault(
        in greeting: Result<UInt8, BenchmarkError>,
        of target: Target,
        _ tally: inout Tally
    ) -> BenchmarkError? {
        switch greeting {
        case .failure(let fault): return fault
        case .success(let byte):
            guard target.keepsEndpoint else { return nil }
            let known = tally.endpoints[target.address, default: byte]
            tally.endpoints[target.address] = known
            return known == byte ? nil : BenchmarkError("came to .\(byte) and not to .\(known) as before")
        }
    }
}
