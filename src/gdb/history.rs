//! All that is needed to come to any earlier instruction again: checkpoints, and what the user changed between them.
//!
//! In: checkpoints in the order of time, and changes. Out: the checkpoint from which a position is reached soonest. A run is a function of its
//! checkpoint and of the changes after it, so executing again from there leads to the same state.
//!
//! Bound: all checkpoints together take [`MEMORY_LIMIT`] or five boards, whichever is more. When there are too many, every second one goes and
//! the distance between them doubles, so a run of any length keeps between half and all of them.

use crate::cpu::State;
use crate::soc::Board;

/// Bytes that the checkpoints may take together.
pub const MEMORY_LIMIT: u64 = 256 << 20;
/// Checkpoints at the most, however small the board.
const MOST: u64 = 64;
/// Checkpoints close to where the user is, at the most.
const MOST_NEAR: usize = 4;
/// Steps between two checkpoints at first.
const FIRST_INTERVAL: u64 = 4_000_000;
/// Bytes of changes that are remembered; more of them begin the history anew.
const CHANGES_LIMIT: usize = 16 << 20;

/// A point in time: between two instructions, before or after an interrupt that is taken there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Instructions retired and exceptions taken since reset.
    pub steps: u64,
    /// Interrupts taken since reset.
    pub interrupts: u64,
}

/// What the user changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A general register.
    Reg(u8, u32),
    /// Where control goes on.
    Pc(u32),
    /// A CSR.
    Csr(u32, u32),
    /// Memory, or a register of a device.
    Memory(u32, Vec<u8>),
    /// The multiplier in use.
    Unit(usize),
}

impl Change {
    fn bytes(&self) -> usize {
        let own = size_of::<(Position, Self)>();
        if let Change::Memory(_, bytes) = self { own + bytes.len() } else { own }
    }
}

/// The whole machine at a position.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    pub position: Position,
    /// Changes that were made until then.
    pub changes: usize,
    pub state: State,
    pub board: Board,
    /// The multiplier in use.
    pub unit: usize,
    /// Bytes that the program had printed.
    pub printed: u64,
}

/// Checkpoints and changes.
#[derive(Debug)]
pub(super) struct History {
    /// In the order of time; the first is where history begins.
    checkpoints: Vec<Checkpoint>,
    /// Some more, close to where the user went back to; the oldest visit first.
    near: Vec<Checkpoint>,
    changes: Vec<(Position, Change)>,
    change_bytes: usize,
    interval: u64,
    most: usize,
}

impl History {
    /// A history that begins at a checkpoint of a board of so many bytes.
    pub fn new(first: Checkpoint, board_bytes: u64) -> Self {
        let most = (MEMORY_LIMIT / board_bytes.max(1)).clamp(1 + MOST_NEAR as u64, MOST);
        Self {
            checkpoints: vec![first],
            near: Vec::new(),
            changes: Vec::new(),
            change_bytes: 0,
            interval: FIRST_INTERVAL,
            most: most as usize - MOST_NEAR,
        }
    }

    /// Where it begins.
    pub fn first(&self) -> &Checkpoint {
        &self.checkpoints[0]
    }

    /// The latest checkpoint not after a position; the first one if there is none.
    pub fn at_or_before(&self, position: Position) -> &Checkpoint {
        let all = self.checkpoints.iter().chain(&self.near);
        let found = all.filter(|c| c.position <= position).max_by_key(|c| c.position);
        found.unwrap_or(&self.checkpoints[0])
    }

    /// The latest checkpoint before a position, if there is one.
    pub fn before(&self, position: Position) -> Option<&Checkpoint> {
        let all = self.checkpoints.iter().chain(&self.near);
        all.filter(|c| c.position < position).max_by_key(|c| c.position)
    }

    /// Whether a checkpoint is due at a position.
    pub fn is_due(&self, position: Position) -> bool {
        let last = self.checkpoints.last().map_or(0, |c| c.position.steps);
        position.steps >= last.saturating_add(self.interval)
    }

    /// Steps between two checkpoints.
    pub fn interval(&self) -> u64 {
        self.interval
    }

    /// How many checkpoints there are.
    pub fn len(&self) -> usize {
        self.checkpoints.len() + self.near.len()
    }

    /// Adds a checkpoint behind the others.
    pub fn add(&mut self, checkpoint: Checkpoint) {
        self.checkpoints.push(checkpoint);
        if self.checkpoints.len() > self.most {
            let mut number = 0;
            self.checkpoints.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.interval = self.interval.saturating_mul(2);
        }
    }

    /// Adds a checkpoint close to where the user is.
    pub fn add_near(&mut self, checkpoint: Checkpoint) {
        if self.near.len() == MOST_NEAR {
            self.near.remove(0);
        }
        self.near.push(checkpoint);
    }

    /// The next change that was made after the first `done`, if there is one.
    pub fn change(&self, done: usize) -> Option<&(Position, Change)> {
        self.changes.get(done)
    }

    /// Notes a change at a position, after the first `done` changes; what came later than these is no longer. `false` if that is too much to
    /// remember.
    pub fn note(&mut self, position: Position, done: usize, change: Change) -> bool {
        self.changes.truncate(done);
        for list in [&mut self.checkpoints, &mut self.near] {
            list.retain(|c| c.position <= position && c.changes <= done);
        }
        self.changes.push((position, change));
        self.change_bytes = self.changes.iter().map(|(_, change)| change.bytes()).sum();
        self.change_bytes <= CHANGES_LIMIT
    }
}
