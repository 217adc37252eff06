import Foundation
import Testing

/// Whether tests may touch the kernel: only where the Makefile or CI says so.
///
/// Being root is no permission: root on a laptop must not have its network changed by a test run.
enum KernelTestGate {
    /// `PODNET_KERNEL_TESTS=1`: run them.
    static let isOpen = isSet("PODNET_KERNEL_TESTS")
    /// `PODNET_REQUIRE_KERNEL=1`: a run that leaves them out is a failed one.
    static let isRequired = isSet("PODNET_REQUIRE_KERNEL")

    private static func isSet(_ name: String) -> Bool { ProcessInfo.processInfo.environment[name] == "1" }
}

extension Trait where Self == ConditionTrait {
    /// Leaves the suite out unless kernel tests are asked for.
    static var kernelTests: Self {
        .enabled(if: KernelTestGate.isOpen, "kernel tests run with PODNET_KERNEL_TESTS=1")
    }
}

extension Tag {
    /// Tests that need a real kernel and the right to make namespaces.
    @Tag static var kernel: Self
}

@Test("a run that requires the kernel does not leave its tests out")
func kernelTestsAreNotSkippedWhereTheyAreRequired() {
    #expect(!KernelTestGate.isRequired || KernelTestGate.isOpen)
}
