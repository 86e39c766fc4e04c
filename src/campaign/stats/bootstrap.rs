//! The error of accuracies, by drawing faults and images again.

use super::{Interval, mean, median};
use crate::campaign::plan::below;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::Serialize;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;

/// Which of the two samples are samples; what was taken whole adds no uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// Whether the faults are a sample of their universe.
    pub faults: bool,
    /// Whether the images are a sample of their set.
    pub images: bool,
}

/// 99 % intervals for the mean and the median over the faults of the accuracy over the images. `None` where the sample
/// shows no variation: an interval of no width would claim a certainty that a sample cannot give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AccuracyIntervals {
    /// Of the mean.
    pub mean: Option<Interval>,
    /// Of the median.
    pub median: Option<Interval>,
}

/// Two-way percentile bootstrap: faults and images are both drawn again with replacement.
///
/// `correct[f][i]` says whether image `i` was answered correctly under fault `f`; `None` leaves the pair out. Source: Owen,
/// "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007). No finite-population correction: the intervals are
/// a little wide when the sample is a large part of the universe.
pub fn bootstrap(correct: &[Vec<Option<bool>>], sampled: Sampled, seed: u64) -> AccuracyIntervals {
    let images = correct.first().map_or(0, Vec::len);
    let too_few = |n: usize, sampled: bool| n == 0 || (sampled && n < 2);
    if too_few(correct.len(), sampled.faults) || too_few(images, sampled.images) {
        return AccuracyIntervals::default();
    }
    let any_sampled = sampled.faults || sampled.images;
    let wide = |i: &Interval| !any_sampled || i.low < i.high;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(2);
    let mut draw = |n: usize, sampled: bool| -> Vec<u32> {
        if !sampled {
            return vec![1; n];
        }
        let mut weights = vec![0; n];
        for _ in 0..n {
            weights[below(&mut random, n as u64) as usize] += 1;
        }
        weights
    };
    let (mut means, mut medians) = (Vec::new(), Vec::new());
    for _ in 0..RESAMPLES {
        let fault_weights = draw(correct.len(), sampled.faults);
        let image_weights = draw(images, sampled.images);
        let mut accuracies = Vec::with_capacity(correct.len());
        for (row, weight) in correct.iter().zip(fault_weights) {
            if let Some(accuracy) = weighted_accuracy(row, &image_weights).filter(|_| weight > 0) {
                accuracies.extend(std::iter::repeat_n(accuracy, weight as usize));
            }
        }
        means.extend(mean(&accuracies));
        medians.extend(median(&accuracies));
    }
    AccuracyIntervals {
        mean: percentiles(means).filter(wide),
        median: percentiles(medians).filter(wide),
    }
}

fn weighted_accuracy(row: &[Option<bool>], weights: &[u32]) -> Option<f64> {
    let (mut right, mut all) = (0, 0);
    for (correct, weight) in row.iter().zip(weights) {
        if let Some(correct) = correct {
            right += u64::from(*correct) * u64::from(*weight);
            all += u64::from(*weight);
        }
    }
    (all > 0).then(|| right as f64 / all as f64)
}

/// The 0.5 % and 99.5 % quantiles.
fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |q: f64| values[(q * (values.len() - 1) as f64).round() as usize];
    Some(Interval { low: at(0.005), high: at(0.995) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootstrap_of_the_mean_agrees_with_its_closed_form() {
        // 400 faults, one image, 300 correct: the mean is binomial, standard error sqrt(0.75 * 0.25 / 400) = 0.02165, so
        // the 99 % interval is 0.75 +- 2.576 * 0.02165 = [0.694, 0.806], give or take the bootstrap's own noise.
        let correct: Vec<_> = (0..400).map(|i| vec![Some(i % 4 != 0)]).collect();
        let sampled = Sampled { faults: true, images: false };
        let interval = bootstrap(&correct, sampled, 7).mean.unwrap();
        assert!((interval.low - 0.694).abs() < 0.01, "{interval:?}");
        assert!((interval.high - 0.806).abs() < 0.01, "{interval:?}");
        let whole = Sampled { faults: false, images: false };
        let exact = Some(Interval { low: 0.75, high: 0.75 });
        assert_eq!(bootstrap(&correct, whole, 7).mean, exact);
    }

    #[test]
    fn a_sample_without_variation_has_no_interval() {
        let both = Sampled { faults: true, images: true };
        let nothing = AccuracyIntervals::default();
        assert_eq!(bootstrap(&[vec![Some(false)]], both, 1), nothing);
        assert_eq!(bootstrap(&vec![vec![Some(true); 3]; 10], both, 1), nothing);
        // One sampled image says nothing about the others, however many faults there are.
        let one_image: Vec<_> = (0..50).map(|i| vec![Some(i % 2 == 0)]).collect();
        assert_eq!(bootstrap(&one_image, both, 1), nothing);
    }
}
