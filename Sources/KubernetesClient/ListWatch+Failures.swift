/// Why a request or stream came to nothing.
package enum ListWatchFailure: Error, Hashable, Sendable {
    /// The server said no.
    case refused(APIStatus, retryAfter: Duration?)
    /// It said yes, and then what no API server says.
    case malformed(MalformedAnswer)
    /// It could not be reached, or the connection broke.
    case unreachable(String)
    /// Nothing, or too little, came for too long.
    case silent
    /// A stream ended before it had told anything.
    case cut
    /// The server's history is another one now, or one of several servers lags behind.
    case backwards(from: ResourceVersion, to: ResourceVersion)
}

extension ListWatch {
    /// How often something is tried again from where it stopped before everything is listed anew.
    private static let patience = 4

    /// What to do after a failure of the last request at `now`, a time of any clock that only goes forward.
    ///
    /// What is known stays known: nothing here changes an object.
    package mutating func fail(_ failure: ListWatchFailure, at now: Duration) -> Step {
        problem = failure.description
        failures += 1
        switch failure {
        case .refused(let status, let retryAfter): return refused(status, retryAfter, at: now)
        case .backwards: return begin(newest: true, after: failures == 1 ? .zero : delay(at: now))
        case .malformed: return isWatching && failures < Self.patience ? again(at: now) : anew(at: now)
        case .unreachable: return again(at: now)
        case .silent, .cut: return isWatching ? again(at: now) : withoutInitialEvents(failure, at: now)
        }
    }

    private mutating func refused(_ status: APIStatus, _ retryAfter: Duration?, at now: Duration) -> Step {
        if status.isExpired { return expired(at: now) }
        if status.isTooLargeVersion { return begin(newest: true, after: delay(at: now)) }
        switch status.code ?? 0 {
        case 401:
            // Whoever asks forgets the token first, so that a new one is read.
            return failures == 1 ? again(after: .zero) : again(at: now)
        case 400, 405, 406, 415, 422: return misunderstood(at: now)
        default:
            let wished = retryAfter ?? status.details?.retryAfterSeconds.map { .seconds($0) }
            if let wished { return again(after: min(max(wished, .seconds(1)), .seconds(60))) }
            return isWatching && failures >= Self.patience ? anew(at: now) : again(at: now)
        }
    }

    /// A version, or the token for the next page, is older than what the server remembers.
    private mutating func expired(at now: Duration) -> Step {
        let wait = failures == 1 ? .zero : delay(at: now)
        if isWatching { return begin(newest: false, after: wait) }
        if case .list(_, continuation: .some, _) = request {
            // Who is too slow for pages gets everything at once; it is taken apart while it arrives anyway.
            return beginPages(.newest, limit: nil, after: wait)
        }
        return begin(newest: true, after: wait)
    }

    /// The server does not know a parameter, or not the token for the next page.
    private mutating func misunderstood(at now: Duration) -> Step {
        // What began with initial events and goes on as a watch was understood.
        switch request {
        case .initialEvents where !isWatching:
            // An older server; that it has pages only is no trouble.
            problem = nil
            takesInitialEvents = false
            return begin(newest: false)
        case .list(_, continuation: .some, _): return beginPages(.newest, limit: nil, after: delay(at: now))
        case .list, .initialEvents, .watch: return anew(at: now)
        }
    }

    /// A stream that was to tell everything did not. Some servers ignore the wish to be told everything.
    private mutating func withoutInitialEvents(_ failure: ListWatchFailure, at now: Duration) -> Step {
        guard case .initialEvents = request else { return again(at: now) }
        cutInitialEvents += 1
        guard failure == .silent || cutInitialEvents > 1 else { return anew(at: now) }
        takesInitialEvents = false
        return begin(newest: false)
    }

    private mutating func again(at now: Duration) -> Step { again(after: delay(at: now)) }

    /// Asks the same again; a stream from where it stopped.
    private mutating func again(after delay: Duration) -> Step {
        switch request {
        case .list: return step(request, after: delay)
        case .initialEvents where !isWatching: return begin(newest: false, after: delay)
        case .initialEvents, .watch: return watch(after: delay)
        }
    }

    /// Lists everything anew after a while.
    private mutating func anew(at now: Duration) -> Step {
        begin(newest: false, after: delay(at: now))
    }

    private mutating func delay(at now: Duration) -> Duration {
        backoff.delay(at: now, &dice)
    }
}

extension ListWatchFailure {
    /// The same without `secret` in any text. Whole texts: of one that was cut before, half the secret could be left.
    func hiding(_ secret: Secret?) -> Self {
        guard let secret, !secret.text.isEmpty else { return self }
        func hidden(_ text: String) -> String { text.replacing(secret.text, with: secret.description) }
        switch self {
        case .refused(var status, let retryAfter):
            status.reason = status.reason.map(hidden)
            status.message = status.message.map(hidden)
            return .refused(status, retryAfter: retryAfter)
        case .malformed(let answer): return .malformed(MalformedAnswer(hidden(answer.description)))
        case .unreachable(let reason): return .unreachable(hidden(reason))
        case .silent, .cut, .backwards: return self
        }
    }
}

extension ListWatchFailure: CustomStringConvertible {
    /// For the log and the status.
    package var description: String {
        switch self {
        case .refused(let status, _):
            let words = [status.code.map(String.init), status.reason, status.message].compactMap(\.self)
            return "the server refused: " + String(words.joined(separator: " ").prefix(300))
        case .malformed(let answer): return "the answer makes no sense: \(answer)"
        case .unreachable(let reason): return reason
        case .silent: return "the server fell silent"
        case .cut: return "the server ended the stream at once"
        case .backwards(let from, let to): return "the server went back from resource version \(from) to \(to)"
        }
    }
}
