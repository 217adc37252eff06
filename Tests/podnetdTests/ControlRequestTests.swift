import Control
import Testing
import PodnetDaemon

@Suite("A request on the control socket")
struct ControlRequestTests {
    @Test(
        "what is served",
        arguments: [
            ("/v1/endpoints", nil, nil, ControlRequest.list(.endpoints, after: nil)),
            ("/v1/services", "7", nil, .list(.services, after: Revision(7))),
            ("/v1/services", "7", "4711-9", .list(.services, after: Revision(7, of: "4711-9"))),
            ("/v1/status", "0", nil, .list(.status, after: Revision(0))),
            ("/healthz", nil, nil, .health),
        ]
    )
    func served(_ path: String, _ after: String?, _ run: String?, _ request: ControlRequest) throws {
        #expect(try ControlRequest(method: "GET", path: path, after: after, run: run) == request)
    }

    @Test(
        "what is refused",
        arguments: [
            ("GET", "/", nil, 404, "nothing is at '/'"),
            ("GET", "/v1/endpoints/x", nil, 404, "known are /v1/endpoints, /v1/services, /v1/status, /healthz"),
            ("POST", "/v1/endpoints", nil, 405, "POST is not known here"),
            ("GET", "/v1/endpoints", "-1", 400, "after: '-1' is not a generation"),
        ] as [(String, String, String?, Int, String)]
    )
    func refused(_ method: String, _ path: String, _ after: String?, _ status: Int, _ says: String) {
        let refusal = #expect(throws: ControlRequest.Refusal.self) {
            try ControlRequest(method: method, path: path, after: after)
        }
        #expect(refusal?.status == status)
        #expect(refusal?.message.contains(says) == true)
    }
}
