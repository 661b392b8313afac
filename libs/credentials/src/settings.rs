//! The section `[tls]`.

use onqueue_model::Fault;
use serde::Deserialize;

/// Where a process finds its certificates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The folder that has one folder for each service; empty for a process that calls no other.
    pub folder: String,
    /// Milliseconds between looks for renewed files.
    pub reload_ms: u64,
}

impl Settings {
    /// Refuses values that can not work. The field is named as in the section `[tls]`.
    pub fn check(&self) -> Result<(), Fault> {
        if self.reload_ms == 0 {
            return Err(Fault::field("tls.reload_ms", "must be more than 0"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_not_looked_at_all_the_time() {
        let check = |reload_ms| {
            let folder = String::new();
            Settings { folder, reload_ms }.check().map_err(|fault| fault.metadata)
        };
        assert_eq!(check(1), Ok(()));
        assert_eq!(check(0), Err(vec![("field", "tls.reload_ms".to_owned())]));
    }
}
