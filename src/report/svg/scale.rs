//! Numbers to places on an axis, and which numbers get a tick.

/// Maps a range of numbers to a range of pixels, evenly or by their logarithm.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    from: (f64, f64),
    to: (f64, f64),
    log: bool,
}

impl Scale {
    /// Evenly. A range without width is given one.
    pub fn linear(from: (f64, f64), to: (f64, f64)) -> Self {
        let wide = from.1 - from.0;
        let from = if wide.is_finite() && wide > 0.0 { from } else { (0.0, 1.0) };
        Self { from, to, log: false }
    }

    /// By the logarithm of positive numbers.
    pub fn log(from: (f64, f64), to: (f64, f64)) -> Self {
        let logs = (from.0.log10(), from.1.log10());
        Self { log: true, ..Self::linear(logs, to) }
    }

    /// Where a number is; what is outside of the range is at its end.
    pub fn at(&self, x: f64) -> f64 {
        let x = if self.log { x.log10() } else { x };
        let share = (x - self.from.0) / (self.from.1 - self.from.0);
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self.to.0 + share * (self.to.1 - self.to.0)
    }

    /// The pixels that the ends of the range have.
    pub fn ends(&self) -> (f64, f64) {
        self.to
    }
}

/// The step of 1, 2 or 5 times a power of ten that divides `width` into `most` parts at the most.
pub fn nice_step(width: f64, most: usize) -> f64 {
    let rough = width / most.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= rough * (1.0 - 1e-9));
    power * factor.unwrap_or(10.0)
}

/// Multiples of a nice step from `low` to `high`, both included if they are multiples.
pub fn ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let step = nice_step(high - low, most);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    if !(last - first).is_finite() {
        return Vec::new();
    }
    let count = (last - first).clamp(-1.0, 100.0) as i64;
    (0..=count).map(|i| (first + i as f64) * step).collect()
}

/// The lowest multiple of a nice step that is at least `high`; 1 of nothing.
pub fn nice_end(high: f64, most: usize) -> f64 {
    if !(high.is_finite() && high > 0.0) {
        return 1.0;
    }
    let step = nice_step(high, most);
    (high / step - 1e-9).ceil() * step
}

/// A tick's number in as few digits as tell it from its neighbours.
pub fn tick_text(x: f64, step: f64) -> String {
    let digits =
        if step.is_finite() && step > 0.0 { (-step.log10().floor()).max(0.0) } else { 0.0 };
    let x = if x == 0.0 || !x.is_finite() { 0.0 } else { x };
    if x.abs() >= 10_000.0 && digits == 0.0 && x.abs() < 1e15 {
        let sign = if x < 0.0 { "-" } else { "" };
        return format!("{sign}{}", super::super::table::grouped(x.abs() as usize));
    }
    format!("{x:.*}", (digits as usize).min(9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_one_two_or_five_times_a_power_of_ten() {
        // 100 in at most 5 parts: 20. 7 in 5: 1.4, so 2. 0.3 in 4: 0.075, so 0.1. 5914 in 6: 986, so 1000.
        for (width, most, step) in
            [(100.0, 5, 20.0), (7.0, 5, 2.0), (0.3, 4, 0.1), (5914.0, 6, 1000.0)]
        {
            assert!((nice_step(width, most) - step).abs() < 1e-12 * step, "{width}");
        }
        assert_eq!((nice_step(0.0, 5), nice_step(f64::NAN, 5)), (1.0, 1.0));
    }

    #[test]
    fn ticks_stay_within_the_range() {
        assert_eq!(ticks(0.0, 100.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(-7.0, 12.0, 4), [-5.0, 0.0, 5.0, 10.0]);
        assert_eq!(ticks(0.0, f64::INFINITY, 5).len(), 0);
        assert_eq!(nice_end(93.0, 5), 100.0);
        assert_eq!(tick_text(0.30000000000000004, 0.1), "0.3");
        assert_eq!(tick_text(12000.0, 2000.0), "12,000");
    }

    #[test]
    fn numbers_outside_of_a_scale_are_at_its_ends() {
        let scale = Scale::linear((0.0, 10.0), (100.0, 0.0));
        assert_eq!((scale.at(2.5), scale.at(-1.0), scale.at(f64::NAN)), (75.0, 100.0, 100.0));
        let log = Scale::log((1e-4, 1.0), (0.0, 80.0));
        assert!((log.at(0.01) - 40.0).abs() < 1e-9);
        assert_eq!(log.at(0.0), 0.0);
        assert_eq!(Scale::linear((3.0, 3.0), (0.0, 1.0)).at(0.5), 0.5);
    }
}
