//! Estimates from faults that count unequally: each has a weight, the inverse of its probability to be drawn.
//!
//! Where a fault only stands for others that were drawn as well, as the representative of a class of equivalent faults does,
//! no weights are needed: it counts as many times as members were drawn, and [`super::interval`] takes the sums.

use super::distribution::{normal_two_sided, student_two_sided};
use super::proportion::{interval, wilson_effective};
use super::stratified::MeanEstimate;
use super::two_way::Populations;
use super::{Estimate, Interval, Method};

/// The mean of pairs of value and weight; `None` without a positive weight.
pub fn weighted_mean(pairs: &[(f64, f64)]) -> Option<f64> {
    let (sum, total) = used(pairs).fold((0.0, 0.0), |(s, t), (v, w)| (s + v * w, t + w));
    (total > 0.0).then(|| sum / total)
}

/// The value below and above which lies half of the weight, the mean of two if it falls between them; `None` without a
/// positive weight.
pub fn weighted_median(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut sorted: Vec<(f64, f64)> = used(pairs).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = sorted.iter().map(|p| p.1).sum();
    let (half, slack) = (total / 2.0, total * 1e-12);
    let mut below = 0.0;
    for (i, (value, weight)) in sorted.iter().enumerate() {
        below += weight;
        if below > half + slack {
            return Some(*value);
        }
        if below >= half - slack {
            return Some(sorted.get(i + 1).map_or(*value, |next| (value + next.0) / 2.0));
        }
    }
    None
}

/// The number of equally weighted faults that would be worth as much: `(sum w)^2 / sum w^2`. Source: Kish, "Survey
/// Sampling", section 11.7.
pub fn effective_size(weights: impl IntoIterator<Item = f64>) -> f64 {
    let usable = weights.into_iter().filter(|w| w.is_finite() && *w > 0.0);
    let (sum, squares) = usable.fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// The mean of pairs of value and weight that were drawn from `population` faults, with its linearised variance
/// `(1 - n/N) n / (n - 1) sum (w (x - mean))^2 / (sum w)^2`. Source: Cochran, "Sampling Techniques", section 6.3.
pub fn weighted_mean_interval(
    pairs: &[(f64, f64)],
    population: usize,
    confidence: f64,
) -> Option<MeanEstimate> {
    let mean = weighted_mean(pairs)?;
    let n = used(pairs).count();
    let total: f64 = used(pairs).map(|p| p.1).sum();
    let left = Populations::left(n, population.max(n));
    let squares: f64 = used(pairs).map(|(v, w)| (w / total * (v - mean)).powi(2)).sum();
    let variance = match n {
        _ if left <= 0.0 => Some(0.0),
        0 | 1 => None,
        _ => Some(left * n as f64 / (n - 1) as f64 * squares),
    };
    let interval = variance.filter(|v| left <= 0.0 || *v > 0.0).map(|v| {
        let t = if left <= 0.0 { 0.0 } else { student_two_sided(confidence, (n - 1) as f64) };
        Interval { low: mean - t * v.sqrt(), high: mean + t * v.sqrt() }
    });
    Some(MeanEstimate { mean, variance, freedom: n.saturating_sub(1), interval })
}

/// The share of pairs of property and weight; with equal weights [`interval`].
///
/// With unequal ones it is Wilson's interval with an effective sample size, as for [`super::stratified_share`]. `None`
/// without a positive weight.
pub fn weighted_share(
    pairs: &[(bool, f64)],
    population: usize,
    confidence: f64,
) -> Option<Estimate> {
    let values: Vec<(f64, f64)> =
        pairs.iter().map(|(marked, w)| (f64::from(u8::from(*marked)), *w)).collect();
    let estimate = weighted_mean_interval(&values, population, confidence)?;
    let share = estimate.mean.clamp(0.0, 1.0);
    let n = used(&values).count();
    let first = used(&values).next()?.1;
    if used(&values).all(|(_, w)| (w - first).abs() <= 1e-12 * first) {
        let k = used(&values).filter(|(v, _)| *v > 0.0).count();
        return Some(interval(k, n, population, confidence));
    }
    let left = Populations::left(n, population.max(n));
    if left <= 0.0 {
        let interval = Interval { low: share, high: share };
        return Some(Estimate { share, interval, method: Method::Census });
    }
    let z = normal_two_sided(confidence);
    let kish = effective_size(used(&values).map(|p| p.1)) / left;
    let effective = estimate.variance.filter(|v| *v > 0.0).map(|v| {
        let t = student_two_sided(confidence, estimate.freedom as f64);
        share * (1.0 - share) / v * (z / t).powi(2)
    });
    let size = effective.map_or(kish, |n| n.min(kish)).max(f64::MIN_POSITIVE);
    let interval = wilson_effective(share, size, z);
    Some(Estimate { share, interval, method: Method::WilsonEffective })
}

/// The pairs whose weight counts.
fn used(pairs: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> + '_ {
    pairs.iter().copied().filter(|(_, w)| w.is_finite() && *w > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_like_copies() {
        let pairs = [(1.0, 2.0), (0.0, 1.0), (5.0, 3.0), (9.0, 0.0), (9.0, f64::NAN)];
        // 1, 1, 0, 5, 5, 5: mean 17 / 6, median (1 + 5) / 2.
        assert!((weighted_mean(&pairs).unwrap() - 17.0 / 6.0).abs() < 1e-12);
        assert_eq!(weighted_median(&pairs), Some(3.0));
        assert_eq!(weighted_median(&[(4.0, 1.0), (7.0, 2.5)]), Some(7.0));
        assert_eq!((weighted_mean(&[]), weighted_median(&[(1.0, 0.0)])), (None, None));
        // (2 + 1 + 3)^2 / (4 + 1 + 9).
        assert!((effective_size([2.0, 1.0, 3.0]) - 36.0 / 14.0).abs() < 1e-12);
    }

    #[test]
    fn equal_weights_are_no_weights() {
        let pairs: Vec<(bool, f64)> = (0..200).map(|i| (i % 3 == 0, 2.7)).collect();
        assert_eq!(weighted_share(&pairs, 1000, 0.99), Some(interval(67, 200, 1000, 0.99)));
        let whole = weighted_share(&pairs, 200, 0.99).unwrap();
        assert_eq!(whole.method, Method::Census);
    }

    #[test]
    fn unequal_weights_widen_a_share() {
        let pairs = |heavy: f64| -> Vec<(bool, f64)> {
            (0..200).map(|i| (i % 3 == 0, if i % 10 == 0 { heavy } else { 1.0 })).collect()
        };
        let width = |heavy| {
            let i = weighted_share(&pairs(heavy), 1000, 0.99).unwrap().interval;
            i.high - i.low
        };
        assert!(width(5.0) > 1.2 * width(1.0));
        // Nothing marked: Kish's size alone. Weights of 1 and 5, 180 and 20 times: 280^2 / 680 = 115.3, of 1000 the
        // 200 drawn leave 0.8: 144.1. Wilson's upper end at 0 is z^2 / (m + z^2) = 6.635 / 150.8 = 4.40 %.
        let none: Vec<(bool, f64)> = pairs(5.0).into_iter().map(|(_, w)| (false, w)).collect();
        let none = weighted_share(&none, 1000, 0.99).unwrap();
        assert!((none.interval.high - 0.0440).abs() < 1e-4 && none.interval.low == 0.0, "{none:?}");
    }
}
