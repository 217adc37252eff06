import Logging
import Posix

/// The service manager that started us, or nobody.
///
/// That it does not hear us stops nothing.
struct ServiceManager: Sendable {
    /// What is sent to it.
    let address: ServiceManagerAddress?
    /// Where its deafness is reported.
    let logger: Logger

    /// Tells it something.
    func send(_ message: ServiceManagerMessage) {
        guard let address else { return }
        do {
            try DatagramSocket(to: address.socketName).send(message.text)
        } catch {
            logger.warning("the service manager does not take a message", error: error)
        }
    }
}
