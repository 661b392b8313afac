//! Where the bytes of files are kept, and who looks at them.

use onqueue_model::Fault;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// The longest that a file is served by one address.
const MOST_DOWNLOAD_MS: u64 = 3_600_000;

/// Times are in milliseconds.
#[derive(Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The folder with the bytes, which all replicas must share; made when the first file comes. Not used with a bucket.
    pub folder: String,
    /// The bucket with the bytes, of a service that speaks S3; empty for the folder.
    pub s3_bucket: String,
    /// What the names of the bucket's objects begin with.
    pub s3_prefix: String,
    /// Where the bucket is.
    pub s3_region: String,
    /// `https://host` of the service; empty for that of the region at AWS.
    pub s3_endpoint: String,
    /// The name of the access key; empty for what the machine's role gives.
    pub s3_key: String,
    /// The access key's secret.
    pub s3_secret: String,
    /// `https://…` or `http://…` of who is asked about each file; empty for nobody.
    pub scanner_url: String,
    /// How long it may take about one.
    pub scanner_ms: u64,
    /// How long a file waits for its word before it is refused.
    pub scanner_patience_ms: u64,
    /// How long a file may take to come.
    pub upload_ms: u64,
    /// How long an address to download one from holds; at most 3,600,000.
    pub download_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: "data/attachments".to_owned(),
            s3_bucket: String::new(),
            s3_prefix: String::new(),
            s3_region: "us-east-1".to_owned(),
            s3_endpoint: String::new(),
            s3_key: String::new(),
            s3_secret: String::new(),
            scanner_url: String::new(),
            scanner_ms: 30_000,
            scanner_patience_ms: 24 * 3_600_000,
            upload_ms: 15 * 60_000,
            download_ms: 60_000,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("folder", &self.folder)
            .field("s3_bucket", &self.s3_bucket)
            .field("s3_endpoint", &self.s3_endpoint)
            .field("scanner_url", &self.scanner_url)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Refuses what cannot work.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Everything that cannot work.
    pub fn mistakes(&self) -> Vec<Fault> {
        let no_address = |text: &str| {
            let uri = text.parse::<http::Uri>().ok();
            !uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
        };
        let wrong = [
            (
                self.folder.is_empty() && self.s3_bucket.is_empty(),
                "attachments.folder",
                "must name a folder, or s3_bucket a bucket",
            ),
            (
                !self.s3_bucket.is_empty() && self.s3_region.is_empty(),
                "attachments.s3_region",
                "must name the bucket's region",
            ),
            (
                self.s3_key.is_empty() != self.s3_secret.is_empty(),
                "attachments.s3_secret",
                "goes with s3_key: both or neither",
            ),
            (
                !self.s3_endpoint.is_empty() && no_address(&self.s3_endpoint),
                "attachments.s3_endpoint",
                "must be an address such as https://s3.example",
            ),
            (
                !self.scanner_url.is_empty() && no_address(&self.scanner_url),
                "attachments.scanner_url",
                "must be an address such as https://scanner.example/scan",
            ),
            (
                self.scanner_ms == 0 || self.scanner_ms > self.scanner_patience_ms,
                "attachments.scanner_ms",
                "must be more than 0, and not more than scanner_patience_ms",
            ),
            (
                self.upload_ms < 1_000,
                "attachments.upload_ms",
                "must be at least 1,000",
            ),
            (
                !(1_000..=MOST_DOWNLOAD_MS).contains(&self.download_ms),
                "attachments.download_ms",
                "must be 1,000 to 3,600,000",
            ),
        ];
        let wrong = wrong.into_iter().filter(|(wrong, ..)| *wrong);
        wrong.map(|(_, field, problem)| Fault::field(field, problem)).collect()
    }

    /// How long a file may take to come.
    pub const fn upload(&self) -> Duration {
        Duration::from_millis(self.upload_ms)
    }

    /// How long an address to download one from holds.
    pub const fn download(&self) -> Duration {
        Duration::from_millis(self.download_ms)
    }

    /// How long a file waits for the scanner's word.
    pub const fn patience(&self) -> Duration {
        Duration::from_millis(self.scanner_patience_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(Settings::default().check(), Ok(()));
        for change in [
            (|s| s.folder.clear()) as fn(&mut Settings),
            |s| {
                s.s3_bucket = "b".to_owned();
                s.s3_region.clear();
            },
            |s| s.s3_key = "k".to_owned(),
            |s| s.s3_endpoint = "s3.example".to_owned(),
            |s| s.scanner_url = "ftp://x/".to_owned(),
            |s| s.scanner_ms = 0,
            |s| s.upload_ms = 1,
            |s| s.download_ms = MOST_DOWNLOAD_MS + 1,
        ] {
            let mut settings = Settings::default();
            change(&mut settings);
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings = Settings {
            s3_secret: "hush".to_owned(),
            ..Settings::default()
        };
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
