/// One exchange with a real API server, as it is written down: the request, the answer's head, the answer's body.
package struct Recording: Sendable {
    /// Path and query of the request.
    package let target: String
    /// The status.
    package let status: Int
    /// The answer's headers, one a line.
    package let headers: [String]
    /// The answer's body.
    package let body: String

    /// Reads a recording; nil for what is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "\n\n", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasPrefix("GET ") else { return nil }
        let head = parts[1].split(separator: "\n").map(String.init)
        guard let first = head.first, let status = Int(first.split(separator: " ").last ?? "") else { return nil }
        target = String(parts[0].dropFirst(4))
        self.status = status
        headers = Array(head.dropFirst())
        body = String(parts[2])
    }

    /// The events of a watch.
    package var lines: [String] { body.split(separator: "\n").map(String.init) }

    /// Whether the answer came in chunks.
    package var isChunked: Bool { headers.contains { $0.hasPrefix("Transfer-Encoding") } }

    /// The same answer again, chunks cut after every `size` bytes.
    package func acts(chunks size: Int = 4096) -> [Act] {
        let length =
            isChunked
            ? [] : headers.contains { $0.hasPrefix("Content-Length") } ? [] : ["Content-Length: \(body.utf8.count)"]
        let head = (["HTTP/1.1 \(status) X"] + headers + length + ["", ""]).joined(separator: "\r\n")
        let bytes = Array(body.utf8)
        guard isChunked else { return [.send(Array(head.utf8) + bytes)] }
        let pieces = stride(from: 0, to: bytes.count, by: size).map { start in
            let piece = bytes[start..<min(start + size, bytes.count)]
            return Act.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10])
        }
        return [.send(Array(head.utf8))] + pieces + .endOfStream
    }
}
