//! Who looks on while a replication runs.

use crate::Nanos;

/// Is told what happens in a replication, measured or not. Flows are numbered by the order of their names, those who come by a
/// serial number within the replication.
pub trait Observer {
    /// Somebody has come and nobody could take them at once: so many wait in their queue already.
    fn waits(&mut self, _at: Nanos, _serial: u64, _flow: usize, _ahead: usize) {}

    /// Somebody was given to an agent after waiting so long; at once is 0.
    fn answered(&mut self, _at: Nanos, _serial: u64, _flow: usize, _waited: Nanos) {}
}

/// Nobody looks on.
impl Observer for () {}
