//! The live display of a campaign.

use crate::campaign::outcome::Outcome;
use crate::cli::say;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Between two lines of progress when stderr is no terminal.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// A bar with the time that is left, or now and then a line where stderr is no terminal.
pub(super) struct Progress {
    pub bar: ProgressBar,
    pub counts: [usize; Outcome::ALL.len()],
    what: &'static str,
    last_line: Instant,
    terminal: bool,
}

impl Progress {
    pub fn new(what: &'static str, total: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let template = "{prefix} [{bar:28}] {pos}/{len}  {per_sec}  ETA {eta}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        let counts = [0; Outcome::ALL.len()];
        Self { bar, counts, what, last_line: Instant::now(), terminal }
    }

    /// One more is done.
    pub fn step(&mut self) {
        self.bar.inc(1);
        if self.terminal {
            self.bar.set_message(self.classes());
        } else if self.last_line.elapsed() >= PROGRESS_EVERY {
            self.last_line = Instant::now();
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            let eta = self.bar.eta().as_secs();
            let classes = self.classes();
            let classes = if classes.is_empty() { classes } else { format!("; {classes}") };
            say!("stuckat: {done}/{all} {}, {eta} s left{classes}", self.what);
        }
    }

    /// One more scenario is done.
    pub fn result(&mut self, outcome: Outcome) {
        self.counts[outcome.index()] += 1;
        self.step();
    }

    fn classes(&self) -> String {
        let named = Outcome::ALL.iter().zip(&self.counts).filter(|(_, n)| **n > 0);
        named.map(|(outcome, n)| format!("{} {n}", outcome.name())).collect::<Vec<_>>().join(" ")
    }
}
