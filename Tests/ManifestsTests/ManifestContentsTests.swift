import Addressing
import Manifests
import ServiceProxy
import Testing

/// The smallest service and slice that are valid.
let webYAML = """
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {clusterIP: 10.96.14.20, ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata:
      name: web-1
      labels:
        kubernetes.io/service-name: web
    addressType: IPv4
    ports:
    - name: http
      port: 8080
    endpoints:
    - addresses:
      - 10.11.23.2
      conditions:
        ready: true
        terminating: null
      nodeName: edge1
      targetRef: {kind: Pod, name: web-0}
    """

let webJSON = """
    {"apiVersion": "v1", "kind": "List", "items": [
      {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
       "spec": {"clusterIP": "10.96.14.20", "ports": [{"name": "http", "port": 80, "targetPort": "web"}]}},
      {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
       "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
       "ports": [{"name": "http", "port": 8080}],
       "endpoints": [{"addresses": ["10.11.23.2"], "conditions": {"ready": true, "terminating": null},
                      "nodeName": "edge1", "targetRef": {"kind": "Pod", "name": "web-0"}}]}]}
    """

func parse(_ text: String, file: String = "web.yaml") throws(ManifestError) -> ManifestContents {
    try ManifestContents(parsing: Array(text.utf8), file: file)
}

@Suite("What a manifest file says")
struct ManifestContentsTests {
    @Test("YAML documents, a YAML list, a JSON list and a JSON list read as YAML are the same objects")
    func formats() throws {
        let contents = try parse(webYAML)
        let list =
            "kind: List\napiVersion: v1\nitems:\n"
            + webYAML.split(separator: "\n---\n").map { document in
                "- " + document.replacing("\n", with: "\n  ")
            }.joined(separator: "\n")
        for other in try [parse(list), parse(webJSON, file: "web.json"), parse(webJSON)] {
            #expect(other.services.map(\.value) == contents.services.map(\.value))
            #expect(other.slices.map(\.value) == contents.slices.map(\.value))
            #expect(other.problems.isEmpty)
        }
        let service = try #require(contents.services.first?.value)
        #expect(service.name.description == "default/web")
        #expect(service.clusterIPs.map(\.description) == ["10.96.14.20"])
        let endpoint = try #require(contents.slices.first?.value.endpoints.first)
        #expect(
            endpoint.podName == "web-0" && endpoint.nodeName == "edge1" && endpoint.isReady && !endpoint.isTerminating
        )
    }

    @Test("every object knows its place")
    func places() throws {
        #expect(try parse(webYAML).slices.map(\.place) == [.line(6)])
        #expect(try parse(webJSON, file: "web.json").slices.map(\.place) == [.item(1)])
    }

    @Test("an answer of the API server is read as it is: items without a kind")
    func typedList() throws {
        let json = """
            {"kind": "ServiceList", "apiVersion": "v1", "items": [
              {"metadata": {"name": "a", "namespace": "x"}, "spec": {"clusterIP": "None"}}]}
            """
        let yaml = """
            apiVersion: v1
            items:
            - metadata:
                name: a
                namespace: x
              spec:
                clusterIP: None
            kind: ServiceList
            """
        for (text, file) in [(json, "dump.json"), (json, "dump.yaml"), (yaml, "dump.yaml")] {
            try expectOneHeadlessService(parse(text, file: file))
        }
        let slices = """
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSliceList
            items:
            - addressType: IPv4
              metadata: {name: a-1, labels: {kubernetes.io/service-name: a}}
            """
        #expect(try parse(slices).slices.map(\.value.id.name) == ["a-1"])
    }

    private func expectOneHeadlessService(_ contents: ManifestContents) {
        #expect(contents.services.map(\.value.name.description) == ["x/a"])
        #expect(contents.services.first?.value.kind == .headless)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let from: String
        let to: String
        let problem: String
    }

    @Test(
        "one bad field refuses its object and no other",
        arguments: [
            Bad(
                testDescription: "port over 65535",
                from: "port: 80,",
                to: "port: 70000,",
                problem:
                    "web.yaml:1: Service default/web: spec.ports[0].port: '70000' is not a port: ports are 1 to 65535"
            ),
            Bad(
                testDescription: "octal port",
                from: "port: 80,",
                to: "port: 080,",
                problem: "web.yaml:1: Service default/web: spec.ports[0].port: "
                    + "'080' is not a number: only plain decimal digits are taken"
            ),
            Bad(
                testDescription: "hexadecimal port",
                from: "port: 80,",
                to: "port: 0x50,",
                problem: "web.yaml:1: Service default/web: spec.ports[0].port: "
                    + "'0x50' is not a number: only plain decimal digits are taken"
            ),
            Bad(
                testDescription: "port with a fraction",
                from: "port: 80,",
                to: "port: 80.0,",
                problem: "web.yaml:1: Service default/web: spec.ports[0].port: "
                    + "'80.0' is not a number: only plain decimal digits are taken"
            ),
            Bad(
                testDescription: "quoted port",
                from: "port: 80,",
                to: "port: \"80\",",
                problem:
                    "web.yaml:1: Service default/web: spec.ports[0].port: '80' is not a number: leave out the quotes"
            ),
            Bad(
                testDescription: "number as name",
                from: "{name: web}",
                to: "{name: 1e3}",
                problem: "web.yaml:1: Service default/1e3: metadata.name: '1e3' is not a text: put it in quotes"
            ),
            Bad(
                testDescription: "truth value as port name",
                from: "name: http, port: 80",
                to: "name: yes, port: 80",
                problem: "web.yaml:1: Service default/web: spec.ports[0].name: 'yes' is not a text: put it in quotes"
            ),
            Bad(
                testDescription: "ports that are no list",
                from: "ports: [{name: http, port: 80, targetPort: 8080}]",
                to: "ports: 80",
                problem: "web.yaml:1: Service default/web: spec.ports: '80' is not a list"
            ),
            Bad(
                testDescription: "merge key",
                from: "spec: {",
                to: "spec: {<<: {}, ",
                problem: "web.yaml:1: Service default/web: spec: merge keys are not supported"
            ),
        ]
    )
    func badService(_ bad: Bad) throws {
        let contents = try parse(webYAML.replacing(bad.from, with: bad.to))
        #expect(contents.services.isEmpty)
        #expect(contents.slices.count == 1)
        #expect(contents.problems.map(\.description) == [bad.problem])
    }

    @Test("an endpoint on the host's loopback refuses its slice", arguments: ["web.yaml", "web.json"])
    func loopback(_ file: String) throws {
        let text = file == "web.yaml" ? webYAML : webJSON
        let contents = try parse(text.replacing("10.11.23.2", with: "127.0.0.1"), file: file)
        #expect(contents.services.count == 1)
        #expect(contents.slices.isEmpty)
        let text1 =
            "EndpointSlice default/web-1: endpoints[0].addresses[0]: '127.0.0.1' is not an endpoint address: loopback"
        #expect(contents.problems.map(\.text) == [text1])
    }

    @Test("a wrongly typed field of one JSON item refuses that item only")
    func badJSONItem() throws {
        let contents = try parse(webJSON.replacing("\"port\": 8080", with: "\"port\": \"http\""), file: "web.json")
        #expect(contents.services.count == 1 && contents.slices.isEmpty)
        let problem = try #require(contents.problems.first)
        #expect(problem.object == ObjectID(.endpointSlice, namespace: "default", name: "web-1"))
        #expect(problem.description.hasPrefix("web.json items[1]: EndpointSlice default/web-1: ports[0].port: "))
    }

    @Test("other kinds are left aside with a warning", arguments: ["web.yaml", "web.json"])
    func otherKinds(_ file: String) throws {
        let pod =
            file == "web.yaml"
            ? "apiVersion: v1\nkind: Pod\nmetadata: {name: web-0}\n"
            : #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0"}}"#
        let contents = try parse(pod, file: file)
        #expect(contents.problems.map(\.severity) == [.warning])
        #expect(contents.problems.map(\.text) == ["v1/Pod web-0 is left aside: no service proxy reads that kind"])
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var file = "web.yaml"
        let text: String
        let line: Int?
    }

    @Test(
        "a broken file is an error with its line",
        arguments: [
            Broken(testDescription: "tab as indentation", text: "kind: Service\nmetadata:\n\tname: web\n", line: 3),
            Broken(
                testDescription: "cut inside a flow mapping",
                text: "kind: Service\nmetadata: {name: web, ",
                line: 2
            ),
            Broken(testDescription: "one field twice", text: "kind: Service\nkind: Service\n", line: 1),
            Broken(testDescription: "unknown alias", text: "kind: Service\nmetadata: *nothing\n", line: 2),
            Broken(
                testDescription: "cut JSON",
                file: "web.json",
                text: "{\"kind\": \"List\", \"items\": [{",
                line: nil
            ),
            Broken(testDescription: "empty JSON", file: "web.json", text: "", line: nil),
        ]
    )
    func broken(_ broken: Broken) throws {
        let error = try #require(#expect(throws: ManifestError.self) { try parse(broken.text, file: broken.file) })
        #expect(!error.text.isEmpty && !error.text.contains("\n"))
        if let line = broken.line { #expect(error.place == .line(line)) }
    }

    @Test(
        "a YAML file without objects is good and holds nothing",
        arguments: ["\n", "---\n", "# nothing\n", "---\n---\n", "null\n"]
    )
    func empty(_ text: String) throws {
        #expect(try parse(text) == ManifestContents())
    }

    @Test("a file of no bytes is an error", arguments: ["web.yaml", "web.json"])
    func noBytes(_ file: String) {
        let error = #expect(throws: ManifestError.self) { try ManifestContents(parsing: [], file: file) }
        #expect(error?.text.contains("the file is empty") == true)
    }

    @Test("bytes that are no UTF-8 are an error")
    func notUTF8() {
        #expect(throws: ManifestError.self) { try ManifestContents(parsing: [0x6b, 0xff, 0xfe], file: "web.yaml") }
    }

    @Test("a bomb of aliases is refused at once, a few aliases are not")
    func aliases() throws {
        let levels = (1...12).map { level in
            "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",") + "]"
        }
        let error = #expect(throws: ManifestError.self) { try parse("a0: &a0 [x]\n" + levels.joined(separator: "\n")) }
        #expect(error?.text == "it has 108 aliases; more than 16 are not taken")
        let shared = "x: &meta {name: web}\napiVersion: v1\nkind: Service\nmetadata: *meta\nspec: {clusterIP: None}\n"
        #expect(try parse(shared).services.map(\.value.name.name) == ["web"])
    }

    @Test("ten thousand nested brackets are an error, not a crash", arguments: ["web.yaml", "web.json"])
    func deep(_ file: String) {
        let text = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        #expect(throws: ManifestError.self) { try parse(text, file: file) }
    }

    @Test("a large file, which is read in pieces, has its objects in order and at their lines")
    func pieces() throws {
        let documents = (0..<4_000).map { number in
            """
            apiVersion: v1
            kind: Service
            metadata:
              name: web-\(number)
              annotations:
                text: |
                  not the end of a document:
                  ---
            spec: {clusterIP: 10.96.\(number / 256).\(number % 256), ports: [{port: 80}]}

            """
        }
        let contents = try parse(documents.joined(separator: "---\n"))
        #expect(contents.services.map(\.value.name.name) == (0..<4_000).map { "web-\($0)" })
        #expect(contents.services.map(\.place) == (0..<4_000).map { .line($0 * 10 + 1) })
        let broken = (documents + ["kind: [\n"]).joined(separator: "---\n")
        let error = #expect(throws: ManifestError.self) { try parse(broken) }
        #expect(error?.place == .line(40_001) || error?.place == .line(40_002), "\(String(describing: error))")
    }

    @Test("no beginning of a file and no changed byte makes the parser crash", arguments: ["web.yaml", "web.json"])
    func fuzz(_ file: String) {
        let bytes = Array((file == "web.yaml" ? webYAML : webJSON).utf8)
        var read = 0
        for length in 0..<bytes.count {
            if (try? ManifestContents(parsing: Array(bytes[..<length]), file: file)) != nil { read += 1 }
        }
        for index in bytes.indices {
            for byte in [0x00, 0x0a, 0x22, 0x26, 0x2a, 0x3a, 0x5b, 0x7b, 0x7d, 0xff] as [UInt8] {
                var changed = bytes
                changed[index] = byte
                if (try? ManifestContents(parsing: changed, file: file)) != nil { read += 1 }
            }
        }
        #expect(read > 0)
    }
}
