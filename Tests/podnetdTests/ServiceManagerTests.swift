import Testing
import PodnetDaemon

@Suite("Words for the service manager")
struct ServiceManagerTests {
    @Test(
        "the datagrams are those of sd_notify(3)",
        arguments: [
            (
                ServiceManagerMessage.ready(status: "generation 3, 2 services"),
                "READY=1\nSTATUS=generation 3, 2 services"
            ),
            (.status("a\nREADY=1"), "STATUS=a READY=1"),
            (.reloading(microseconds: 17), "RELOADING=1\nMONOTONIC_USEC=17"),
            (.stopping, "STOPPING=1"),
            (.watchdog, "WATCHDOG=1"),
        ]
    )
    func datagrams(_ message: ServiceManagerMessage, _ text: String) {
        #expect(message.text == text)
    }

    @Test("a path and an abstract name")
    func names() {
        let path = ServiceManagerAddress(environment: ["NOTIFY_SOCKET": "/run/n"], processID: 1)
        #expect(path?.socketName == Array("/run/n".utf8))
        let abstract = ServiceManagerAddress(environment: ["NOTIFY_SOCKET": "@n"], processID: 1)
        #expect(abstract?.socketName == [0] + Array("n".utf8))
    }

    @Test("nobody listens", arguments: [[:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "vsock:2:1"]])
    func nobody(_ environment: [String: String]) {
        #expect(ServiceManagerAddress(environment: environment, processID: 1) == nil)
    }

    @Test(
        "the watchdog is fed at twice the pace, if it is ours",
        arguments: [
            (["WATCHDOG_USEC": "30000000"], Duration.seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"], .seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], nil),
            (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "soon"], nil),
        ] as [([String: String], Duration?)]
    )
    func watchdog(_ environment: [String: String], _ interval: Duration?) {
        let environment = environment.merging(["NOTIFY_SOCKET": "/n"]) { $1 }
        #expect(ServiceManagerAddress(environment: environment, processID: 7)?.watchdogInterval == interval)
    }
}
