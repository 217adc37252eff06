internal import CKernelShims

/// This process's memory.
package enum Memory {
    /// Gives freed memory back to the system; takes a few milliseconds where there is much of it.
    ///
    /// The allocator keeps it otherwise: after the first sync that would be more than what is in use.
    package static func returnUnused() {
        podnet_malloc_trim()
    }
}
