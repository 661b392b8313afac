//! How much memory processes take.

use std::io;

/// Memory of the processes in bytes: what is theirs alone and their share of what is not.
pub fn resident(processes: &[u32]) -> io::Result<u64> {
    let each = processes.iter().map(|process| {
        let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        let kib = number.ok_or_else(|| io::Error::other("the system does not say how much memory a process takes"))?;
        Ok(kib * 1_024)
    });
    each.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_counted() {
        let own = [std::process::id()];
        let before = resident(&own).expect("is told");
        let taken = std::hint::black_box(vec![7_u8; 64 << 20]);
        let after = resident(&own).expect("is told");
        assert!(after >= before + (48 << 20), "{before} {after}");
        drop(taken);
    }
}
