//! Estimates from a stratified sample: a simple random one in each stratum, of whatever size.
//!
//! A stratum counts by its size, not by what was drawn of it, so the "at least one" of [`super::allocate`] does no harm.
//! Source: Cochran, "Sampling Techniques", sections 5.3 to 5.5 and 5.10; for strata of a single draw, which have no variance
//! of their own, section 5A.12: they are joined with their neighbours in the list, which errs to the safe side.

use super::distribution::{normal_two_sided, student_two_sided};
use super::proportion::wilson_effective;
use super::{Estimate, Interval, Method};
use serde::Serialize;

/// What was drawn of one stratum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stratum {
    /// Members of the stratum.
    pub size: usize,
    /// Members drawn.
    pub drawn: usize,
    /// Sum of their values.
    pub sum: f64,
    /// Sum of the squares of their values.
    pub squares: f64,
}

impl Stratum {
    /// Of the values of the drawn members.
    pub fn of_values(size: usize, values: &[f64]) -> Self {
        let (sum, squares) = values.iter().fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
        Self { size: size.max(values.len()), drawn: values.len(), sum, squares }
    }

    /// Of `marked` drawn members that have a property.
    pub fn of_count(size: usize, drawn: usize, marked: usize) -> Self {
        let marked = marked.min(drawn) as f64;
        Self { size: size.max(drawn), drawn, sum: marked, squares: marked }
    }

    fn whole(&self) -> bool {
        self.drawn >= self.size
    }
}

/// An estimated mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeanEstimate {
    /// The mean.
    pub mean: f64,
    /// Its variance; `None` if a single draw cannot tell.
    pub variance: Option<f64>,
    /// Degrees of freedom of the variance: draws less strata, of what is not drawn whole.
    pub freedom: usize,
    /// Its interval by Student's t. `None` where the sample shows no variation; a point where nothing was sampled.
    pub interval: Option<Interval>,
}

/// The mean over all strata. `None` if nothing was drawn.
///
/// A stratum of which nothing was drawn is taken to be like the one that it is joined with.
pub fn stratified_mean(strata: &[Stratum], confidence: f64) -> Option<MeanEstimate> {
    let groups = groups(strata);
    let size: f64 = groups.iter().map(|g| g.size()).sum();
    if size <= 0.0 || groups.iter().any(|g| g.drawn() == 0) {
        return None;
    }
    let mean = groups.iter().map(|g| g.size() / size * g.mean()).sum();
    let variance: Option<f64> =
        groups.iter().map(|g| Some((g.size() / size).powi(2) * g.variance()?)).sum();
    let sampled = groups.iter().filter(|g| !g.whole());
    let freedom = sampled.map(|g| g.drawn().saturating_sub(1)).sum();
    let whole = groups.iter().all(Group::whole);
    let interval = variance.filter(|v| whole || *v > 0.0).map(|v| {
        let t = if whole { 0.0 } else { student_two_sided(confidence, freedom as f64) };
        Interval { low: mean - t * v.sqrt(), high: mean + t * v.sqrt() }
    });
    Some(MeanEstimate { mean, variance, freedom, interval })
}

/// The share over all strata (made by [`Stratum::of_count`]). `None` if nothing was drawn.
///
/// The interval is Wilson's with an effective sample size: that of the independent draws whose variance would be the
/// estimated one, times the square of the ratio of the normal to Student's quantile. It is not taken above the size that
/// the weights alone leave (Kish), corrected for the finite population, since a sample with few marked faults underrates
/// its variance; it is that size where no variance can be had. Source: Franco, Little, Louis, Slud, "Comparative study of
/// confidence intervals for proportions in complex sample surveys", Journal of Survey Statistics and Methodology 7 (2019);
/// Korn, Graubard, "Confidence intervals for proportions with small expected number of positive counts estimated from
/// survey data", Survey Methodology 24 (1998), for the quantiles.
pub fn stratified_share(strata: &[Stratum], confidence: f64) -> Option<Estimate> {
    let estimate = stratified_mean(strata, confidence)?;
    let share = estimate.mean.clamp(0.0, 1.0);
    if strata.iter().all(Stratum::whole) {
        let interval = Interval { low: share, high: share };
        return Some(Estimate { share, interval, method: Method::Census });
    }
    let weights = strata.iter().filter(|s| s.drawn > 0).map(|s| {
        let weight = s.size as f64 / s.drawn as f64;
        (weight * s.drawn as f64, weight * weight * s.drawn as f64)
    });
    let (sum, squares) = weights.fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
    let left = |s: &Stratum| (s.size - s.drawn) as f64 / s.size.max(1) as f64;
    // The finite population takes off of the squares what strata that are nearly whole no longer vary.
    let varying: f64 = strata
        .iter()
        .filter(|s| s.drawn > 0)
        .map(|s| (s.size as f64).powi(2) / s.drawn as f64 * left(s))
        .sum();
    let kish = if varying > 0.0 { sum * sum / varying } else { sum * sum / squares };
    let z = normal_two_sided(confidence);
    let effective = estimate.variance.filter(|v| *v > 0.0).map(|v| {
        let t = student_two_sided(confidence, estimate.freedom as f64);
        share * (1.0 - share) / v * (z / t).powi(2)
    });
    let size = effective.map_or(kish, |n| n.min(kish)).max(f64::MIN_POSITIVE);
    let interval = wilson_effective(share, size, z);
    Some(Estimate { share, interval, method: Method::WilsonEffective })
}

/// Strata whose variance is estimated together.
#[derive(Clone, Debug, Default)]
struct Group(Vec<Stratum>);

/// A group for each stratum that is whole or of which two or more were drawn; the others joined with the sampled ones that
/// follow, or precede the end.
fn groups(strata: &[Stratum]) -> Vec<Group> {
    let present = || strata.iter().copied().filter(|s| s.size > 0);
    let mut groups: Vec<Group> = present().filter(Stratum::whole).map(|s| Group(vec![s])).collect();
    let mut sampled: Vec<Group> = Vec::new();
    let mut open = Group::default();
    for stratum in present().filter(|s| !s.whole()) {
        open.0.push(stratum);
        if open.drawn() >= 2 {
            sampled.push(std::mem::take(&mut open));
        }
    }
    match sampled.last_mut() {
        Some(last) => last.0.extend(open.0),
        // A stratum of which nothing was drawn, and no other was sampled: it can only be like the whole ones.
        None if open.drawn() == 0 && !open.0.is_empty() => {
            open.0.extend(groups.drain(..).flat_map(|g| g.0));
            sampled.push(open);
        }
        None if !open.0.is_empty() => sampled.push(open),
        None => {}
    }
    groups.extend(sampled);
    groups
}

impl Group {
    fn drawn(&self) -> usize {
        self.0.iter().map(|s| s.drawn).sum()
    }

    fn size(&self) -> f64 {
        self.0.iter().map(|s| s.size as f64).sum()
    }

    fn whole(&self) -> bool {
        self.0.iter().all(Stratum::whole)
    }

    /// What each drawn member of a stratum stands for, as a share of the group.
    fn weight(&self, stratum: &Stratum) -> f64 {
        let seen: f64 = self.0.iter().filter(|s| s.drawn > 0).map(|s| s.size as f64).sum();
        stratum.size as f64 / stratum.drawn as f64 / seen
    }

    fn mean(&self) -> f64 {
        self.0.iter().filter(|s| s.drawn > 0).map(|s| self.weight(s) * s.sum).sum()
    }

    /// Of the mean: (1 - f) n / (n - 1) times the sum of the squares of weight times deviation; for one stratum this is
    /// (1 - f) s^2 / n.
    fn variance(&self) -> Option<f64> {
        if self.whole() {
            return Some(0.0);
        }
        let n = self.drawn();
        if n < 2 {
            return None;
        }
        let mean = self.mean();
        let squares: f64 = self
            .0
            .iter()
            .filter(|s| s.drawn > 0)
            .map(|s| {
                let about = s.squares - 2.0 * mean * s.sum + s.drawn as f64 * mean * mean;
                self.weight(s).powi(2) * about.max(0.0)
            })
            .sum();
        let left = 1.0 - n as f64 / self.size();
        Some(left * n as f64 / (n - 1) as f64 * squares)
    }
}
