//! The error of mean and median accuracy by drawing faults, images, or both again.
//!
//! In: [`Answers`], and what they are a sample of. Out: percentile intervals. Three choices need a reason.
//!
//! *Finite populations.* A resample does not count a fault 0, 1, 2 times, but `1 - l + l r n / (n - 1)` times, where `r` is
//! how often it was among `n - 1` draws with replacement and `l = sqrt(1 - n/N)`. The variance of a mean is then exactly
//! `(1 - n/N) s^2 / n`; no weight is negative; and when everything was taken, every weight is 1 and the interval a point.
//! The same for images. Source: Rao, Wu, Yue, "Some recent work on resampling methods for complex surveys", Survey
//! Methodology 18 (1992).
//!
//! *Two ways.* Both are drawn independently, and a cell counts the product of its two weights: Owen, "The pigeonhole
//! bootstrap", Annals of Applied Statistics 1 (2007). This counts the interaction of fault and image three times instead of
//! once, and no resampling is without bias: McCullagh, "Resampling and exchangeable arrays", Bernoulli 6 (2000). So the
//! interval of the mean is shrunk about the estimate to the variance of the closed form ([`TwoWay`]). Where the variance of
//! the interaction is 1 (10) times that of faults and of images, the naive interval is 1.6 % (13 %) too wide with 30 faults
//! and 30 images, and 0.03 % (0.3 %) with 1,174 and 2,000. That of the median is left so wide.
//!
//! *Few draws.* Intervals are widened by the ratio of Student's quantile to the normal one, as Hesterberg, "What Teachers
//! Should Know About the Bootstrap", The American Statistician 69 (2015), section 5.3, does by expanding the percentiles.

use super::distribution::{normal_two_sided, student_two_sided};
use super::two_way::{Populations, Source, TwoWay};
use super::{Answers, Interval};
use crate::campaign::plan::below;
use multiversion::multiversion;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::Serialize;

/// Fewer resamples are not worth a thread.
const MIN_RESAMPLES: usize = 64;

/// How to resample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampling {
    /// Resamples; 2,000 leave 10 outside of either end of a 99 % interval.
    pub resamples: usize,
    /// Confidence of the intervals, between 0 and 1.
    pub confidence: f64,
    /// The same seed gives the same intervals.
    pub seed: u64,
}

impl Resampling {
    /// 2,000 resamples and 99 %.
    pub fn new(seed: u64) -> Self {
        Self { resamples: 2000, confidence: 0.99, seed }
    }
}

/// Intervals for the mean and the median over the faults of the accuracy over the images. `None` where the sample shows
/// no variation: an interval of no width would claim a certainty that a sample cannot give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AccuracyIntervals {
    /// Of the mean.
    pub mean: Option<Interval>,
    /// Of the median.
    pub median: Option<Interval>,
}

/// The errors of sampling, together and apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AccuracyErrors {
    /// That other faults and other images could have been drawn.
    pub both: AccuracyIntervals,
    /// That other faults could have been drawn; the images stay.
    pub faults: AccuracyIntervals,
    /// That other images could have been drawn; the faults stay.
    pub images: AccuracyIntervals,
}

/// Intervals for mean and median accuracy, by resampling faults, images and both.
pub fn bootstrap(
    answers: &Answers,
    populations: Populations,
    resampling: Resampling,
) -> AccuracyErrors {
    let Some(closed) = TwoWay::of(answers, populations) else {
        return AccuracyErrors::default();
    };
    let observed = Resampler::new(answers, &closed, resampling.seed).observed();
    let mut found = [const { (Vec::new(), Vec::new()) }; 3];
    for drawn in resamples(answers, &closed, resampling) {
        for (kind, (mean, median)) in drawn.into_iter().enumerate() {
            found[kind].0.push(mean);
            found[kind].1.push(median);
        }
    }
    let [both, faults, images] = found;
    let intervals = |source: Source, (means, medians): (Vec<f64>, Vec<f64>)| {
        let confidence = resampling.confidence;
        let (Some(variance), freedom) = (closed.variance(source), closed.freedom(source)) else {
            return AccuracyIntervals::default();
        };
        let few = freedom
            .map_or(1.0, |f| student_two_sided(confidence, f) / normal_two_sided(confidence));
        let naive = match source {
            Source::Both => variance_of_products(&closed),
            Source::Faults | Source::Images => variance,
        };
        let thrice = if naive > 0.0 { (variance / naive).sqrt() } else { 1.0 };
        let shown = |i: &Interval| closed.whole(source) || i.low < i.high;
        AccuracyIntervals {
            mean: percentiles(means, confidence)
                .map(|i| stretch(i, observed.0, few * thrice))
                .filter(shown),
            median: percentiles(medians, confidence)
                .map(|i| stretch(i, observed.1, few))
                .filter(shown),
        }
    };
    AccuracyErrors {
        both: intervals(Source::Both, both),
        faults: intervals(Source::Faults, faults),
        images: intervals(Source::Images, images),
    }
}

/// Mean and median of both, of faults alone, of images alone.
type Drawn = [(f64, f64); 3];

/// All resamples, on all cores; each depends on the seed and its number alone.
fn resamples(answers: &Answers, closed: &TwoWay, resampling: Resampling) -> Vec<Drawn> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut drawn = vec![Drawn::default(); resampling.resamples];
    let each = drawn.len().div_ceil(threads).max(MIN_RESAMPLES);
    std::thread::scope(|scope| {
        for (part, drawn) in drawn.chunks_mut(each).enumerate() {
            scope.spawn(move || {
                let mut resampler = Resampler::new(answers, closed, resampling.seed);
                for (i, drawn) in drawn.iter_mut().enumerate() {
                    *drawn = resampler.draw(part * each + i);
                }
            });
        }
    });
    drawn
}

/// The variance that products of weights give the mean: the interaction is in each of the three terms.
fn variance_of_products(closed: &TwoWay) -> f64 {
    let of = |source| closed.variance(source).unwrap_or(0.0);
    of(Source::Faults) + of(Source::Images) + closed.interaction()
}

/// The interval with its ends moved away from `centre` by `factor`, but never over 0 or 1.
fn stretch(interval: Interval, centre: f64, factor: f64) -> Interval {
    let at = |end: f64| (centre + factor * (end - centre)).clamp(0.0, 1.0);
    Interval { low: at(interval.low), high: at(interval.high) }
}

/// The quantiles that leave half of the rest on either side.
fn percentiles(mut values: Vec<f64>, confidence: f64) -> Option<Interval> {
    let last = values.len().checked_sub(1)?;
    values.sort_unstable_by(f64::total_cmp);
    let at = |q: f64| values[((q * last as f64).round() as usize).min(last)];
    Some(Interval { low: at((1.0 - confidence) / 2.0), high: at((1.0 + confidence) / 2.0) })
}

/// Draws again; all buffers live as long as it does.
struct Resampler<'a> {
    answers: &'a Answers,
    random: ChaCha8Rng,
    /// `l` of faults and of images.
    scale: (f64, f64),
    /// Weight of each distinct row in the sample.
    weights: Vec<f64>,
    /// Distinct rows by accuracy in the sample.
    sorted: Vec<(f64, u32)>,
    /// How often each image was drawn, and the same as planes of bits.
    counts: Vec<u32>,
    planes: Vec<u64>,
    /// Sums over the drawn images of each distinct row: correct answers, images that count.
    right: Vec<u32>,
    judged: Vec<u32>,
}

impl<'a> Resampler<'a> {
    fn new(answers: &'a Answers, closed: &TwoWay, seed: u64) -> Self {
        let scale = |n: usize, left: f64| if n < 2 { 0.0 } else { left.sqrt() };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(2);
        let mut sorted: Vec<(f64, u32)> =
            (0..answers.rows()).map(|r| (answers.accuracy(r), r as u32)).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Self {
            answers,
            random,
            scale: (
                scale(closed.faults, closed.faults_left),
                scale(closed.images, closed.images_left),
            ),
            weights: answers.row_weights(),
            sorted,
            counts: vec![0; answers.images()],
            planes: Vec::new(),
            right: vec![0; answers.rows()],
            judged: vec![0; answers.rows()],
        }
    }

    /// Mean and median of the sample itself.
    fn observed(&self) -> (f64, f64) {
        estimates(&self.sorted, &self.weights)
    }

    /// Resample `number`.
    fn draw(&mut self, number: usize) -> Drawn {
        // Each resample has its own stretch of the stream, so that it does not depend on those before it.
        self.random.set_word_pos((number as u128) << 36);
        let weights = self.draw_faults();
        let sorted = self.draw_images();
        [
            estimates(&sorted, &weights),
            estimates(&self.sorted, &weights),
            estimates(&sorted, &self.weights),
        ]
    }

    /// Weights of the distinct rows, with faults drawn again.
    fn draw_faults(&mut self) -> Vec<f64> {
        let l = self.scale.0;
        if l <= 0.0 {
            return self.weights.clone();
        }
        let each = self.answers.each();
        let n = each.len();
        let mut weights: Vec<f64> = self.weights.iter().map(|w| w * (1.0 - l)).collect();
        let share = l * n as f64 / (n - 1) as f64;
        for _ in 0..n - 1 {
            let (row, weight) = each[below(&mut self.random, n as u64) as usize];
            weights[row as usize] += share * weight;
        }
        weights
    }

    /// Distinct rows by accuracy, with images drawn again; without those of which no image is left.
    fn draw_images(&mut self) -> Vec<(f64, u32)> {
        let l = self.scale.1;
        if l <= 0.0 {
            return self.sorted.clone();
        }
        let m = self.counts.len();
        self.counts.fill(0);
        for _ in 0..m - 1 {
            self.counts[below(&mut self.random, m as u64) as usize] += 1;
        }
        self.slice_counts();
        let words = self.answers.words();
        sums(self.answers.right(), words, &self.planes, &mut self.right);
        let judged = self.answers.judged();
        if let Some(judged) = judged {
            sums(judged, words, &self.planes, &mut self.judged);
        }
        let share = l * m as f64 / (m - 1) as f64;
        let accuracy = |row: usize| {
            let (right, all) = self.answers.totals(row);
            let drawn = if judged.is_some() { f64::from(self.judged[row]) } else { (m - 1) as f64 };
            let all = (1.0 - l) * all + share * drawn;
            let right = (1.0 - l) * right + share * f64::from(self.right[row]);
            (all > 0.0).then(|| (right / all, row as u32))
        };
        let mut sorted: Vec<(f64, u32)> = (0..self.right.len()).filter_map(accuracy).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        sorted
    }

    /// Writes the counts as planes: plane `p` holds bit `p` of each image's count.
    fn slice_counts(&mut self) {
        let most = self.counts.iter().copied().max().unwrap_or(0);
        let (words, planes) = (self.answers.words(), (u32::BITS - most.leading_zeros()) as usize);
        self.planes.clear();
        self.planes.resize(words * planes, 0);
        for (image, count) in self.counts.iter().enumerate() {
            for plane in 0..planes {
                let bit = u64::from(count >> plane & 1);
                self.planes[plane * words + image / 64] |= bit << (image % 64);
            }
        }
    }
}

/// Mean and median of rows that are sorted by accuracy, each with its weight.
fn estimates(sorted: &[(f64, u32)], weights: &[f64]) -> (f64, f64) {
    let (mut sum, mut total) = (0.0, 0.0);
    for (accuracy, row) in sorted {
        let weight = weights[*row as usize];
        sum += weight * accuracy;
        total += weight;
    }
    let mut below = 0.0;
    let mut median = 0.0;
    // Of equal weights of an even number the median is the mean of the middle two; rounding must not decide that.
    let (half, slack) = (total / 2.0, total * 1e-12);
    let mut lower = None;
    for (accuracy, row) in sorted {
        let weight = weights[*row as usize];
        if weight <= 0.0 {
            continue;
        }
        below += weight;
        median = *accuracy;
        if let Some(lower) = lower {
            median = (median + lower) / 2.0;
            break;
        }
        if below > half + slack {
            break;
        }
        if below >= half - slack {
            lower = Some(*accuracy);
        }
    }
    (sum / total, median)
}

/// For each row the number of its bits, each counted as often as the planes say.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512vpopcntdq", "x86_64+avx2+popcnt"))]
fn sums(rows: &[u64], words: usize, planes: &[u64], out: &mut [u32]) {
    for (row, out) in rows.chunks_exact(words).zip(out) {
        *out = 0;
        for (p, plane) in planes.chunks_exact(words).enumerate() {
            let ones: u64 =
                row.iter().zip(plane).map(|(a, b)| u64::from((a & b).count_ones())).sum();
            *out += (ones as u32) << p;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(rows: &[Vec<Option<bool>>]) -> Answers {
        let mut answers = Answers::new(rows.first().map_or(0, Vec::len));
        rows.iter().for_each(|row| answers.push(row.iter().copied(), 1.0));
        answers
    }

    fn of(rows: &[Vec<Option<bool>>], faults: usize, images: usize) -> AccuracyErrors {
        bootstrap(&answers(rows), Populations { faults, images }, Resampling::new(7))
    }

    /// 400 faults of 4 images, 300 of them without effect and 100 fatal.
    fn fatal() -> Vec<Vec<Option<bool>>> {
        (0..400).map(|f| vec![Some(f % 4 != 0); 4]).collect()
    }

    #[test]
    fn the_interval_of_a_share_is_the_binomial_one() {
        // Each fault is right or wrong on all 4 images (all that there are), 300 of 400 right: the mean is binomial, its
        // standard error in a large population sqrt(0.75 * 0.25 / 399) = 0.02168, so the 99 % interval is
        // 0.75 +- 2.588 * 0.02168 = [0.6939, 0.8061], give or take the noise of 2,000 resamples.
        let interval = of(&fatal(), 1_000_000_000, 4).both.mean.unwrap();
        assert!((interval.low - 0.6939).abs() < 0.008, "{interval:?}");
        assert!((interval.high - 0.8061).abs() < 0.008, "{interval:?}");
    }

    #[test]
    fn the_interval_closes_as_the_sample_takes_all() {
        // The width goes with sqrt(1 - n/N): of 1600, 800, 410 and 401 faults sqrt(0.75), sqrt(0.5), ...
        let width = |population: usize| {
            let i = of(&fatal(), population, 4).faults.mean.unwrap();
            i.high - i.low
        };
        let full = width(1_000_000_000);
        for population in [1600, 800, 410, 401] {
            let expected = (1.0 - 400.0 / population as f64).sqrt();
            let ratio = width(population) / full;
            assert!((ratio - expected).abs() < 0.05 * expected, "{population}: {ratio} {expected}");
        }
        let whole = of(&fatal(), 400, 4);
        let point = Some(Interval { low: 0.75, high: 0.75 });
        assert_eq!((whole.both.mean, whole.faults.mean, whole.images.mean), (point, point, point));
        let upper = Some(Interval { low: 1.0, high: 1.0 });
        assert_eq!((whole.both.median, whole.faults.median), (upper, upper));
    }

    #[test]
    fn a_sample_without_variation_has_no_interval() {
        let nothing = AccuracyIntervals::default();
        assert_eq!(of(&[vec![Some(false)]], 9, 9).both, nothing);
        assert_eq!(of(&vec![vec![Some(true); 3]; 10], 99, 99).both, nothing);
        assert_eq!(of(&[], 9, 9).both, nothing);
        // One sampled image says nothing about the others, however many faults there are; of the faults it does.
        let one_image: Vec<_> = (0..50).map(|i| vec![Some(i % 2 == 0)]).collect();
        let errors = of(&one_image, 99, 99);
        assert_eq!((errors.both, errors.images), (nothing, nothing));
        assert!(errors.faults.mean.is_some());
    }

    #[test]
    fn the_same_seed_gives_the_same_and_fewer_resamples_are_the_first_ones() {
        let rows: Vec<Vec<_>> =
            (0..40).map(|f| (0..70).map(|i| Some(f * i % 7 != 1)).collect()).collect();
        assert_eq!(of(&rows, 100, 100), of(&rows, 100, 100));
        let answers = answers(&rows);
        let closed = TwoWay::of(&answers, Populations { faults: 100, images: 100 }).unwrap();
        let mut one = Resampler::new(&answers, &closed, 3);
        let mut other = Resampler::new(&answers, &closed, 3);
        let fifth = (0..5).map(|r| one.draw(r)).last().unwrap();
        assert_eq!(other.draw(4), fifth);
    }

    #[test]
    fn packed_sums_are_plain_sums() {
        // Faults 0 to 39 of 70 images, some left out; the weighted accuracy of each row recomputed cell by cell.
        let cell = |f: usize, i: usize| (!(f + 2 * i).is_multiple_of(5)).then_some((f * i) % 7 > 2);
        let rows: Vec<Vec<_>> = (0..40).map(|f| (0..70).map(|i| cell(f, i)).collect()).collect();
        let answers = answers(&rows);
        let closed = TwoWay::of(&answers, Populations { faults: 100, images: 100 }).unwrap();
        let mut resampler = Resampler::new(&answers, &closed, 5);
        let drawn = resampler.draw_images();
        let l = (1.0f64 - 0.7).sqrt();
        for (accuracy, row) in drawn {
            let f = answers.each().iter().position(|(r, _)| *r == row).unwrap();
            let (mut right, mut all) = (0.0, 0.0);
            for i in 0..70 {
                let weight = 1.0 - l + l * f64::from(resampler.counts[i]) * 70.0 / 69.0;
                if let Some(correct) = cell(f, i) {
                    right += weight * f64::from(u8::from(correct));
                    all += weight;
                }
            }
            assert!((accuracy - right / all).abs() < 1e-12, "{f}");
        }
    }
}
