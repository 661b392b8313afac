//! Means over replications, and how sure they are.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// The probability with which an interval of [`Estimate`] contains the true value.
pub const CONFIDENCE: f64 = 0.95;

/// A value with its interval of confidence, by Student's t over the replications.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The best guess.
    pub value: f64,
    /// Half the width of the interval around it; `None` if one replication is all there is.
    pub half_width: Option<f64>,
    /// The standard error; `None` likewise.
    pub standard_error: Option<f64>,
    /// How many replications it stands on.
    pub replications: u32,
}

impl Estimate {
    /// The mean of values of independent replications; `None` if there are none.
    pub fn mean(values: &[f64]) -> Option<Self> {
        let pairs: Vec<(f64, f64)> = values.iter().map(|value| (*value, 1.0)).collect();
        Self::ratio(&pairs)
    }

    /// The ratio of two means, each pair from one independent replication: so replications count by how much happened in them.
    /// Its error is that of the linearised ratio. `None` if all the second ones are 0.
    pub fn ratio(pairs: &[(f64, f64)]) -> Option<Self> {
        let above: f64 = pairs.iter().map(|(above, _)| above).sum();
        let below: f64 = pairs.iter().map(|(_, below)| below).sum();
        if below <= 0.0 {
            return None;
        }
        let value = above / below;
        let count = pairs.len() as f64;
        let squares: f64 = pairs.iter().map(|(above, below)| (above - value * below).powi(2)).sum();
        let is_known = pairs.len() > 1;
        let standard_error = is_known.then(|| (squares / (count - 1.0) / count).sqrt() / (below / count));
        Some(Self {
            value,
            half_width: standard_error.map(|error| error * quantile(count - 1.0)),
            standard_error,
            replications: u32::try_from(pairs.len()).unwrap_or(u32::MAX),
        })
    }

    /// How many standard errors the value lies above `truth`; infinite if there is no error and yet a difference.
    pub fn z(&self, truth: f64) -> f64 {
        let difference = self.value - truth;
        if difference == 0.0 {
            return 0.0;
        }
        difference / self.standard_error.unwrap_or(0.0)
    }
}

/// By how many standard errors an interval reaches to each side.
fn quantile(freedom: f64) -> f64 {
    let two_sided = 0.5 + CONFIDENCE / 2.0;
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(two_sided))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [(1.0, 12.706_205), (9.0, 2.262_157), (39.0, 2.022_691)] {
            let found = quantile(freedom);
            assert!((found - expected).abs() < 1e-5, "{freedom}: {found}");
        }
    }

    #[test]
    fn a_mean_has_the_interval_of_students_t() {
        let estimate = Estimate::mean(&[1.0, 2.0, 3.0, 4.0]).expect("there are values");
        assert!((estimate.value - 2.5).abs() < 1e-12);
        // Variance 5/3, of the mean 5/12; t with 3 degrees of freedom is 3.182446.
        let expected = (5.0_f64 / 12.0).sqrt() * 3.182_446;
        assert!((estimate.half_width.expect("has an interval") - expected).abs() < 1e-4);
    }

    #[test]
    fn a_ratio_weighs_replications_by_what_happened_in_them() {
        let estimate = Estimate::ratio(&[(1.0, 1.0), (0.0, 3.0), (0.0, 0.0)]).expect("something happened");
        assert!((estimate.value - 0.25).abs() < 1e-12);
        assert_eq!(Estimate::ratio(&[(0.0, 0.0)]), None);
        let lone = Estimate::mean(&[3.0]).expect("there is one");
        assert_eq!((lone.half_width, lone.value), (None, 3.0));
    }
}
