import Addressing
import Control
import NetworkModel
import Testing

@Suite("What netctl prints")
struct GoldenTests {
    @Test("endpoints: table and wide", arguments: [false, true])
    func endpoints(wide: Bool) throws {
        let kernel = KernelReading.view(try Picture.kernel().view)
        let rows = EndpointJoin.rows(desired: Picture.desired, generation: Picture.generation, kernel: kernel)
        let report = EndpointItem.report(rows, from: Picture.provenance(kernel: kernel), wide: wide)
        try expectGolden(text(report), wide ? "endpoints-wide.txt" : "endpoints.txt")
    }

    @Test("endpoints: problems only")
    func problems() throws {
        let kernel = KernelReading.view(try Picture.kernel().view)
        let rows = EndpointJoin.rows(desired: Picture.desired, generation: Picture.generation, kernel: kernel)
        let problems = RowFilter(problemsOnly: true).apply(to: rows)
        let report = EndpointItem.report(problems, from: Picture.provenance(kernel: kernel), wide: false)
        try expectGolden(text(report), "endpoints-problems.txt")
    }

    @Test("endpoints: the daemon is down")
    func kernelOnly() throws {
        let view = try Picture.kernel().view
        let provenance = Picture.provenance(.unreachable("no such socket"), kernel: .view(view))
        let report = EndpointItem.report(EndpointJoin.rows(kernelOnly: view), from: provenance, wide: false)
        try expectGolden(text(report), "endpoints-kernel-only.txt")
    }

    @Test("endpoints: the kernel may not be read")
    func daemonOnly() throws {
        let kernel = KernelReading.unreadable("read table ip podnet: Operation not permitted")
        let rows = EndpointJoin.rows(desired: Picture.desired, generation: Picture.generation, kernel: kernel)
        let report = EndpointItem.report(rows, from: Picture.provenance(kernel: kernel), wide: false)
        try expectGolden(text(report), "endpoints-no-permission.txt")
    }

    @Test("endpoints: in colour")
    func coloured() throws {
        let kernel = KernelReading.view(try Picture.kernel().view)
        let rows = EndpointJoin.rows(desired: Picture.desired, generation: Picture.generation, kernel: kernel)
        let report = EndpointItem.report(rows, from: Picture.provenance(kernel: kernel), wide: false)
        try expectGolden(text(report, .ansi), "endpoints-coloured.txt")
    }

    @Test("endpoints: the JSON document, field by field")
    func json() throws {
        let kernel = KernelReading.view(try Picture.kernel().view)
        let rows = EndpointJoin.rows(desired: Picture.desired, generation: Picture.generation, kernel: kernel)
        let list = Envelope(metadata: Picture.provenance(kernel: kernel).metadata, items: rows)
        try expectGolden(String(decoding: ControlCoding.encode(list, .indented), as: UTF8.self), "endpoints.json")
    }

    @Test("services: table and wide", arguments: [false, true])
    func services(wide: Bool) throws {
        let kernel = KernelReading.view(try Picture.kernel().view)
        let endpoints = EndpointJoin.rows(desired: Picture.desired, generation: Picture.generation, kernel: kernel)
        let rows = ServiceJoin.rows(desired: Picture.services, endpoints: endpoints)
        let report = ServiceItem.report(rows, from: Picture.provenance(kernel: kernel), wide: wide)
        try expectGolden(text(report), wide ? "services-wide.txt" : "services.txt")
    }

    @Test("services: the daemon is down")
    func servicesKernelOnly() throws {
        let view = try Picture.kernel().view
        let rows = ServiceJoin.rows(kernelOnly: EndpointJoin.rows(kernelOnly: view))
        let provenance = Picture.provenance(.unreachable("no such socket"), kernel: .view(view))
        try expectGolden(text(ServiceItem.report(rows, from: provenance, wide: false)), "services-kernel-only.txt")
    }

    @Test("pods: table and wide", arguments: [false, true])
    func pods(wide: Bool) throws {
        let rows = AttachmentJoin.rows(try PodPicture.evidence())
        var report = PodItem.report(rows, from: Picture.provenance(kernel: .notAsked), wide: wide)
        report.above = nil
        try expectGolden(text(report), wide ? "pods-wide.txt" : "pods.txt")
    }

    @Test("status")
    func status() throws {
        let list = StatusList(metadata: Picture.provenance(kernel: .notAsked).metadata, items: [StatusPicture.status])
        let lines = StatusReport.lines(list, now: Picture.now, .none)
        try expectGolden(lines.map { $0 + "\n" }.joined(), "status.txt")
    }

    @Test("the JSON of services, pods and status, field by field")
    func otherDocuments() throws {
        let metadata = Picture.provenance(kernel: .notAsked).metadata
        let documents = [
            try ControlCoding.encode(Envelope(metadata: metadata, items: Picture.services), .indented),
            try ControlCoding.encode(
                Envelope(metadata: metadata, items: AttachmentJoin.rows(try PodPicture.evidence())),
                .indented
            ),
            try ControlCoding.encode(Envelope(metadata: metadata, items: [StatusPicture.status]), .indented),
        ]
        try expectGolden(documents.map { String(decoding: $0, as: UTF8.self) }.joined(), "documents.json")
    }

    private func text(_ report: Report, _ palette: Palette = .none) -> String {
        report.lines(headings: true, palette).map { $0 + "\n" }.joined()
    }
}

/// A healthy daemon with one bad file.
enum StatusPicture {
    static let status = Status(
        version: "0.1.0",
        pid: 4711,
        startedAt: Timestamp(secondsSinceEpoch: Picture.now.secondsSinceEpoch - 3 * 86_400),
        source: .init(kind: "directory", location: "/etc/podnet/services.d", isComplete: true),
        generation: 418,
        lastSync: .init(
            generation: 418,
            at: Timestamp(secondsSinceEpoch: Picture.now.secondsSinceEpoch - 2),
            seconds: 0.0041,
            changes: 12
        ),
        syncFailures: 0,
        driftRepaired: 1,
        objects: .init(services: 41, servicesWithoutEndpoints: 2, endpoints: 120, readyEndpoints: 117),
        problems: [
            .init(
                object: "Service default/cache",
                field: "spec.ports[0].port",
                reason: "'70000' is not a port: ports are 1 to 65535"
            )
        ],
        tables: [
            .init(name: "ip podnet", present: true, owned: true, frontends: 82, endpoints: 117),
            .init(name: "ip6 podnet", present: false, owned: false, frontends: 0, endpoints: 0),
        ]
    )
}
