//! Waiting for what is to happen.

use std::time::Duration;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until `condition` answers true; panics, saying what was waited for, when that takes longer than `within` of real
/// time.
pub async fn until(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !condition().await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let came = tokio::time::timeout(within, looking).await;
    assert!(came.is_ok(), "waited {within:?} in vain for this: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_looks_until_it_is_so() {
        let mut looks = 0;
        until("the third look", Duration::from_secs(5), async || {
            looks += 1;
            looks == 3
        })
        .await;
        assert_eq!(looks, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "in vain for this: the moon")]
    async fn it_gives_up_aloud() {
        until("the moon", Duration::from_millis(20), async || false).await;
    }
}
