/// Steps in the order in which they are to be made.
package struct NetworkPlan: Hashable, Sendable {
    /// The steps.
    package var steps: [Step]

    /// These steps.
    package init(steps: [Step]) { self.steps = steps }

    /// Whether there is nothing to do.
    package var isEmpty: Bool { steps.isEmpty }
}
