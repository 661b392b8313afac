//! Where bytes are kept: a folder, or a bucket that speaks S3. A file lies in parts, each an object of its own, because it
//! comes and goes in parts: nobody ever holds more of it than one.

use crate::{Settings, http::ForStore};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{
    Error, ObjectStore, ObjectStoreExt as _, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
};
use onqueue_model::{AttachmentId, ConversationId, Fault, OrganisationId};
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// How many bytes each part has but a file's last.
pub const PART: usize = 512 * 1024;

/// How long one object may take to come or go, and with all that is tried again.
const ONCE: Duration = Duration::from_secs(5);
const IN_ALL: Duration = Duration::from_secs(8);

/// Where one file's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub organisation: OrganisationId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Which file.
    pub attachment: AttachmentId,
}

impl Place {
    fn path(&self, prefix: &str) -> Path {
        let ids = [
            self.organisation.to_string(),
            self.conversation.to_string(),
            self.attachment.to_string(),
        ];
        let prefix = prefix.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
        Path::from_iter(prefix.chain(ids))
    }
}

/// Keeps bytes. Clones share it.
#[derive(Clone)]
pub struct Depot(Arc<Inner>);

struct Inner {
    settings: Settings,
    store: OnceCell<Arc<dyn ObjectStore>>,
}

impl fmt::Debug for Depot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Depot").field(&self.0.settings).finish()
    }
}

impl Depot {
    /// A depot as the settings say. Nothing is looked for before the first file comes.
    pub fn new(settings: &Settings) -> Self {
        Self(Arc::new(Inner {
            settings: settings.clone(),
            store: OnceCell::new(),
        }))
    }

    /// Keeps a part of an attempt to bring that file; durable when it returns. The same part again replaces it.
    pub async fn put(&self, place: &Place, attempt: Uuid, number: u32, data: Bytes) -> Result<(), Fault> {
        let path = self.part(place, attempt, number);
        self.store().await?.put(&path, data.into()).await.map_err(fault)?;
        Ok(())
    }

    /// A part; `None` if it is not there.
    pub async fn get(&self, place: &Place, attempt: Uuid, number: u32) -> Result<Option<Bytes>, Fault> {
        let path = self.part(place, attempt, number);
        let found = match self.store().await?.get(&path).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(fault)?,
        };
        // A foreign object of any length must not fill the memory.
        if found.meta.size > PART as u64 {
            return Err(Fault::internal(format_args!("{path} is larger than a part")));
        }
        found.bytes().await.map(Some).map_err(fault)
    }

    /// Removes every part of every attempt; also if there are none.
    pub async fn remove(&self, place: &Place) -> Result<(), Fault> {
        let store = self.store().await?;
        let under = place.path(&self.0.settings.s3_prefix);
        let paths = store.list(Some(&under)).map_ok(|meta| meta.location).boxed();
        let mut removed = store.delete_stream(paths);
        while let Some(outcome) = removed.next().await {
            match outcome {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(fault(error)),
            }
        }
        Ok(())
    }

    fn part(&self, place: &Place, attempt: Uuid, number: u32) -> Path {
        let within = place.path(&self.0.settings.s3_prefix);
        within.join(attempt.to_string()).join(format!("{number:05}"))
    }

    async fn store(&self) -> Result<&Arc<dyn ObjectStore>, Fault> {
        let open = || async {
            match self.0.settings.s3_bucket.as_str() {
                "" => folder(&self.0.settings.folder).await,
                _ => bucket(&self.0.settings),
            }
        };
        self.0.store.get_or_try_init(open).await
    }
}

async fn folder(path: &str) -> Result<Arc<dyn ObjectStore>, Fault> {
    let made = tokio::fs::create_dir_all(path).await;
    made.map_err(|error| Fault::unavailable(format_args!("{path}: {error}")))?;
    let folder = LocalFileSystem::new_with_prefix(path).map_err(fault)?;
    Ok(Arc::new(folder.with_fsync(true).with_automatic_cleanup(true)))
}

fn bucket(settings: &Settings) -> Result<Arc<dyn ObjectStore>, Fault> {
    let retry = RetryConfig {
        max_retries: 3,
        retry_timeout: IN_ALL,
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.s3_bucket)
        .with_region(&settings.s3_region)
        // Not every service that speaks S3 removes several at once.
        .with_disable_bulk_delete(true)
        .with_http_connector(ForStore::new(ONCE)?)
        .with_retry(retry);
    if !settings.s3_endpoint.is_empty() {
        let plain = settings.s3_endpoint.starts_with("http://");
        builder = builder.with_endpoint(&settings.s3_endpoint).with_allow_http(plain);
    }
    if !settings.s3_key.is_empty() {
        builder = builder
            .with_access_key_id(&settings.s3_key)
            .with_secret_access_key(&settings.s3_secret);
    }
    Ok(Arc::new(builder.build().map_err(fault)?))
}

/// The disk is full, the service is away, the key no longer holds: whoever wants the file may try again.
#[allow(clippy::needless_pass_by_value, reason = "it is handed over")]
fn fault(error: Error) -> Fault {
    Fault::unavailable(format_args!("attachments: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Id;

    fn id<T>(number: u128) -> Id<T> {
        Id::new(Uuid::from_u128(number))
    }

    fn place(attachment: u128) -> Place {
        Place {
            organisation: id(1),
            conversation: id(2),
            attachment: id(attachment),
        }
    }

    fn depot(folder: &std::path::Path) -> Depot {
        Depot::new(&Settings {
            folder: folder.join("below").display().to_string(),
            ..Settings::default()
        })
    }

    #[tokio::test]
    async fn parts_come_back_and_go_for_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let depot = depot(folder.path());
        assert!(
            !folder.path().join("below").exists(),
            "nothing is made before it is needed"
        );
        let (first, second) = (Uuid::from_u128(7), Uuid::from_u128(8));
        for (attempt, number, data) in [
            (first, 1, "one"),
            (first, 2, "two"),
            (second, 1, "other"),
            (first, 1, "eins"),
        ] {
            depot.put(&place(3), attempt, number, data.into()).await.expect("kept");
        }
        depot.put(&place(4), first, 1, "stays".into()).await.expect("kept");
        let get =
            async |attachment, attempt, number| depot.get(&place(attachment), attempt, number).await.expect("read");
        assert_eq!(get(3, first, 1).await.as_deref(), Some(&b"eins"[..]));
        assert_eq!(get(3, second, 1).await.as_deref(), Some(&b"other"[..]));
        assert_eq!(get(3, second, 2).await, None);
        depot.remove(&place(3)).await.expect("removed");
        depot.remove(&place(3)).await.expect("removed again");
        for (attempt, number) in [(first, 1), (first, 2), (second, 1)] {
            assert_eq!(get(3, attempt, number).await, None);
        }
        assert_eq!(get(4, first, 1).await.as_deref(), Some(&b"stays"[..]));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_is_no_defect() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let kept = depot(file.path()).put(&place(1), Uuid::nil(), 1, "x".into()).await;
        assert_eq!(
            kept.map_err(|fault| fault.reason),
            Err(onqueue_model::Reason::Unavailable)
        );
    }
}
