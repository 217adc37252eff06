import CMNL
package import NetworkModel
import Posix

extension NetlinkSocket {
    /// Sends a request and takes the kernel's verdict: returns on success, throws errno and the kernel's words if not.
    package mutating func request(
        _ message: Message,
        _ operation: String,
        _ subject: @autoclosure () -> String
    ) throws(KernelError) {
        let sequence = reserveSequences()
        try send(message.sealed(sequence: sequence, addingFlags: NLM_F_ACK), operation, subject)
        try check(try verdict(on: sequence, operation, subject), operation, subject)
    }

    /// The verdict on a request that has been sent: without it nobody knows whether the kernel did what was asked.
    private mutating func verdict(
        on sequence: UInt32,
        _ operation: String,
        _ subject: () -> String
    ) throws(KernelError) -> Ack? {
        var ack: Ack?
        do throws(KernelError) {
            while ack == nil {
                try receiveAnswer(to: sequence, operation, subject) { header, payload throws(MalformedMessage) in
                    if header.isAck { ack = try header.ack(payload) }
                }
            }
        } catch {
            throw error.withUnknownOutcome
        }
        return ack
    }

    /// Sends a request that is answered by one message, and reads that.
    ///
    /// What is not there throws the kernel's error: ENODEV for a link, ENOENT for a neighbour.
    package mutating func get<Value>(
        _ message: Message,
        _ operation: String,
        _ subject: @autoclosure () -> String,
        _ read: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Value
    ) throws(KernelError) -> Value {
        while true {
            let sequence = reserveSequences()
            try send(message.sealed(sequence: sequence), operation, subject)
            var value: Value?
            var ack: Ack?
            let isWhole = try receiveAnswer(to: sequence, operation, subject) {
                header,
                payload throws(MalformedMessage) in
                if header.isAck { ack = try header.ack(payload) }
                if header.isData { value = try read(header, payload) }
            }
            try check(ack, operation, subject)
            if let value { return value }
            // An answer larger than the buffer is asked for again, since the buffer has grown.
            if isWhole { throw KernelError(operation, subject(), MalformedMessage("no answer in it")) }
        }
    }

    /// Sends a request that is answered by one message or none, and then acknowledged.
    package mutating func getIfAny<Value>(
        _ message: Message,
        _ operation: String,
        _ subject: @autoclosure () -> String,
        _ read: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Value?
    ) throws(KernelError) -> Value? {
        let sequence = reserveSequences()
        try send(message.sealed(sequence: sequence, addingFlags: NLM_F_ACK), operation, subject)
        var value: Value?
        var ack: Ack?
        while ack == nil {
            try receiveAnswer(to: sequence, operation, subject) { header, payload throws(MalformedMessage) in
                if header.isAck { ack = try header.ack(payload) }
                if header.isData { value = try read(header, payload) }
            }
        }
        try check(ack, operation, subject)
        return value
    }

    /// Receives one datagram and calls `body` with those of its messages that answer `sequence`; false when it was cut.
    ///
    /// Answers to earlier requests, which nobody waits for any more, are passed over.
    @discardableResult
    private mutating func receiveAnswer(
        to sequence: UInt32,
        _ operation: String,
        _ subject: () -> String,
        _ body: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) throws(KernelError) -> Bool {
        var isAnswer = false
        while !isAnswer {
            switch try receive(operation, subject) {
            case .cut: return false
            case .nothing, .overrun: throw Self.lostAnswer(operation, subject())
            case .datagram(let length):
                do throws(MalformedMessage) {
                    try self.read(length) { header, payload throws(MalformedMessage) in
                        guard header.sequence == sequence else { return }
                        isAnswer = true
                        try body(header, payload)
                    }
                } catch {
                    throw KernelError(operation, subject(), error)
                }
            }
        }
        return true
    }

    private func check(_ ack: Ack?, _ operation: String, _ subject: () -> String) throws(KernelError) {
        guard let ack, ack.errno != 0 else { return }
        throw KernelError(operation, subject(), errno: ack.errno, kernelMessage: ack.text)
    }

    static func lostAnswer(_ operation: String, _ subject: String) -> KernelError {
        KernelError(operation, subject, reason: .exhausted, text: "the kernel's answer is lost")
    }
}

extension NetlinkSocket {
    /// Sends a dump request and returns what `read` makes of each message; nil leaves a message out.
    ///
    /// A dump during which the kernel's tables changed (NLM_F_DUMP_INTR) may miss entries or hold them twice. It is
    /// thrown away and made again, at most ten times in half a second, then the error is `.interrupted`.
    package mutating func dump<Value>(
        _ message: Message,
        _ operation: String,
        _ subject: @autoclosure () -> String,
        _ read: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Value?
    ) throws(KernelError) -> [Value] {
        try dump(message, into: [], operation, subject()) { values, header, payload throws(MalformedMessage) in
            if let value = try read(header, payload) { values.append(value) }
        }
    }

    /// As above; every message is put into `result` at once, and into `result` anew when the dump is made again.
    package mutating func dump<Result>(
        _ message: Message,
        into result: Result,
        _ operation: String,
        _ subject: @autoclosure () -> String,
        _ take: (inout Result, MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) throws(KernelError) -> Result {
        for attempt in 0...10 {
            if attempt > 0 { MonotonicClock.sleep(.milliseconds(min(1 << (attempt - 1), 100))) }
            if let whole = try dumpOnce(message, result, operation, subject, take) { return whole }
        }
        throw KernelError(
            operation,
            subject(),
            reason: .interrupted,
            text: "the kernel's tables changed during each of eleven attempts to read them"
        )
    }

    /// One attempt; nil when its data cannot be trusted. Reads to the end in any case, so that the next can begin.
    private mutating func dumpOnce<Result>(
        _ message: Message,
        _ result: Result,
        _ operation: String,
        _ subject: () -> String,
        _ take: (inout Result, MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) throws(KernelError) -> Result? {
        var dump = DumpInProgress(sequence: reserveSequences())
        var result = result
        try send(message.sealed(sequence: dump.sequence, addingFlags: NLM_F_DUMP), operation, subject)
        while dump.end == nil {
            switch try receive(operation, subject) {
            case .cut, .overrun: dump.isConsistent = false
            case .nothing:
                if dump.isConsistent { throw Self.lostAnswer(operation, subject()) }
                return nil
            case .datagram(let length):
                dump.take(length, from: self) { header, payload throws(MalformedMessage) in
                    try take(&result, header, payload)
                }
            }
        }
        try check(dump.end, operation, subject)
        if let fault = dump.fault { throw KernelError(operation, subject(), fault) }
        return dump.isConsistent ? result : nil
    }
}

/// What is known of a dump while its datagrams come in.
private struct DumpInProgress {
    let sequence: UInt32
    var isConsistent = true
    /// The first message that could not be read.
    var fault: MalformedMessage?
    /// The dump's own verdict, which is its last message.
    var end: Ack?

    init(sequence: UInt32) { self.sequence = sequence }

    /// Reads the datagram in the socket's buffer.
    mutating func take(
        _ length: Int,
        from socket: borrowing NetlinkSocket,
        _ take: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) {
        do throws(MalformedMessage) {
            try socket.read(length) { header, payload throws(MalformedMessage) in
                guard header.sequence == sequence else { return }
                if header.has(NLM_F_DUMP_INTR) { isConsistent = false }
                if header.isDone { end = try header.end(payload) }
                if header.isAck { end = try header.ack(payload) }
                if header.isData, isConsistent { try take(header, payload) }
            }
        } catch {
            fault = fault ?? error
        }
    }
}
