/// Certificates that sign themselves, made for these tests and valid for a hundred years.
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
}
