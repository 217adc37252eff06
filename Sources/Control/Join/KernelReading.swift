/// What came of looking at the kernel.
package enum KernelReading: Hashable, Sendable {
    /// It could be read.
    case view(KernelView)
    /// It could not, for this reason.
    case unreadable(String)
    /// Nobody asked for it.
    case notAsked

    /// What was read, if it was.
    package var view: KernelView? {
        guard case .view(let view) = self else { return nil }
        return view
    }
}
