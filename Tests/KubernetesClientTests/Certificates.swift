/// Certificates that sign themselves, made for these tests and valid for a hundred years where nothing else is said.
enum Certificates {
    /// For 127.0.0.1.
    static let here = (
        chain: """
        -----BEGIN CERTIFICATE-----
        MIIBlTCCATqgAwIBAgIUWfqjkMlwRxzAOpoaEomCjiUVWJ0wCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLcG9kbmV0LXRlc3QwIBcNMjYxMTI1MDE0MDI0WhgPMjEyNjEx
        MDEwMTQwMjRaMBYxFDASBgNVBAMMC3BvZG5ldC10ZXN0MFkwEwYHKoZIzj0CAQYI
        KoZIzj0DAQcDQgAEwxebJbZIGuk/orHbB2rUAQ8ZtpvHfGvt6WYlJHUfhEc0iEba
        h8U1DMHN8LljoSVIFEa32Xtd3rWEjfq4fRLl7aNkMGIwHQYDVR0OBBYEFNX/3aB2
        l1l8JoPQqDj2Bng52vk3MB8GA1UdIwQYMBaAFNX/3aB2l1l8JoPQqDj2Bng52vk3
        MA8GA1UdEQQIMAaHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJ
        ADBGAiEAmdNE0cnLiaQZYClEkloRpkWwNVD5hszhd9hf45vtGu4CIQCFnuqI6YPt
        ArZGBp7jtVddq+0GxO4gtX9t17VHGCYY3Q==
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgypcrhSZFpGHixWji
        P0582UUgymDnEbM48pw8Qx5Ag1+hRANCAATDF5sltkga6T+isdsHatQBDxm2m8d8
        a+3pZiUkdR+ERzSIRtqHxTUMwc3wuWOhJUgURrfZe13etYSN+rh9EuXt
        -----END PRIVATE KEY-----
        """
    )
    /// For kube.example, which is no address.
    static let named = (
        chain: """
        -----BEGIN CERTIFICATE-----
        MIIBnDCCAUKgAwIBAgIUA+7mY3RN9d1NCT/EdPU89SpYo3EwCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLcG9kbmV0LXRlc3QwIBcNMjYxMTI1MDE0MDI0WhgPMjEyNjEx
        MDEwMTQwMjRaMBYxFDASBgNVBAMMC3BvZG5ldC10ZXN0MFkwEwYHKoZIzj0CAQYI
        KoZIzj0DAQcDQgAEjVCpZwC7YlJSQ3iqIc12IVRvCn7XGGgVc2KhWvWFERNJH794
        06fmoCuPoEVeFOpFLE1+93YeLr7KcVroQ12hG6NsMGowHQYDVR0OBBYEFKLbrTwc
        tkfSuP2PFkmsHjXCNzwzMB8GA1UdIwQYMBaAFKLbrTwctkfSuP2PFkmsHjXCNzwz
        MBcGA1UdEQQQMA6CDGt1YmUuZXhhbXBsZTAPBgNVHRMBAf8EBTADAQH/MAoGCCqG
        SM49BAMCA0gAMEUCIBpmxl4hoxzK5jQ8gE9DNoBGZh+yWJ8C2jBrKVjeMgGDAiEA
        x6IfJjRuvobdcxkskxWC6W1ctnkVpLyg0H6VfgIewxk=
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4TF7jOZwHg0FnUfn
        Tj4oDsqtKOoCXMW+x/xZkWinIg2hRANCAASNUKlnALtiUlJDeKohzXYhVG8KftcY
        aBVzYqFa9YURE0kfv3jTp+agK4+gRV4U6kUsTX73dh4uvspxWuhDXaEb
        -----END PRIVATE KEY-----
        """
    )
    /// For 127.0.0.1, until 2021.
    static let expired = (
        chain: """
        -----BEGIN CERTIFICATE-----
        MIIBcjCCARegAwIBAgIUY2QcziK+wAeVp59+zY9EBt5E0DcwCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLcG9kbmV0LXRlc3QwHhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAx
        MDAwMDAwWjAWMRQwEgYDVQQDDAtwb2RuZXQtdGVzdDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABN454ib2mcVW/ivL08SgczJpOfvTYaNkNWUjElpYtMMjxOb/vOaO
        dOxpb3+gwbjOMZPu012iH3TzZSbvSM3Y0DSjQzBBMB0GA1UdDgQWBBTsunbQbSTE
        s8zE1XJELgJH74iBpDAPBgNVHREECDAGhwR/AAABMA8GA1UdEwEB/wQFMAMBAf8w
        CgYIKoZIzj0EAwIDSQAwRgIhALrxWq2w3cjAa5YHxgoSTBuHVm7bnHfZlpywjrX8
        wYTiAiEAwfejsTU3Ahjq1FQQaVuanqBGIxDsR6sS4FLpQec/gwY=
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgi+kKgbmJYo72Yd/3
        9yPHiwM/ySjjzERbBOe0ObFn/mihRANCAATeOeIm9pnFVv4ry9PEoHMyaTn702Gj
        ZDVlIxJaWLTDI8Tm/7zmjnTsaW9/oMG4zjGT7tNdoh9082Um70jN2NA0
        -----END PRIVATE KEY-----
        """
    )
    /// For 127.0.0.1, from 2120 on.
    static let future = (
        chain: """
        -----BEGIN CERTIFICATE-----
        MIIBdDCCARugAwIBAgIUa1FtgjZTfbVaZ3sFy0/8UJqn5M4wCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLcG9kbmV0LXRlc3QwIhgPMjEyMDAxMDEwMDAwMDBaGA8yMTIx
        MDEwMTAwMDAwMFowFjEUMBIGA1UEAwwLcG9kbmV0LXRlc3QwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAATnNd/tAwyIP571g5AKZy5aeBQzuhcd0/QWHtJjPKmovTTR
        soxvMFvCUvgIvhgh4w3S6xD9J8ZfYnL/kvga80Lpo0MwQTAdBgNVHQ4EFgQUu5t9
        V+Nkv9VNTfV+W/WquWkZbMAwDwYDVR0RBAgwBocEfwAAATAPBgNVHRMBAf8EBTAD
        AQH/MAoGCCqGSM49BAMCA0cAMEQCIGja7fCD9OVzmkON7xy1PpUgy1gGCoFE6ROb
        1u6TYaJqAiBd7XjOGlZZUGwMR/V1S7aa6oMqA065n83L+hlJGIH0Og==
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUwqEGkWNmobHBzll
        AQWksmHyZf7cD9IpjWhuT0UuotqhRANCAATnNd/tAwyIP571g5AKZy5aeBQzuhcd
        0/QWHtJjPKmovTTRsoxvMFvCUvgIvhgh4w3S6xD9J8ZfYnL/kvga80Lp
        -----END PRIVATE KEY-----
        """
    )
}
