import Addressing
import FakeAPIServer
import KubernetesClient
import Posix
import ServiceProxy
import Testing

@Suite("Whom a client believes, and what it shows")
struct IdentityTests {
    private static let good = [Act].answer(200, Written.list([Written.service("web", "10.96.0.1", at: 5)], at: 10))

    private func access(_ server: FakeAPIServer, _ scheme: String = "https") throws -> ClusterAccess {
        ClusterAccess(try ServerAddress(parsing: "\(scheme)://127.0.0.1:\(server.port)"))
    }

    /// Runs `body` with a folder that is gone afterwards.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/podnet-identity-\(FileSystem.uniqueSuffix())"
        try FileSystem.makeDirectories(folder)
        defer {
            for name in (try? FileSystem.list(folder)) ?? [] {
                _ = try? FileSystem.removeIfPresent("\(folder)/\(name)")
            }
            try? FileSystem.removeDirectory(folder)
        }
        try await body(folder)
    }

    @Test("a certificate of an authority that was named is believed")
    func knownAuthority() async throws {
        let server = try await scripted(certificate: Certificates.here, list: { _, _ in Self.good })
        var access = try access(server)
        access.trust = .authorities(.inline(Secret(Certificates.here.chain)))
        let seen = try await follow(server, access) { $0.delivery == .complete }
        #expect(seen.services == ["web 10.96.0.1:80"])
    }

    @Test(
        "no other certificate is, and no request is made",
        arguments: ["self-signed", "another authority", "another name", "expired", "not valid yet"]
    )
    func refusedCertificate(_ what: String) async throws {
        let certificates = [
            "another name": Certificates.named, "expired": Certificates.expired, "not valid yet": Certificates.future,
        ]
        let certificate = certificates[what] ?? Certificates.here
        let server = try await scripted(certificate: certificate, list: { _, _ in Self.good })
        var access = try access(server)
        access.token = .text(.inline(Secret("canary")))
        // Those of another time and name are of an authority that is believed.
        let authority = what == "another authority" ? Certificates.named : certificate
        if what != "self-signed" { access.trust = .authorities(.inline(Secret(authority.chain))) }
        let seen = try await follow(server, access) { $0.problem != nil }
        #expect(seen.delivery == .waiting)
        #expect(server.requests.isEmpty)
        #expect(seen.problem?.lowercased().contains("certificate") == true || what == "another name", "\(seen)")
        #expect(!"\(seen)".contains("canary"))
    }

    @Test("tls-server-name is the name that the certificate has to have")
    func serverName() async throws {
        let server = try await scripted(certificate: Certificates.named, list: { _, _ in Self.good })
        var access = try access(server)
        access.trust = .authorities(.inline(Secret(Certificates.named.chain)))
        access.serverName = "kube.example"
        _ = try await follow(server, access) { $0.delivery == .complete }
        #expect(server.requests.allSatisfy { $0.headers["host"] == "127.0.0.1:\(server.port)" })
    }

    @Test("every certificate is believed only by who is told to")
    func insecure() async throws {
        let server = try await scripted(certificate: Certificates.named, list: { _, _ in Self.good })
        var access = try access(server)
        access.trust = .everybody
        _ = try await follow(server, access) { $0.delivery == .complete }
    }

    @Test("a token that was refused is read again; the rest is as it was")
    func rotatedToken() async throws {
        try await withFolder { folder in
            let path = "\(folder)/token"
            try FileSystem.overwrite(path, with: Array("old\n".utf8))
            let server = try await scripted(list: { request, _ in
                if request.headers["authorization"] == "Bearer new" { return Self.good }
                try? FileSystem.overwrite(path, with: Array("new\n".utf8))
                return .refusal(401, "Unauthorized")
            })
            var access = try access(server, "http")
            access.token = .text(.file(path))
            let seen = try await follow(server, access) { $0.delivery == .complete && $0.problem == nil }
            #expect(seen.services.count == 1)
            #expect(server.requests.contains { $0.headers["authorization"] == "Bearer old" })
        }
    }

    @Test("a redirect takes the token nowhere")
    func redirect() async throws {
        let other = try await FakeAPIServer { _ in .answer(200, "{}") }
        let server = try await scripted(list: { _, turn in
            turn < 1 ? .answer(307, "", ["Location: http://localhost:\(other.port)/api/v1/services"]) : Self.good
        })
        var access = try access(server, "http")
        access.token = .text(.inline(Secret("canary")))
        let seen = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await other.run() }
            defer { group.cancelAll() }
            return try await follow(server, access) { $0.delivery == .complete && $0.problem == nil }
        }
        #expect(other.requests.isEmpty)
        #expect(seen.problems.contains { $0.contains("not followed") })
        #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer canary" })
        #expect(!"\(seen)".contains("canary"))
    }

    @Test(
        "a server that repeats the token does not get it into what is told",
        arguments: [
            [Act].refusal(500, "InternalError", "cannot check Bearer canary"), .refusal(401, "canary"),
            .answer(200, #"{"kind":"canary","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}"#),
            .refusal(403, "Forbidden", String(repeating: "x", count: 282) + "canary"),
            .answer(302, "", ["Location: https://127.0.0.1/?token=canary"]), .answer(500, "canary", ["X: canary"]),
        ]
    )
    func repeatedToken(_ answer: [Act]) async throws {
        let server = try await scripted(list: { _, turn in turn < 2 ? answer : Self.good })
        var access = try access(server, "http")
        access.token = .text(.inline(Secret("canary")))
        let seen = try await follow(server, access) { $0.delivery == .complete && $0.problem == nil }
        #expect(!seen.problems.isEmpty)
        #expect(!"\(seen)".contains("cana"))
    }

    @Test("authorities that change are read again for the next connection")
    func rotatedAuthority() async throws {
        try await withFolder { folder in
            let path = "\(folder)/ca.crt"
            try FileSystem.overwrite(path, with: Array(Certificates.named.chain.utf8))
            let server = try await scripted(certificate: Certificates.here, list: { _, _ in Self.good })
            var access = try access(server)
            access.trust = .authorities(.file(path))
            let seen = try await follow(server, access) { seen in
                if seen.problem != nil { try? FileSystem.overwrite(path, with: Array(Certificates.here.chain.utf8)) }
                return seen.delivery == .complete
            }
            #expect(seen.services.count == 1 && !seen.problems.isEmpty)
        }
    }

    @Test("a token that cannot be read is said, and tried again")
    func missingToken() async throws {
        try await withFolder { folder in
            let path = "\(folder)/token"
            let server = try await scripted(list: { _, _ in Self.good })
            var access = try access(server, "http")
            access.token = .text(.file(path))
            let seen = try await follow(server, access) { seen in
                if seen.problem?.contains(path) == true { try? FileSystem.overwrite(path, with: Array("late".utf8)) }
                return seen.delivery == .complete
            }
            #expect(seen.services.count == 1)
            #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer late" })
        }
    }

    @Test("a program gives the token; it is told the cluster and runs once while the token is good")
    func program() async throws {
        try await withFolder { folder in
            let script = "\(folder)/get"
            try FileSystem.overwrite(
                script,
                with: Array(
                    """
                    #!/bin/sh
                    echo "$KUBERNETES_EXEC_INFO $1 $N" >>\(folder)/calls
                    echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"given",
                    "expirationTimestamp":"2099-01-01T00:00:00Z"}}'
                    """.utf8
                ),
                permissions: 0o755
            )
            let server = try await scripted(list: { _, _ in Self.good })
            let yaml = """
                current-context: c
                contexts: [{ name: c, context: { cluster: c, user: u } }]
                clusters: [{ name: c, cluster: { server: "http://127.0.0.1:\(server.port)" } }]
                users:
                - name: u
                  user:
                    exec: { apiVersion: client.authentication.k8s.io/v1, command: ./get, args: [one], provideClusterInfo: true,
                            env: [{ name: N, value: two }] }
                """
            let access = try Kubeconfig(yaml: yaml, file: "\(folder)/kubeconfig").access()
            _ = try await follow(server, access, environment: ["PATH": "/usr/bin:/bin"]) { $0.delivery == .complete }
            #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer given" })
            let calls = String(decoding: try FileSystem.read("\(folder)/calls"), as: UTF8.self)
            #expect(calls.contains(" one two"))
            #expect(calls.contains(#""interactive":false"#))
            #expect(calls.contains("127.0.0.1"))
        }
    }
}
