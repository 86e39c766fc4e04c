//! McNemar's test: whether two accuracies over the same images differ by more than chance.

use super::distribution::binomial;
use serde::Serialize;

/// The test of golden against faulty answers on the same images.
///
/// Under the hypothesis of equal accuracies each image on which they disagree is as likely one way as the other. Source:
/// Fagerland, Lydersen, Laake, "The McNemar test for binary matched-pairs data: mid-p and asymptotic are better than exact
/// conditional", BMC Medical Research Methodology 13 (2013), which recommends mid-p: the exact test errs to the safe side.
///
/// It is a test of one fault. Of a thousand faults that change nothing, ten are expected below 1 % in the worst case; who
/// looks at all has to correct for it, for instance by Holm's method.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct McNemar {
    /// Images that only the golden run answers correctly.
    pub lost: usize,
    /// Images that only the faulty run answers correctly.
    pub won: usize,
    /// Exact two-sided p-value.
    pub exact: f64,
    /// Two-sided mid-p value.
    pub mid_p: f64,
}

impl McNemar {
    /// Of so many images on which the two disagree.
    pub fn of_counts(lost: usize, won: usize) -> Self {
        let (n, fewer) = (lost + won, lost.min(won));
        let at = binomial(fewer, n, 0.5);
        if lost == won {
            // Every other outcome is more extreme, this one counts half.
            return Self { lost, won, exact: 1.0, mid_p: 1.0 - 0.5 * at };
        }
        // From the largest term down, each from the one before it.
        let (mut term, mut sum) = (at, at);
        for k in (0..fewer).rev() {
            term *= (k + 1) as f64 / (n - k) as f64;
            sum += term;
            if term <= sum * 1e-17 {
                break;
            }
        }
        let exact = (2.0 * sum).min(1.0);
        Self { lost, won, exact, mid_p: (2.0 * sum - at).clamp(0.0, 1.0) }
    }

    /// Of pairs of golden and faulty, each whether the image was answered correctly.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let (mut lost, mut won) = (0, 0);
        for (golden, faulty) in pairs {
            lost += usize::from(golden && !faulty);
            won += usize::from(!golden && faulty);
        }
        Self::of_counts(lost, won)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_images_give_the_values_worked_out_by_hand() {
        // One against seven: 2 (C(8,0) + C(8,1)) / 2^8 = 18/256; mid-p takes off C(8,1) / 2^8.
        let test = McNemar::of_counts(7, 1);
        assert!((test.exact - 18.0 / 256.0).abs() < 1e-14, "{test:?}");
        assert!((test.mid_p - 10.0 / 256.0).abs() < 1e-14, "{test:?}");
        assert_eq!(McNemar::of_counts(1, 7).exact, test.exact);
        // Two against two: 1 - C(4,2) / 2^4 / 2.
        let even = McNemar::of_counts(2, 2);
        assert!((even.mid_p - (1.0 - 3.0 / 16.0)).abs() < 1e-14 && even.exact == 1.0, "{even:?}");
        let none = McNemar::of_counts(0, 0);
        assert_eq!((none.exact, none.mid_p), (1.0, 0.5));
    }

    #[test]
    fn images_on_which_both_agree_do_not_count() {
        let pairs = [(true, true), (false, false), (true, false), (true, false), (false, true)];
        let test = McNemar::of_pairs(pairs);
        assert_eq!((test.lost, test.won), (2, 1));
    }
}
