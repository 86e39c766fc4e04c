//! `stuckat run --save-at N FILE` and `--restore FILE`.

use super::file::{must_be_new, write_whole};
use super::{OutputRefused, say};
use crate::checkpoint::{Checkpoint, Origin};
use crate::cpu::{Machine, Probe};
use crate::report::table::grouped;
use crate::soc::Board;
use crate::unit::Unit;
use anyhow::{Context, bail};
use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Checkpoints {
    /// Save the run to a file when N instructions have retired, and go on; may be given several times
    #[arg(long, num_args = 2, value_names = ["N", "FILE"], action = clap::ArgAction::Append)]
    save_at: Vec<String>,
    /// Begin with a saved run of this ELF, core and platform instead of a reset; a fault is then there from that point on.
    /// Input that the program has not read yet, and its arguments, are in the file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "arguments"])]
    restore: Option<PathBuf>,
    /// Let --save-at replace files that are there already
    #[arg(long, requires = "save_at")]
    force: bool,
}

/// What is still to be saved, the earliest last.
pub(super) struct Saves {
    due: Vec<(u64, PathBuf)>,
    /// There is one if anything is to be saved.
    origin: Option<Origin>,
}

impl Checkpoints {
    /// Puts the machine where it is to begin.
    pub fn begin<U: Unit, P: Probe>(
        &self,
        machine: &mut Machine<Board, U, P>,
        origin: impl FnOnce() -> Origin,
    ) -> anyhow::Result<Saves> {
        if self.save_at.is_empty() && self.restore.is_none() {
            return Ok(Saves { due: Vec::new(), origin: None });
        }
        let origin = origin();
        let mut due = Vec::new();
        for pair in self.save_at.chunks_exact(2) {
            let number: u64 = pair[0].replace('_', "").parse().with_context(|| {
                format!("--save-at {}: not a number of instructions (0 or more)", pair[0])
            })?;
            let path = PathBuf::from(&pair[1]);
            if !self.force {
                must_be_new(&path)?;
            }
            due.push((number, path));
        }
        due.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        if let Some(path) = &self.restore {
            restore(path, machine, &origin)?;
        }
        let begun = machine.retired();
        if let Some((number, path)) = due.last().filter(|(number, _)| *number < begun) {
            let path = path.display();
            bail!("--save-at {number} {path}: the restored run begins after instruction {begun}");
        }
        let mut saves = Saves { due, origin: Some(origin) };
        saves.save(machine)?;
        Ok(saves)
    }
}

fn restore<U: Unit, P: Probe>(
    path: &Path,
    machine: &mut Machine<Board, U, P>,
    origin: &Origin,
) -> anyhow::Result<()> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("{name}: cannot be read"))?;
    let checkpoint = Checkpoint::read(BufReader::new(file)).with_context(|| name.to_string())?;
    checkpoint.check_program(&origin.elf_sha256).with_context(|| name.to_string())?;
    checkpoint.put_into(machine).with_context(|| name.to_string())
}

impl Saves {
    /// The budget for [`Machine::run`] up to the next save, or `budget` if that is sooner.
    pub fn pause<U: Unit, P: Probe>(&self, machine: &Machine<Board, U, P>, budget: u64) -> u64 {
        match self.due.last() {
            Some((number, _)) => budget.min(machine.steps_taken() + number - machine.retired()),
            None => budget,
        }
    }

    /// Writes the files that are due now.
    pub fn save<U: Unit, P: Probe>(
        &mut self,
        machine: &Machine<Board, U, P>,
    ) -> Result<(), OutputRefused> {
        let Some(origin) = &self.origin else { return Ok(()) };
        while let Some((_, path)) = self.due.pop_if(|(number, _)| *number <= machine.retired()) {
            let checkpoint = Checkpoint::of(machine, origin.clone());
            write_whole(&path, |sink| {
                let mut bytes = Cursor::new(Vec::new());
                checkpoint.write(&mut bytes)?;
                sink.write_all(bytes.get_ref())
            })?;
        }
        Ok(())
    }

    /// Says what could not be saved.
    pub fn finish<U: Unit, P: Probe>(&self, machine: &Machine<Board, U, P>) {
        for (number, path) in self.due.iter().rev() {
            let (number, retired) =
                (grouped(*number as usize), grouped(machine.retired() as usize));
            let path = path.display();
            say!(
                "stuckat: --save-at {number} {path}: not written, since the run ended after {retired} instructions"
            );
        }
    }
}
