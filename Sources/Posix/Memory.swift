internal import CKernelShims

/// This process's memory.
package enum Memory {
    /// Has all threads allocate from one heap; before there are several threads, or each keeps the one that it has.
    ///
    /// What outlives a thread's work lies scattered in its heap, and keeps it from being given back.
    package static func useOneHeap() {
        podnet_malloc_one_arena()
    }

    /// Gives freed memory back to the system; takes a few milliseconds where there is much of it.
    ///
    /// The allocator keeps it otherwise: after the first sync that would be more than what is in use.
    package static func returnUnused() {
        podnet_malloc_trim()
    }
}
