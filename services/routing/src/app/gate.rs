//! A place at which tests stop the owner, as a paused process would stop there.

use tokio::sync::watch;

/// Open, unless a test has closed it. Clones are one gate.
#[derive(Clone, Debug)]
pub struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::channel(true).0)
    }
}

impl Gate {
    /// Nobody passes from now on.
    pub fn close(&self) {
        self.0.send_replace(false);
    }

    /// Whoever waits goes on where it was.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}
