import Addressing
import FoundationEssentials
import KubernetesClient
import Posix
import Testing

@Suite("Kubeconfig")
struct KubeconfigTests {
    private func config(_ user: String, cluster: String = "", server: String = "https://10.0.0.1:6443") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: main
        contexts:
        - { name: other, context: { cluster: none, user: none } }
        - { name: main, context: { cluster: c, user: u, namespace: x } }
        clusters:
        - name: c
          cluster: { server: "\(server)", \(cluster) }
        users:
        - name: u
          user: { \(user) }
        """
    }

    private func access(_ user: String, cluster: String = "") throws -> ClusterAccess {
        try Kubeconfig(yaml: config(user, cluster: cluster), file: "/etc/podnet/kubeconfig").access()
    }

    @Test("server, authority, name in the certificate")
    func cluster() throws {
        let access = try access("", cluster: "certificate-authority: pki/ca.crt, tls-server-name: kube.example")
        #expect(access.server.description == "https://10.0.0.1:6443")
        #expect(access.trust == .authorities(.file("/etc/podnet/pki/ca.crt")))
        #expect(access.serverName == "kube.example")
        #expect(access.token == .nowhere)
        let inline = try self.access("", cluster: "certificate-authority-data: YWJj, certificate-authority: /x")
        #expect(inline.trust == .authorities(.inline(Secret("abc"))))
        #expect(try self.access("").trust == .system)
        #expect(try self.access("", cluster: "insecure-skip-tls-verify: true").trust == .everybody)
    }

    @Test("credentials")
    func users() throws {
        let certificate = try access("client-certificate: a.crt, client-key-data: a2V5").certificate
        #expect(certificate?.chain == .file("/etc/podnet/a.crt"))
        #expect(certificate?.key == .inline(Secret("key")))
        #expect(try access("token: abc").token == .text(.inline(Secret("abc"))))
        // The file is the one that is renewed.
        #expect(try access("token: abc, tokenFile: t").token == .text(.file("/etc/podnet/t")))
        let acting = try access("token: abc, as: jane, as-groups: [a, b]").impersonation
        #expect(acting.user == "jane")
        #expect(acting.groups == ["a", "b"])
    }

    @Test("a program that gives credentials")
    func exec() throws {
        let exec =
            "exec: { apiVersion: client.authentication.k8s.io/v1, command: ./get, args: [a], "
            + "env: [{ name: N, value: V }], interactiveMode: IfAvailable, provideClusterInfo: true }"
        guard case .program(let program) = try access(exec).token else { throw MalformedAnswer("no program") }
        #expect(program.command == "/etc/podnet/./get")
        #expect(program.arguments == ["a"])
        #expect(program.environment == ["N": "V"])
        #expect(program.clusterInformation == ["server": "https://10.0.0.1:6443"])
    }

    @Test(
        "what cannot be used is named",
        arguments: [
            ("auth-provider: { name: gcp }", "", "users.u.auth-provider"),
            ("username: a, password: b", "", "users.u.username"),
            ("client-certificate: a", "", "go together"),
            ("exec: { apiVersion: v9, command: x }", "", "users.u.exec.apiVersion: 'v9'"),
            (
                "exec: { apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always }", "",
                "nobody to ask"
            ),
            ("", "proxy-url: http://x", "clusters.c.proxy-url"),
            ("", "certificate-authority-data: '*'", "no base64"),
            ("token: [a]", "", "token: it is not what"),
        ]
    )
    func refused(_ user: String, _ cluster: String, _ says: String) {
        let error = #expect(throws: KubeconfigError.self) { try access(user, cluster: cluster) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "nothing")")
        #expect(error?.description.hasPrefix("/etc/podnet/kubeconfig") == true)
    }

    @Test("an error never quotes a secret")
    func secrets() throws {
        let error = #expect(throws: KubeconfigError.self) {
            try Kubeconfig(yaml: "users:\n- name: u\n  user: { token: canary\n  x", file: "f")
        }
        #expect(error?.description.contains("canary") == false)
        let access = try access("token: canary, client-certificate-data: Y2FuYXJ5, client-key-data: Y2FuYXJ5")
        var shown = "\(access) \(String(reflecting: access))"
        dump(access, to: &shown)
        #expect(!shown.contains("canary"))
    }

    @Test("of several files the first to name something wins; one may be missing")
    func several() throws {
        let folder = "/tmp/podnet-kubeconfig-\(FileSystem.uniqueSuffix())"
        try FileSystem.makeDirectories(folder)
        defer {
            for name in ["a", "b"] { _ = try? FileSystem.removeIfPresent("\(folder)/\(name)") }
            try? FileSystem.removeDirectory(folder)
        }
        let one = config("token: first").replacing("current-context: main", with: "")
        try FileSystem.overwrite("\(folder)/a", with: Array(one.utf8))
        let other = config("token: second", server: "https://10.0.0.2")
        try FileSystem.overwrite("\(folder)/b", with: Array(other.utf8))
        let access = try Kubeconfig(paths: "\(folder)/a:\(folder)/missing:\(folder)/b").access()
        #expect(access.token == .text(.inline(Secret("first"))))
        #expect(access.server.host == "10.0.0.1")
        #expect(throws: KubeconfigError.self) { try Kubeconfig(paths: "\(folder)/missing") }
    }

    @Test("the given server wins over the file's")
    func override() throws {
        let server = try ServerAddress(parsing: "https://192.0.2.1")
        let access = try Kubeconfig(yaml: config("token: t"), file: "/f").access(server: server)
        #expect(access.server.description == "https://192.0.2.1:443")
    }
}

@Suite("The server's address")
struct ServerAddressTests {
    @Test(
        "what is understood",
        arguments: [
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
            ("https://api.example.org/", "https://api.example.org:443"),
            ("https://[fd00::1]:6443/clusters/one/", "https://[fd00::1]:6443/clusters/one"),
            ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
            ("http://localhost", "http://localhost:80"),
            ("http://[::1]:1", "http://[::1]:1"),
        ]
    )
    func good(_ text: String, _ shown: String) throws {
        #expect(try ServerAddress(parsing: text).description == shown)
    }

    @Test(
        "what is not",
        arguments: [
            "", "10.0.0.1", "ftp://a", "http://10.0.0.1", "http://api.example.org", "https://", "https://a:0",
            "https://a:x", "https://a:70000", "https://u:p@a", "https://a/?b", "https://fd00::1", "https://[a]",
            "https://a b", "http://127.0.0.1.example.org",
        ]
    )
    func bad(_ text: String) {
        #expect(throws: InvalidValue.self) { try ServerAddress(parsing: text) }
    }

    @Test("in a pod the virtual address of the API server is refused, a real one taken")
    func inCluster() throws {
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        for text in ["https://10.96.0.1:443", "https://kubernetes.default.svc"] {
            let error = #expect(throws: InvalidValue.self) {
                try ClusterAccess(inCluster: ServerAddress(parsing: text)).checked(environment)
            }
            #expect(error?.description.contains("this proxy programs") == true)
        }
        let real = try ServerAddress(parsing: "https://192.0.2.1:6443")
        let access = try ClusterAccess(inCluster: real).checked(environment)
        let folder = "/var/run/secrets/kubernetes.io/serviceaccount"
        #expect(access.trust == .authorities(.file("\(folder)/ca.crt")))
        #expect(access.token == .text(.file("\(folder)/token")))
    }
}

@Suite("Tokens")
struct TokenCacheTests {
    @Test("a token is read again every minute, before it expires, and when it was refused")
    func life() {
        var cache = TokenCache()
        #expect(cache.valid(at: .zero) == nil)
        cache.take(Secret("a"), at: .zero)
        #expect(cache.valid(at: .seconds(59)) == Secret("a"))
        #expect(cache.valid(at: .seconds(60)) == nil)
        #expect(cache.last == Secret("a"), "while it cannot be read")
        cache.take(Secret("b"), remaining: .seconds(300), at: .zero)
        #expect(cache.valid(at: .seconds(289)) == Secret("b"))
        #expect(cache.valid(at: .seconds(290)) == nil)
        cache.forget()
        #expect(cache.valid(at: .zero) == nil)
        #expect(cache.last == nil, "a refused one never serves again")
        cache.take(Secret("c"), remaining: .seconds(-5), at: .zero)
        #expect(cache.valid(at: .zero) == nil)
    }
}
