import Dispatch
import FoundationEssentials
import Posix
import Synchronization

/// What to show a server: read from where an access says, kept as long as it is good.
final class Credentials: Sendable {
    /// What goes into a request.
    struct Shown: Sendable {
        let token: Secret?
        let certificate: ClusterAccess.ClientCertificate?
    }

    private struct Memory {
        var cache = TokenCache()
        var certificate: ClusterAccess.ClientCertificate?
        var shownToken: Secret?
    }

    private let access: ClusterAccess
    private let environment: [String: String]
    private let memory = Mutex(Memory())

    /// Those of an access; the environment is for programs that give credentials.
    init(_ access: ClusterAccess, environment: [String: String]) {
        self.access = access
        self.environment = environment
    }

    /// The token that a server saw last, also after it refused it.
    var shownToken: Secret? { memory.withLock { $0.shownToken } }

    /// What to show now.
    func current() async throws(ListWatchFailure) -> Shown {
        let shown = try await knownOrRead()
        memory.withLock { $0.shownToken = shown.token ?? $0.shownToken }
        return shown
    }

    private func knownOrRead() async throws(ListWatchFailure) -> Shown {
        let now = MonotonicClock.now()
        let known = memory.withLock { memory in memory.cache.valid(at: now).map { ($0, memory.certificate) } }
        if let (token, certificate) = known {
            return Shown(token: token, certificate: certificate ?? access.certificate)
        }
        switch access.token {
        case .nowhere: return Shown(token: nil, certificate: access.certificate)
        case .text(let source): return Shown(token: try read(source, at: now), certificate: access.certificate)
        case .program(let program):
            let credential = try await run(program)
            memory.withLock { memory in
                memory.cache.take(credential.token, remaining: credential.remaining ?? .seconds(3_600), at: now)
                memory.certificate = credential.certificate
            }
            return Shown(token: credential.token, certificate: credential.certificate ?? access.certificate)
        }
    }

    /// A server refused them: they are read again before the next request.
    func forget() {
        memory.withLock { $0.cache.forget() }
    }

    private func read(_ source: ClusterAccess.TextSource, at now: Duration) throws(ListWatchFailure) -> Secret? {
        do throws(PosixError) {
            let token = Secret(try source.text().trimmed)
            memory.withLock { $0.cache.take(token, at: now) }
            return token
        } catch {
            guard let last = memory.withLock({ $0.cache.last }) else { throw .unreachable("the token: \(error)") }
            return last
        }
    }

    /// Runs the program on a thread that may wait.
    private func run(_ program: ExecProgram) async throws(ListWatchFailure) -> ExecCredential {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [environment] in
                continuation.resume(returning: program.run(in: environment))
            }
        }
        return try result.get()
    }
}

extension ClusterAccess.TextSource {
    /// The text as it is now.
    func text() throws(PosixError) -> String {
        switch self {
        case .inline(let secret): secret.text
        case .file(let path): String(decoding: try FileSystem.read(path, followLinks: true), as: UTF8.self)
        }
    }
}

extension ExecProgram {
    /// Runs it and reads what it prints.
    fileprivate func run(in environment: [String: String]) -> Result<ExecCredential, ListWatchFailure> {
        guard let path = path(in: environment) else { return .failure(.unreachable("no program '\(command)' in PATH")) }
        var all = environment.merging(self.environment) { $1 }
        all["KUBERNETES_EXEC_INFO"] = ExecCredential.information(for: self)
        let process = ChildProcess(executable: path, arguments: arguments, environment: all)
        do {
            let outcome = try process.run(input: [], timeout: .seconds(60))
            guard outcome.ending == .exited(0) else {
                return .failure(.unreachable("'\(command)' gave no credentials: \(outcome.ending)"))
            }
            return .success(try ExecCredential(printed: outcome.output, by: self, at: Date()))
        } catch {
            return .failure(.unreachable("\(error)"))
        }
    }

    private func path(in environment: [String: String]) -> String? {
        if command.contains("/") { return command }
        return (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(command)" }.first { candidate in
            (try? FileSystem.statusIfPresent(candidate, followLinks: true))?.flatMap { $0 }?.kind == .regular
        }
    }
}

extension String {
    /// Without white space at both ends: files end with a new line.
    fileprivate var trimmed: String {
        let front = drop { $0.isWhitespace }
        return String(front.reversed().drop { $0.isWhitespace }.reversed())
    }
}
