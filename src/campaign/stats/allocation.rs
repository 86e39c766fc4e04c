//! How many of a sample's faults each stratum gets.

use thiserror::Error;

/// More faults than there are.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{asked} faults are asked for, and the strata hold {available}; ask for at most that many")]
pub struct AllocationError {
    /// Asked for.
    pub asked: usize,
    /// There are.
    pub available: usize,
}

/// Divides a sample of `n` faults among strata of so many faults: in proportion, rounded by largest remainders (of equal
/// ones the first), but at least one for each stratum that is not empty, if `n` allows it; never more than there are.
///
/// Strata that are due less than one get one; the rest is divided among the others, until that leaves no such stratum. If
/// `n` is too small for all strata, it is in proportion alone, and some get none. Source: Cochran, "Sampling Techniques",
/// section 5.5, for proportional allocation.
///
/// # Errors
/// [`AllocationError`] if `n` is above the sum of the sizes.
pub fn allocate(sizes: &[usize], n: usize) -> Result<Vec<usize>, AllocationError> {
    let available: usize = sizes.iter().sum();
    if n > available {
        return Err(AllocationError { asked: n, available });
    }
    let mut due = vec![0; sizes.len()];
    let mut open: Vec<usize> = (0..sizes.len()).filter(|h| sizes[*h] > 0).collect();
    let (mut left, mut of) = (n, available);
    if n >= open.len() {
        loop {
            // Due is left * size / of, in integers.
            let small = |h: &usize| (left as u128) * (sizes[*h] as u128) < of as u128;
            let (ones, rest): (Vec<usize>, Vec<usize>) = open.iter().copied().partition(small);
            if ones.is_empty() {
                break;
            }
            for h in ones {
                due[h] = 1;
                left -= 1;
                of -= sizes[h];
            }
            open = rest;
        }
    }
    let mut remainders = Vec::with_capacity(open.len());
    let mut spare = left;
    for h in open {
        let product = left as u128 * sizes[h] as u128;
        due[h] = (product / of.max(1) as u128) as usize;
        spare -= due[h];
        remainders.push((product % of.max(1) as u128, h));
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, h) in remainders.into_iter().take(spare) {
        due[h] += 1;
    }
    Ok(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_proportion_with_largest_remainders() {
        // 10 of 100: 5.3, 2.4, 2.3; the spare one goes to the largest remainder, 0.4.
        assert_eq!(allocate(&[53, 24, 23], 10), Ok(vec![5, 3, 2]));
        // 7 of 14: 3.5, 3.5; of equal remainders the first.
        assert_eq!(allocate(&[7, 7], 7), Ok(vec![4, 3]));
    }

    #[test]
    fn every_stratum_gets_one_if_the_sample_allows_it() {
        // Due are 0.1, 0, 9.9: one, none, and what is left.
        assert_eq!(allocate(&[10, 0, 990], 10), Ok(vec![1, 0, 9]));
        // With 4 faults for 4 strata nobody gets two; with 3, 3 * 97 / 100 = 2.91 and 0.03 each: all go to the largest.
        assert_eq!(allocate(&[1, 97, 1, 1], 4), Ok(vec![1, 1, 1, 1]));
        assert_eq!(allocate(&[1, 97, 1, 1], 3), Ok(vec![0, 3, 0, 0]));
        // Due are 0.5, 1.05, 8.45 of 10; after the first got one, 9 / 19 of the second's 2.1 are 0.995: one as well.
        assert_eq!(allocate(&[100, 210, 1690], 10), Ok(vec![1, 1, 8]));
    }

    #[test]
    fn sums_bounds_and_minimum_hold_for_all_small_cases() {
        for sizes in (0..5usize.pow(4)).map(|c| [c % 5, c / 5 % 5, c / 25 % 5, 3 * (c / 125)]) {
            let (total, strata) = (sizes.iter().sum(), sizes.iter().filter(|s| **s > 0).count());
            for n in 0..=total {
                let due = allocate(&sizes, n).unwrap();
                assert_eq!(due.iter().sum::<usize>(), n, "{sizes:?}");
                for (d, s) in due.iter().zip(sizes) {
                    assert!(*d <= s && (n < strata || s == 0 || *d > 0), "{sizes:?} {n}: {due:?}");
                }
            }
            assert!(allocate(&sizes, total + 1).is_err());
        }
        assert_eq!(allocate(&[], 0), Ok(vec![]));
    }
}
