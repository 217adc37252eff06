import Foundation

/// What a tool prints, run in the calling thread's network namespace: `ip` is the tests' oracle.
func output(_ command: String) throws -> String {
    guard let pipe = popen(command + " 2>&1", "r") else { throw CocoaError(.fileReadUnknown) }
    defer { pclose(pipe) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(pipe), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
}
