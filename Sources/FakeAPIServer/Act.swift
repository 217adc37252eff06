/// One thing that a fake server does about a request.
package enum Act: Sendable {
    /// Sends these bytes at once.
    case send([UInt8])
    /// Does nothing for a while.
    case wait(Duration)
    /// Sends one byte after the other.
    case trickle([UInt8], every: Duration)
    /// Does nothing until the client goes away.
    case hang
    /// Closes the connection.
    case close
}

extension [Act] {
    /// An answer with a body of known length.
    package static func answer(_ status: Int, _ body: String, _ headers: [String] = [jsonType]) -> [Act] {
        let head = (["HTTP/1.1 \(status) X"] + headers + ["Content-Length: \(body.utf8.count)", "", ""])
        return [.send([UInt8]((head.joined(separator: "\r\n") + body).utf8))]
    }

    /// A refusal in the API's words.
    package static func refusal(
        _ code: Int,
        _ reason: String,
        _ message: String = "",
        headers: [String] = []
    ) -> [Act] {
        answer(code, status(code, reason, message), [jsonType] + headers)
    }

    /// The beginning of a stream and its first events, one chunk each; what follows is up to the caller.
    package static func stream(_ lines: [String]) -> [Act] {
        let head = ["HTTP/1.1 200 OK", jsonType, "Transfer-Encoding: chunked", "", ""].joined(separator: "\r\n")
        return [.send([UInt8](head.utf8))] + lines.map { .send(chunk($0 + "\n")) }
    }

    /// The end of a stream.
    package static var endOfStream: [Act] { [.send([UInt8]("0\r\n\r\n".utf8))] }

    /// `v1/Status`
    package static func status(_ code: Int, _ reason: String, _ message: String = "") -> String {
        #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"\#(message)","#
            + #""reason":"\#(reason)","code":\#(code)}"#
    }

    /// The type of everything that an API server says.
    package static var jsonType: String { "Content-Type: application/json" }

    /// A chunk of a body (RFC 9112, 7.1).
    package static func chunk(_ text: String) -> [UInt8] {
        [UInt8]("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n".utf8)
    }
}
