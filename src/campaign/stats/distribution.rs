//! The distribution functions that the estimates use: normal, Student's t, binomial and hypergeometric.
//!
//! Probabilities of counts are computed from Stirling's remainder and the deviance rather than from differences of
//! log-gammas, which lose eight digits in a population of 1e7. Source: Loader, "Fast and accurate computation of binomial
//! probabilities", 2000.

use std::f64::consts::{PI, SQRT_2};

/// The `t` for which a standard normal variable lies between `-t` and `t` with the probability `confidence`, which is
/// between 0 and 1 (both excluded).
///
/// Newton's iteration on the complementary error function, from the approximation 26.2.23 of Abramowitz and Stegun,
/// "Handbook of Mathematical Functions"; accurate to a few units in the last place.
pub fn normal_two_sided(confidence: f64) -> f64 {
    let outside = 1.0 - confidence;
    let r = (-2.0 * (outside / 2.0).ln()).sqrt();
    let mut t = r
        - (2.515_517 + r * (0.802_853 + r * 0.010_328))
            / (1.0 + r * (1.432_788 + r * (0.189_269 + r * 0.001_308)));
    for _ in 0..4 {
        let density = (-t * t / 2.0).exp() / (2.0 * PI).sqrt();
        t += (libm::erfc(t / SQRT_2) - outside) / (2.0 * density);
    }
    t.max(0.0)
}

/// The probability that a standard normal variable is above `t`.
pub fn normal_above(t: f64) -> f64 {
    0.5 * libm::erfc(t / SQRT_2)
}

/// The same quantile for Student's t with `freedom` degrees of freedom (at least 1; rounded down to an integer below 200).
///
/// Below 200 it inverts the finite series 26.7.3 and 26.7.4 of Abramowitz and Stegun, from 200 on it is their expansion
/// 26.7.5 about the normal quantile, whose error is then below 1e-9.
pub fn student_two_sided(confidence: f64, freedom: f64) -> f64 {
    let z = normal_two_sided(confidence);
    if freedom >= 200.0 {
        let (z2, f) = (z * z, freedom);
        let g1 = z * (z2 + 1.0) / 4.0;
        let g2 = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
        let g3 = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
        let g4 = z * ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92_160.0;
        return z + (g1 + (g2 + (g3 + g4 / f) / f) / f) / f;
    }
    let freedom = freedom.max(1.0).floor();
    let (mut low, mut high) = (0.0, z.max(1.0));
    while student_within(high, freedom) < confidence && high < 1e18 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if student_within(middle, freedom) < confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The probability that Student's t with an integer number of degrees of freedom is between `-t` and `t`.
fn student_within(t: f64, freedom: f64) -> f64 {
    let angle = (t / freedom.sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let n = freedom as u32;
    let odd = n % 2 == 1;
    let (mut term, mut sum, mut k) = if odd { (cos, cos, 3) } else { (1.0, 1.0, 2) };
    while k < n {
        term *= cos * cos * f64::from(k - 1) / f64::from(k);
        sum += term;
        k += 2;
    }
    match (odd, n) {
        (true, 1) => 2.0 * angle / PI,
        (true, _) => 2.0 / PI * (angle + sin * sum),
        (false, _) => sin * sum,
    }
}

/// The probability of `k` successes in `n` trials, each with probability `p`.
pub fn binomial(k: usize, n: usize, p: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    let (x, total, q) = (k as f64, n as f64, 1.0 - p);
    if p <= 0.0 || q <= 0.0 {
        return f64::from(u8::from((p <= 0.0 && k == 0) || (q <= 0.0 && k == n)));
    }
    if k == 0 {
        return (total * libm::log1p(-p)).exp();
    }
    if k == n {
        return (total * p.ln()).exp();
    }
    let log = stirling(total)
        - stirling(x)
        - stirling(total - x)
        - deviance(x, total * p)
        - deviance(total - x, total * q);
    log.exp() * (total / (2.0 * PI * x * (total - x))).sqrt()
}

/// The probability that `n` members drawn without replacement from `population`, of which `marked` have a property,
/// hold exactly `k` that have it.
pub fn hypergeometric(k: usize, n: usize, marked: usize, population: usize) -> f64 {
    if n > population || marked > population || k > n || k > marked {
        return 0.0;
    }
    if n - k > population - marked {
        return 0.0;
    }
    if n == 0 || n == population {
        return 1.0;
    }
    // Loader's identity holds for any p; this one keeps all three factors near their modes.
    let p = n as f64 / population as f64;
    binomial(k, marked, p) * binomial(n - k, population - marked, p) / binomial(n, population, p)
}

/// The probability that such a sample holds `k` or fewer that have the property.
pub fn hypergeometric_at_most(k: usize, n: usize, marked: usize, population: usize) -> f64 {
    let mean = n as f64 * marked as f64 / population as f64;
    if (k as f64) < mean {
        hypergeometric_tail(k, n, marked, population, false)
    } else {
        1.0 - hypergeometric_tail(k + 1, n, marked, population, true)
    }
}

/// The probability that such a sample holds `k` or more that have the property.
pub fn hypergeometric_at_least(k: usize, n: usize, marked: usize, population: usize) -> f64 {
    let mean = n as f64 * marked as f64 / population as f64;
    if k as f64 > mean {
        hypergeometric_tail(k, n, marked, population, true)
    } else if k == 0 {
        1.0
    } else {
        1.0 - hypergeometric_tail(k - 1, n, marked, population, false)
    }
}

/// Sum of the probabilities from `k` away from the mode, until they no longer count; each from the one before it.
fn hypergeometric_tail(k: usize, n: usize, marked: usize, population: usize, upward: bool) -> f64 {
    let others = population - marked;
    let (least, most) = (n.saturating_sub(others), n.min(marked));
    // A tail that begins before the support begins in it; one that begins behind it is empty.
    let k = if upward { k.max(least) } else { k.min(most) };
    if k < least || k > most {
        return 0.0;
    }
    let mut term = hypergeometric(k, n, marked, population);
    let mut sum = term;
    let mut at = k;
    // Of a population N the number in the sample that lack the property is n - at, out of `others`.
    while term > sum * 1e-17 && if upward { at < most } else { at > least } {
        let missing = |at: usize| (others + at - n) as f64;
        if upward {
            term *= (marked - at) as f64 * (n - at) as f64 / ((at + 1) as f64 * missing(at + 1));
            at += 1;
        } else {
            term *= at as f64 * missing(at) / ((marked - at + 1) as f64 * (n - at + 1) as f64);
            at -= 1;
        }
        sum += term;
    }
    sum.min(1.0)
}

/// `ln n! - ln(sqrt(2 pi n) (n / e)^n)`, by its series, or from log-gamma where the series is not accurate enough.
fn stirling(n: f64) -> f64 {
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * (2.0 * PI).ln();
    }
    let square = 1.0 / (n * n);
    (1.0 / 12.0
        - square
            * (1.0 / 360.0
                - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square * (1.0 / 1188.0)))))
        / n
}

/// `x ln(x / mean) + mean - x`, without cancellation where `x` is near `mean`.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    // With v = (x - mean) / (x + mean), ln(x / mean) = 2 (v + v^3 / 3 + v^5 / 5 + ...).
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut power = 2.0 * x * v;
    for odd in 1..60 {
        power *= v * v;
        let next = sum + power / f64::from(2 * odd + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}
