//! The error of a mean accuracy when faults and images are both samples: a closed form.
//!
//! Faults and images are drawn independently, each without replacement, and every fault meets every image. With `n` of
//! `N` faults, `m` of `M` images, and the mean squares of fault means (`a`), image means (`b`) and what is left (`ab`):
//!
//! `V = (1 - n/N) a / n + (1 - m/M) b / m - (1 - n/N) (1 - m/M) ab / (n m)`
//!
//! is without bias, since `a` and `b` each hold the interaction once more than they should. Source: Ohlsson,
//! "Cross-classified sampling", Journal of Official Statistics 12 (1996); for unlimited populations it is the two-way
//! random-effects analysis of variance. Unequal weights and missing cells enter by linearisation.

use super::distribution::student_two_sided;
use super::{Answers, Interval};
use serde::Serialize;

/// What the samples were drawn from. A sample as large as its population is all of it, and adds no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Populations {
    /// Faults.
    pub faults: usize,
    /// Images.
    pub images: usize,
}

impl Populations {
    /// What is left of the variance of `drawn` from `population`: `1 - drawn / population`, not below 0.
    pub(super) fn left(drawn: usize, population: usize) -> f64 {
        (1.0 - drawn as f64 / population as f64).max(0.0)
    }
}

/// Which sampling error is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// That other faults could have been drawn; the images stay.
    Faults,
    /// That other images could have been drawn; the faults stay.
    Images,
    /// Both.
    Both,
}

/// The variance of a mean accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TwoWay {
    /// The mean over the faults of the accuracy over the images.
    pub mean: f64,
    /// Faults drawn.
    pub faults: usize,
    /// Images drawn.
    pub images: usize,
    /// `1 - n/N`.
    pub faults_left: f64,
    /// `1 - m/M`.
    pub images_left: f64,
    /// Mean square of the fault means; 0 of a single fault.
    pub fault_square: f64,
    /// Mean square of the image means; 0 of a single image.
    pub image_square: f64,
    /// Mean square of what fault and image means leave; 0 of a single fault or image.
    pub rest_square: f64,
}

/// Variance components of a single cell, in the population. Estimates without bias, so a small one may be below 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Components {
    /// Of the accuracies of the faults over all images.
    pub faults: f64,
    /// Of the shares of faults under which the images are answered correctly.
    pub images: f64,
    /// Of what these two leave.
    pub interaction: f64,
}

impl TwoWay {
    /// Of the answers; `None` without any.
    pub fn of(answers: &Answers, populations: Populations) -> Option<Self> {
        let (n, m) = (answers.faults(), answers.images());
        let weights = answers.row_weights();
        let total: f64 = weights.iter().sum();
        if n == 0 || total <= 0.0 {
            return None;
        }
        let accuracy = |row: usize| answers.accuracy(row);
        let mean = (0..answers.rows()).map(|r| weights[r] * accuracy(r)).sum::<f64>() / total;
        // What a little more weight of an image adds to the mean.
        let mut pull = vec![0.0; m];
        for (row, weight) in weights.iter().enumerate() {
            let (_, judged) = answers.totals(row);
            for (image, pull) in pull.iter_mut().enumerate() {
                if let Some(correct) = answers.cell(row, image) {
                    *pull += weight * (f64::from(u8::from(correct)) - accuracy(row)) / judged;
                }
            }
        }
        pull.iter_mut().for_each(|p| *p /= total);
        let pulls: f64 = pull.iter().map(|p| p * p).sum();
        // Per distinct row, since equal rows differ in their weights only: the sum over the images of
        // ((correct - accuracy) / judged - pull)^2.
        let rest = |row: usize| {
            let (_, judged) = answers.totals(row);
            let a = accuracy(row);
            let along: f64 = (0..m)
                .filter_map(|i| Some((i, answers.cell(row, i)?)))
                .map(|(i, correct)| (f64::from(u8::from(correct)) - a) / judged * pull[i])
                .sum();
            a * (1.0 - a) / judged - 2.0 * along + pulls
        };
        let rests: Vec<f64> = (0..answers.rows()).map(rest).collect();
        let (mut fault_square, mut rest_square) = (0.0, 0.0);
        for (row, weight) in answers.each() {
            let share = weight / total;
            fault_square += (share * (accuracy(*row as usize) - mean)).powi(2);
            rest_square += share * share * rests[*row as usize];
        }
        // n / (n - 1) takes the bias off, the other factor makes it the variance of one draw.
        let per_draw = |n: usize| if n < 2 { 0.0 } else { (n * n) as f64 / (n - 1) as f64 };
        Some(Self {
            mean,
            faults: n,
            images: m,
            faults_left: Populations::left(n, populations.faults),
            images_left: Populations::left(m, populations.images),
            fault_square: fault_square * per_draw(n),
            image_square: pulls * per_draw(m),
            rest_square: rest_square.max(0.0) * per_draw(n) * per_draw(m),
        })
    }

    /// The variance of the mean that comes from `source`; `None` where a single draw cannot tell.
    ///
    /// That of both is not taken to be below either, which can only be chance.
    pub fn variance(&self, source: Source) -> Option<f64> {
        let alone = |n: usize, left: f64, square: f64| match n {
            _ if left <= 0.0 => Some(0.0),
            0 | 1 => None,
            _ => Some(left * square / n as f64),
        };
        let faults = alone(self.faults, self.faults_left, self.fault_square);
        let images = alone(self.images, self.images_left, self.image_square);
        match source {
            Source::Faults => faults,
            Source::Images => images,
            Source::Both => {
                let (a, b) = (faults?, images?);
                Some((a + b - self.interaction()).max(a).max(b))
            }
        }
    }

    /// The share of the interaction in the variance of the mean.
    pub fn interaction(&self) -> f64 {
        self.faults_left * self.images_left * self.rest_square
            / (self.faults as f64 * self.images as f64)
    }

    /// The degrees of freedom of that variance. For both sources Satterthwaite's, "An approximate distribution of estimates
    /// of variance components", Biometrics Bulletin 2 (1946).
    pub fn freedom(&self, source: Source) -> Option<f64> {
        let part = |source: Source, n: usize| {
            self.variance(source).map(|v| (v, v * v / n.saturating_sub(1).max(1) as f64))
        };
        let (a, b) = (part(Source::Faults, self.faults), part(Source::Images, self.images));
        let (sum, squares) = match source {
            Source::Faults => a?,
            Source::Images => b?,
            Source::Both => (a?.0 + b?.0, a?.1 + b?.1),
        };
        (squares > 0.0).then(|| (sum * sum / squares).max(1.0))
    }

    /// The interval at `confidence`, by Student's t. `None` where a sample shows no variation; a point where nothing was
    /// sampled.
    pub fn interval(&self, source: Source, confidence: f64) -> Option<Interval> {
        let variance = self.variance(source)?;
        let spread = match self.freedom(source) {
            Some(freedom) => student_two_sided(confidence, freedom) * variance.sqrt(),
            None if self.whole(source) => 0.0,
            None => return None,
        };
        Some(Interval {
            low: (self.mean - spread).clamp(0.0, 1.0),
            high: (self.mean + spread).clamp(0.0, 1.0),
        })
    }

    /// Whether nothing that adds to this error was sampled.
    pub(super) fn whole(&self, source: Source) -> bool {
        (source == Source::Images || self.faults_left <= 0.0)
            && (source == Source::Faults || self.images_left <= 0.0)
    }

    /// The variance components; `None` of fewer than two faults or images. With unequal weights they are those of a
    /// sample that is worth as much.
    pub fn components(&self) -> Option<Components> {
        if self.faults < 2 || self.images < 2 {
            return None;
        }
        let (n, m) = (self.faults as f64, self.images as f64);
        Some(Components {
            faults: self.fault_square - self.images_left * self.rest_square / m,
            images: self.image_square - self.faults_left * self.rest_square / n,
            interaction: self.rest_square,
        })
    }
}
