import FoundationEssentials
import Testing

/// Compares text with a file in `Golden/`.
///
/// With RECORD=1 in the environment the file is written instead, and the test fails so that nobody takes a recording for
/// a check.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let folder = String("\(#filePath)".dropLast("Golden.swift".count)) + "Golden/"
    let path = folder + name
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
        try Data(text.utf8).write(to: URL(filePath: path))
        Issue.record("recorded \(name): read it, then run again without RECORD", sourceLocation: sourceLocation)
        return
    }
    let golden = try String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    #expect(text == golden, "differs from Golden/\(name)", sourceLocation: sourceLocation)
}
