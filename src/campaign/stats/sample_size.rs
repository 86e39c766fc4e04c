//! How many faults a wanted margin of error needs, and which margin so many faults give.
//!
//! Source: Leveugle, Calvez, Maistri, Vanhauwaert, "Statistical fault injection: quantified error and confidence", DATE
//! 2009, equation 4. It plans a sample; what the sample then shows is given by [`super::proportion`], since the formula
//! rests on the normal approximation, which is poor for rare outcomes.

use super::Share;
use super::distribution::normal_two_sided;
use serde::Serialize;
use thiserror::Error;

/// The size of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SampleSize {
    /// What the formula gives, from 0 to the population.
    pub real: f64,
    /// The next integer at or above it: faults to draw.
    pub faults: usize,
}

/// Why there is no sample size.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SampleSizeError {
    /// Certainty, or none at all.
    #[error(
        "a confidence of {0} needs no sample size; give one between 0 and 100 %, such as 99%, or take all faults"
    )]
    Confidence(Share),
    /// Not a positive number.
    #[error("a quantile of {0} is not usable; give a positive number, such as 2.5758 for 99 %")]
    Quantile(f64),
    /// Nothing to estimate.
    #[error(
        "an expected proportion of {0} leaves nothing to estimate; give one between 0 and 100 %, 50% if it is unknown"
    )]
    Proportion(Share),
}

/// The quantile `t` of a two-sided normal interval: 2.5758 for 99 %, 1.9600 for 95 %. Studies round it (2.58).
///
/// # Errors
/// [`SampleSizeError::Confidence`] for 0 and for 100 %.
pub fn quantile(confidence: Share) -> Result<f64, SampleSizeError> {
    if confidence.value() <= 0.0 || confidence.value() >= 1.0 {
        return Err(SampleSizeError::Confidence(confidence));
    }
    Ok(normal_two_sided(confidence.value()))
}

/// The sample that estimates a proportion of `population` faults to within `margin` on either side:
/// `n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p)))`.
///
/// `t` is the [`quantile`] of the confidence. `proportion` is what is expected; a half, if unknown, asks for most.
///
/// # Errors
/// [`SampleSizeError`] if `t` is not positive, or `proportion` is 0 or 1.
pub fn sample_size(
    population: usize,
    margin: Share,
    t: f64,
    proportion: Share,
) -> Result<SampleSize, SampleSizeError> {
    let spread = spread(t, proportion)?;
    let (total, e) = (population as f64, margin.value());
    let real = total / (1.0 + e * e * (total - 1.0).max(0.0) / (spread * spread));
    // An integer that rounding has put a little above itself is still that integer.
    let faults = ((real - 1e-9 * real).ceil() as usize).min(population);
    Ok(SampleSize { real, faults })
}

/// The margin of error that `n` of `population` faults give, as a fraction of 1: the inverse of [`sample_size`].
///
/// 0 if all faults are taken, infinite if none are.
///
/// # Errors
/// As [`sample_size`].
pub fn margin(
    n: usize,
    population: usize,
    t: f64,
    proportion: Share,
) -> Result<f64, SampleSizeError> {
    let spread = spread(t, proportion)?;
    if n >= population {
        return Ok(0.0);
    }
    let left = (population - n) as f64 / (population - 1).max(1) as f64;
    Ok(if n == 0 { f64::INFINITY } else { spread * (left / n as f64).sqrt() })
}

/// `t` times the standard deviation of one draw.
fn spread(t: f64, proportion: Share) -> Result<f64, SampleSizeError> {
    if !(t.is_finite() && t > 0.0) {
        return Err(SampleSizeError::Quantile(t));
    }
    let p = proportion.value();
    if p <= 0.0 || p >= 1.0 {
        return Err(SampleSizeError::Proportion(proportion));
    }
    Ok(t * (p * (1.0 - p)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Share {
        text.parse().unwrap()
    }

    #[test]
    fn the_reference_study_needs_1174_25_faults() {
        // N = 3216, e = 3 %, t = 2.58, p = 0.5. By hand: t^2 p (1 - p) = 6.6564 / 4 = 1.6641; e^2 (N - 1) = 2.8935;
        // 3216 / (1 + 2.8935 / 1.6641) = 3216 / 2.738778 = 1174.246.
        let size = sample_size(3216, share("3%"), 2.58, Share::HALF).unwrap();
        assert!((size.real - 1174.246).abs() < 1e-3, "{size:?}");
        assert_eq!(size.faults, 1175);
        let unrounded = quantile(share("99%")).unwrap();
        assert!((unrounded - 2.575_829_303_548_901).abs() < 1e-12);
        assert_eq!(sample_size(3216, share("3%"), unrounded, Share::HALF).unwrap().faults, 1172);
    }

    #[test]
    fn a_margin_is_the_inverse_of_its_sample_size() {
        for (population, e) in [(3216, 0.03), (5914, 0.01), (10_000_000, 0.001), (12, 0.2)] {
            let wanted = Share::new(e).unwrap();
            let size = sample_size(population, wanted, 2.58, Share::HALF).unwrap();
            assert!(margin(size.faults, population, 2.58, Share::HALF).unwrap() <= e + 1e-12);
            assert!(margin(size.faults - 1, population, 2.58, Share::HALF).unwrap() > e);
        }
        // By hand: 2.58 * sqrt(0.25 / 1174 * 2042 / 3215) = 2.58 * 0.0116297 = 3.0005 %.
        let study = margin(1174, 3216, 2.58, Share::HALF).unwrap();
        assert!((study - 0.030_005).abs() < 1e-6, "{study}");
    }

    #[test]
    fn the_ends_are_all_faults_and_none() {
        let size = |population, e| sample_size(population, share(e), 2.58, Share::HALF).unwrap();
        assert_eq!(
            (size(3216, "0").faults, size(1, "3%").faults, size(0, "3%").faults),
            (3216, 1, 0)
        );
        assert_eq!(margin(3216, 3216, 2.58, Share::HALF), Ok(0.0));
        assert_eq!(margin(0, 3216, 2.58, Share::HALF), Ok(f64::INFINITY));
        // Leveugle 2009, section III: without a bound on the population n tends to t^2 p (1 - p) / e^2.
        let endless = size(usize::MAX, "1%").real;
        assert!((endless - 2.58 * 2.58 * 0.25 / 1e-4).abs() < 1e-3, "{endless}");
    }

    #[test]
    fn what_has_no_size_is_refused_with_the_remedy() {
        let refused = |result: Result<SampleSize, SampleSizeError>| result.unwrap_err().to_string();
        let at = |t, p| refused(sample_size(3216, share("3%"), t, share(p)));
        for t in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(at(t, "50%").contains("give a positive number"));
        }
        assert!(at(2.58, "0").contains("50% if it is unknown"));
        assert!(at(2.58, "100%").contains("50% if it is unknown"));
        assert!(quantile(share("100%")).unwrap_err().to_string().contains("take all faults"));
        assert!(quantile(share("0")).is_err());
    }
}
