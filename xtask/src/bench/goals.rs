//! Whether a figure is as it should be.

/// Whether `value` meets a goal such as `P5: ≥ 5,000`, `≤ 0.2` or `P8: 0`; `None` where the goal names no number.
pub fn met(goal: &str, value: f64) -> Option<bool> {
    let goal = goal.split_once(": ").map_or(goal, |(_, goal)| goal);
    let (sign, number) = goal.split_once(' ').unwrap_or(("=", goal));
    let number: f64 = number.replace(',', "").parse().ok()?;
    match sign {
        "≥" => Some(value >= number),
        "≤" => Some(value <= number),
        // To as many digits as are shown.
        "=" => Some((value - number).abs() < 0.005),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_read_as_they_are_written() {
        for (goal, value, expected) in [
            ("P5: ≥ 5,000", 5_000.0, Some(true)),
            ("P5: ≥ 5,000", 4_999.0, Some(false)),
            ("≤ 0.2", 0.3, Some(false)),
            ("P8: 0", 0.001, Some(true)),
            ("P8: 0", 1.0, Some(false)),
            ("P5: ≤ ejabberd's", 1.0, None),
            ("", 1.0, None),
        ] {
            assert_eq!(met(goal, value), expected, "{goal} {value}");
        }
    }
}
