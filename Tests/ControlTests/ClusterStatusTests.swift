import Control
import Testing

@Suite("The status of a daemon with a cluster")
struct ClusterStatusTests {
    @Test("shows each watch, aligned, with what is wrong")
    func watches() {
        var status = StatusPicture.status
        status.source = .init(
            kind: "kubernetes",
            location: "https://10.0.0.1:6443",
            isComplete: true,
            watches: [
                .init(resource: "services", isWatching: true, resourceVersion: "1042", problem: nil),
                .init(resource: "endpointslices", isWatching: false, resourceVersion: nil, problem: "no connection"),
            ]
        )
        let list = StatusList(metadata: Picture.provenance(kernel: .notAsked).metadata, items: [status])
        let lines = StatusReport.lines(list, now: Picture.now, .none)
        #expect(lines[0].contains("kubernetes https://10.0.0.1:6443"))
        #expect(lines[1] == "watch     services        watching  resource version 1042")
        #expect(lines[2] == "watch     endpointslices  listing   (no connection)")
    }
}
