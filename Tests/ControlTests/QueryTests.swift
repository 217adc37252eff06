import Control
import Testing

@Suite("Which rows are shown, and when")
struct QueryTests {
    @Test(
        "names of every kind",
        arguments: [
            ("web", 4), ("default/web", 4), ("svc/web", 4), ("service/default/web", 4), ("kube-system/web", 0),
            ("pod/web", 0),
            ("web-0", 2), ("pod/web-0", 2), ("po/default/web-0", 2), ("svc/web-0", 0),
            ("10.96.14.20", 4), ("10.96.14.20:80", 2), ("10.96.14.20:80/tcp", 2), ("10.96.14.20:80/udp", 0),
            ("10.11.23.2", 2), ("10.11.23.2:4432", 1), ("we", 0),
        ]
    )
    func names(_ name: String, _ count: Int) {
        let filter = RowFilter(names: [name])
        #expect(filter.apply(to: Picture.desired).count == count)
        #expect(filter.unknownNames(in: Picture.desired) == (count == 0 ? [name] : []))
    }

    @Test("an address is found however it is written")
    func canonicalAddress() {
        let row = Picture.item("web", "[fd00::20]:80/tcp", nil)
        #expect(RowFilter(names: ["FD00:0::20"]).apply(to: [row]).count == 1)
    }

    @Test(
        "a container by the beginning of its ID, four characters at least",
        arguments: [
            ("ct:4f1a", 1), ("ct:4f1", 0), ("4f1a", 0), (PodPicture.webID, 1), ("cam_1", 1), ("10.11.23.2", 1),
            ("10.11.23.2/32", 1),
        ]
    )
    func containers(_ name: String, _ count: Int) throws {
        #expect(RowFilter(names: [name]).apply(to: AttachmentJoin.rows(try PodPicture.evidence())).count == count)
    }

    @Test("a namespace keeps out what others call by the same name")
    func namespace() {
        let filter = RowFilter(namespace: "kube-system", names: ["web"])
        #expect(filter.apply(to: Picture.desired).isEmpty)
        #expect(filter.unknownNames(in: Picture.desired) == ["web"])
        #expect(filter.description == "named web in namespace kube-system")
    }

    @Test("a healthy service that is asked for problems is known, and has none")
    func healthy() {
        let filter = RowFilter(names: ["dns"], problemsOnly: true)
        #expect(filter.apply(to: Picture.desired).isEmpty)
        #expect(filter.unknownNames(in: Picture.desired).isEmpty)
    }

    @Test("columns sort by number where there are numbers")
    func order() {
        let pods = ["web-10", "web-2", "web-1"]
        let rows = pods.map { Picture.item("web", "10.96.14.20:80/tcp", "10.11.23.2:80", pod: $0) }
        let sorted = RowOrder.sorted(rows, by: "pod", now: Picture.now)
        #expect(sorted?.map(\.endpoint?.pod) == ["web-1", "web-2", "web-10"])
        #expect(RowOrder.sorted(rows, by: "colour", now: Picture.now) == nil)
    }

    @Test("a watch tells what came, changed and went, and nothing else")
    func watch() throws {
        let old = Picture.desired
        var new = old
        let gone = new.remove(at: 0)
        new[0].state = .ready
        new[1].kernel = KernelEvidence(.ok, connections: 1)
        let born = Picture.item("web:http", "10.96.14.20:80/tcp", "10.11.23.6:80")
        new.append(born)
        let events = WatchEvent.events(from: old, to: new)
        #expect(
            events == [
                WatchEvent(.deleted, gone), WatchEvent(.modified, new[0]), WatchEvent(.modified, new[1]),
                WatchEvent(.added, born),
            ]
        )
        var counted = new
        counted[1].kernel?.connections = 2
        #expect(WatchEvent.events(from: new, to: counted).isEmpty)
    }

    @Test("a watch's line is one JSON object without a newline in it")
    func watchLine() throws {
        let event = WatchEvent(.added, Picture.item("web", "10.96.14.20:80/tcp", nil))
        let line = String(decoding: try ControlCoding.encode(event), as: UTF8.self)
        #expect(line.hasPrefix(#"{"object":{"#) && line.hasSuffix(#""type":"ADDED"}"#))
        #expect(!line.contains("\n"))
    }

    @Test("watched rows stay under their headings; a longer one widens the columns for good")
    func watchWidths() {
        var widths: [Int] = []
        let long = Picture.item("web", "10.96.14.20:80/tcp", "10.11.23.2:80", pod: "a-pod-with-a-long-name")
        let short = Picture.item("web", "10.96.14.20:80/tcp", "10.11.23.3:80", pod: "b")
        let lines = [short, long, short].flatMap {
            RowLines.events([WatchEvent(.added, $0)], now: Picture.now, wide: false, widths: &widths, .none)
        }
        let columns = lines.map { $0.split(separator: "edge1", maxSplits: 1)[0].count }
        #expect(columns[0] < columns[1] && columns[1] == columns[2])
    }
}
