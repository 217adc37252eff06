/// A text that must not be seen: neither descriptions nor mirrors show it.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text, for the one who sends it.
    let text: String

    /// Hides a text.
    package init(_ text: String) {
        self.text = text
    }

    /// Nothing of the text.
    package var description: String { "(secret)" }
    /// Nothing of the text.
    package var debugDescription: String { description }
    /// Nothing of the text.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
