//! Files that are to be gone.

use crate::app::App;
use crate::store::{Key, attachments};
use onqueue_files::Place;
use onqueue_model::{AttachmentId, Fault};

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErasedFiles {
    pub files: u64,
    pub bytes: u64,
}

impl App {
    /// Erases a conversation's files, or only that one: their names and bytes. When this returns they are gone; if it fails,
    /// their bytes follow as soon as they can, and doing it again says whether they have. What the log says of them is not
    /// touched.
    pub async fn erase_attachments(&self, key: Key, only: Option<AttachmentId>) -> Result<ErasedFiles, Fault> {
        let now = self.context.clock.now();
        let only = only.map(|attachment| Place {
            organisation: key.0,
            conversation: key.1,
            attachment,
        });
        let erased = self
            .store
            .transaction(move |tx| Box::pin(attachments::erase(tx, key, only, now)))
            .await?;
        let mut outcome = ErasedFiles::default();
        for one in erased {
            outcome.files += 1;
            outcome.bytes += one.bytes;
            if let Some(gone) = attachments::find(&self.store, one.place).await? {
                self.remove(&gone).await?;
            }
        }
        Ok(outcome)
    }
}
