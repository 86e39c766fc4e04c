//! The program under a debugger: what can be asked of it and changed in it between two instructions.
//!
//! In: questions, changes, and where to go ([`Going`]). Out: values, and [`Event`]s. How it goes is in `forwards.rs` and `backwards.rs`.

use super::backwards::Scan;
use super::hart::Hart;
use super::history::{Change, Checkpoint, History, Position};
use super::unit::Switch;
use crate::cpu::{Cause, Pauses, Reset, Stop};
use crate::isa;
use crate::soc::{Board, Bus, Region, Size};
use crate::unit::{Counts, MulOp, Unit};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// What a watchpoint looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchKind {
    /// Stores.
    Write,
    /// Loads.
    Read,
    /// Both.
    Access,
}

/// A watchpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    pub addr: u32,
    pub len: u32,
    pub kind: WatchKind,
}

impl Watch {
    pub fn overlaps(&self, addr: u32, len: u32) -> bool {
        let (from, other) = (u64::from(self.addr), u64::from(addr));
        from < other + u64::from(len) && other < from + u64::from(self.len)
    }
}

/// Why it has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The step is done.
    Stepped,
    /// The next instruction is at a breakpoint.
    Breakpoint,
    /// The next instruction makes a watched access; backwards, the last one made it.
    Watch {
        /// The watchpoint's kind.
        kind: WatchKind,
        /// The watchpoint's first address.
        addr: u32,
    },
    /// An exception was taken; the next instruction is the handler's first.
    Exception,
    /// An interrupt was taken; the next instruction is the handler's first.
    Interrupt,
    /// The program has ended, or cannot go on.
    Stop(Stop),
    /// It had ended before, and does not go on.
    Over(Stop),
    /// History goes no further back.
    Beginning,
}

/// Where it is going.
#[derive(Debug)]
pub(super) enum Going {
    /// On.
    Continue,
    /// On, until the pc leaves this range, the end exclusive. While an interrupt is served: to this pc with this stack pointer.
    Range { from: u32, to: u32, serving: Option<(u32, u32)> },
    /// One step back.
    BackStep,
    /// Back.
    Back(Scan),
}

/// A multiplication that was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The instruction's number in the run, 1 for the first that retires.
    pub number: u64,
    /// Its address.
    pub pc: u32,
    /// The operation, its operands, and the value that it left; `None` where history does not reach back so far.
    pub operation: Option<(MulOp, [u32; 2], u32)>,
}

/// A program under a debugger.
pub struct Debuggee {
    pub(super) hart: Hart,
    pub(super) reset: Reset,
    /// The board after a reset.
    pristine: Board,
    pub(super) history: History,
    /// Changes that are made in the present state.
    pub(super) changes: usize,
    /// Bytes printed in the present state, and those that were shown.
    pub(super) printed: u64,
    shown: u64,
    console: Vec<u8>,
    pub(super) breakpoints: [BTreeSet<u32>; 2],
    pub(super) watches: Vec<Watch>,
    pub(super) catch: u32,
    pub(super) max_insns: u64,
    pub(super) going: Option<Going>,
    /// A watched access here was reported.
    pub(super) reported: Option<Position>,
    pub(super) ended: Option<Stop>,
    /// After the first multiplication that differed.
    pub(super) first_wrong: Option<Position>,
    /// Ranges that the board holds now; `None` if that is not known.
    pub(super) held: Option<Vec<(u32, u32)>>,
    /// Steps until the next look at the connection.
    pub(super) slice: u64,
    /// Stepping does not show interrupts.
    pub(super) skip_interrupts: bool,
}

/// Exceptions that stop the program unless the user says otherwise: those that are mistakes, as a rule.
pub(super) const FAULTS: [Cause; 5] = [
    Cause::InstructionAccessFault,
    Cause::IllegalInstruction,
    Cause::Breakpoint,
    Cause::LoadAccessFault,
    Cause::StoreAccessFault,
];

impl Debuggee {
    /// A program before its first instruction. With `compiled` false the interpreter does all; after `max_insns` steps the run stops.
    pub fn new(board: Board, unit: Switch, reset: Reset, compiled: bool, max_insns: u64) -> Self {
        let pristine = board.clone();
        let hart = Hart::new(board, unit, reset, compiled);
        let first = checkpoint(&hart, 0, 0);
        Self {
            history: History::new(first, bytes_of(&pristine)),
            hart,
            reset,
            pristine,
            changes: 0,
            printed: 0,
            shown: 0,
            console: Vec::new(),
            breakpoints: Default::default(),
            watches: Vec::new(),
            catch: Pauses::bits(&FAULTS),
            max_insns,
            going: None,
            reported: None,
            ended: None,
            first_wrong: None,
            held: None,
            slice: 1 << 12,
            skip_interrupts: true,
        }
    }

    /// Where it is in time.
    pub fn position(&self) -> Position {
        Position {
            steps: self.hart.retired() + self.hart.exceptions(),
            interrupts: self.hart.interrupts(),
        }
    }

    /// Whether the program has ended, or cannot go on.
    pub fn ended(&self) -> Option<Stop> {
        self.ended
    }

    /// What the program has printed since the last call; what it prints again after the user went back is not in it.
    pub fn take_console(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.console)
    }

    /// Takes what was printed from the board.
    pub(super) fn collect_console(&mut self) {
        if self.hart.bus().console().is_empty() {
            return;
        }
        let bytes = self.hart.bus_mut().take_console();
        let known = self.shown.saturating_sub(self.printed).min(bytes.len() as u64);
        self.printed += bytes.len() as u64;
        self.console.extend_from_slice(&bytes[known as usize..]);
        self.shown = self.shown.max(self.printed);
    }

    /// The board, when all is done.
    pub fn into_board(self) -> Board {
        self.hart.into_bus()
    }

    /// Instructions retired, and clock cycles, since reset.
    pub fn time(&self) -> (u64, u64) {
        (self.hart.retired(), self.hart.cycles())
    }

    /// What was multiplied since reset.
    pub fn counts(&self) -> Counts {
        self.hart.unit().counts()
    }

    /// The multiplier.
    pub fn unit(&self) -> &Switch {
        self.hart.unit()
    }

    /// The multiplier, to add faults to it.
    pub fn unit_mut(&mut self) -> &mut Switch {
        self.hart.unit_mut()
    }

    /// Address of the next instruction.
    pub fn pc(&self) -> u32 {
        self.hart.pc()
    }

    /// General register `i`, 0..=31.
    pub fn reg(&self, i: u8) -> u32 {
        self.hart.reg(i)
    }

    /// A CSR as M-mode software would read it, if the core has it.
    pub fn csr(&self, number: u32) -> Option<u32> {
        self.hart.csr(number)
    }

    /// The privilege mode, 3 for M and 0 for U.
    pub fn mode(&self) -> u8 {
        self.hart.mode()
    }

    /// Reads memory into `buffer`, and devices, without side effects; how many bytes could be read.
    pub fn read(&self, addr: u32, buffer: &mut [u8]) -> usize {
        let board = self.hart.bus();
        // What a device would answer, asked of a copy.
        let mut copy: Option<Board> = None;
        let clock = self.hart.elapsed();
        let mut done = 0;
        while done < buffer.len() {
            let Some(at) = addr.checked_add(done as u32) else { break };
            let left = &mut buffer[done..];
            let whole = left.len() as u32;
            if let Some(bytes) = board.peek(at, whole) {
                left.copy_from_slice(bytes);
                return buffer.len();
            }
            if let Some(byte) = board.peek(at, 1) {
                left[0] = byte[0];
                done += 1;
                continue;
            }
            let size = [Size::Word, Size::Half, Size::Byte]
                .into_iter()
                .find(|size| at % size.bytes() == 0 && size.bytes() <= whole)
                .unwrap_or(Size::Byte);
            let copy = copy.get_or_insert_with(|| board.clone());
            let Ok(value) = copy.device_load(at, size, clock) else { break };
            let bytes = size.bytes() as usize;
            left[..bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
            done += bytes;
        }
        done
    }

    /// Writes a general register; `x0` stays 0.
    pub fn write_reg(&mut self, i: u8, value: u32) {
        if self.reg(i) != value {
            self.change(Change::Reg(i, value));
        }
    }

    /// Lets control go on elsewhere.
    pub fn write_pc(&mut self, pc: u32) {
        if self.pc() != pc & !1 {
            self.change(Change::Pc(pc));
        }
    }

    /// Writes a CSR as M-mode software would; `false` if it does not exist or is read-only.
    pub fn write_csr(&mut self, number: u32, value: u32) -> bool {
        self.change(Change::Csr(number, value))
    }

    /// Writes memory, read-only or not, or makes one aligned access of 1, 2 or 4 bytes to a device; `false`, with nothing written, if it is neither.
    pub fn write(&mut self, addr: u32, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        let at_reset = self.position() == Position::default();
        let done = self.change(Change::Memory(addr, bytes.to_vec()));
        if done && at_reset {
            // A program that was loaded stays over the next reset.
            let _ = self.pristine.poke(addr, bytes);
        }
        done
    }

    /// Uses the multiplier of this number from the next operation on.
    pub fn choose_unit(&mut self, number: usize) {
        if number != self.unit().used() {
            self.change(Change::Unit(number));
        }
    }

    /// Makes a change, and forgets the future that it makes untrue.
    fn change(&mut self, change: Change) -> bool {
        if !self.apply(&change) {
            return false;
        }
        let here = self.position();
        let stuck = self.ended.take().is_some_and(|stop| !matches!(stop, Stop::Exit(_)));
        let kept = self.history.note(here, self.changes, change);
        self.changes += 1;
        self.shown = self.printed;
        self.first_wrong = self.first_wrong.filter(|wrong| *wrong <= here);
        if stuck || !kept {
            self.begin_history();
        }
        true
    }

    /// Does what a change says; `false` if it cannot be done.
    pub(super) fn apply(&mut self, change: &Change) -> bool {
        match change {
            Change::Reg(i, value) => self.hart.set_reg(*i, *value),
            Change::Pc(pc) => self.hart.set_pc(*pc),
            Change::Csr(number, value) => return self.hart.set_csr(*number, *value).is_some(),
            Change::Memory(addr, bytes) => {
                if !self.store(*addr, bytes) {
                    return false;
                }
                self.hart.changed_from_outside();
            }
            Change::Unit(number) => {
                self.hart.unit_mut().choose(*number);
                self.hart.changed_from_outside();
            }
        }
        true
    }

    fn store(&mut self, addr: u32, bytes: &[u8]) -> bool {
        let clock = self.hart.elapsed();
        let board = self.hart.bus_mut();
        if board.poke(addr, bytes).is_some() {
            return true;
        }
        let size = match bytes.len() {
            1 => Size::Byte,
            2 => Size::Half,
            4 => Size::Word,
            _ => return false,
        };
        let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        addr % size.bytes() == 0 && board.device_store(addr, size, value, clock).is_ok()
    }

    /// Everything as after a reset, with the program that is loaded. The multiplier in use stays so.
    pub fn reset(&mut self) {
        *self.hart.bus_mut() = self.pristine.clone();
        self.hart.reset(self.reset);
        (self.printed, self.shown) = (0, 0);
        (self.ended, self.reported, self.first_wrong) = (None, None, None);
        self.begin_history();
    }

    /// Lets history begin here.
    pub(super) fn begin_history(&mut self) {
        self.held = None;
        self.changes = 0;
        let first = self.checkpoint();
        self.history = History::new(first, bytes_of(&self.pristine));
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        checkpoint(&self.hart, self.changes, self.printed)
    }

    /// How far back history goes, how many checkpoints there are, and how many steps lie between two of them.
    pub fn history(&self) -> (Position, usize, u64) {
        (self.history.first().position, self.history.len(), self.history.interval())
    }

    /// Adds or removes a breakpoint; software and hardware ones are told apart only because gdb does.
    pub fn set_breakpoint(&mut self, hardware: bool, addr: u32, on: bool) {
        let list = &mut self.breakpoints[usize::from(hardware)];
        if on {
            list.insert(addr)
        } else {
            list.remove(&addr)
        };
    }

    /// Whether single steps show interrupts; if not, as at first, an interrupt is served before the step.
    pub fn show_interrupts(&mut self, show: bool) {
        self.skip_interrupts = !show;
    }

    /// Stops after exceptions whose code in `mcause` is a bit here; at first those that are mistakes as a rule.
    pub fn catch(&mut self, exceptions: u32) {
        self.catch = exceptions;
    }

    /// Memories and devices.
    pub(super) fn regions(&self) -> Vec<Region> {
        self.hart.bus().regions()
    }

    /// Whether all these bytes are in one memory.
    pub(super) fn has_memory(&self, addr: u32, len: u32) -> bool {
        self.hart.bus().peek(addr, len).is_some()
    }

    /// Whether there is a breakpoint of this kind at the pc.
    pub fn at_breakpoint(&self, hardware: bool) -> bool {
        self.breakpoints[usize::from(hardware)].contains(&self.pc())
    }

    /// Adds a watchpoint of 1 byte or more.
    pub fn add_watchpoint(&mut self, addr: u32, len: u32, kind: WatchKind) {
        self.watches.push(Watch { addr, len: len.max(1), kind });
    }

    /// Removes a watchpoint; `false` if there is no such one.
    pub fn remove_watchpoint(&mut self, addr: u32, len: u32, kind: WatchKind) -> bool {
        let wanted = Watch { addr, len: len.max(1), kind };
        let found = self.watches.iter().position(|watch| *watch == wanted);
        found.map(|place| self.watches.remove(place)).is_some()
    }

    /// Removes all breakpoints and watchpoints.
    pub fn clear_stops(&mut self) {
        self.breakpoints = Default::default();
        self.watches.clear();
    }

    /// Writes a line for each instruction to a file from now on ([`crate::trace::rvfi`]).
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn trace(&mut self, path: &Path) -> io::Result<()> {
        self.hart.trace(path)
    }

    /// Ends the trace, if there is one.
    ///
    /// # Errors
    /// The first error of writing it.
    pub fn end_trace(&mut self) -> Option<io::Result<()>> {
        self.hart.end_trace()
    }

    /// Whether a trace is being written.
    pub fn is_traced(&self) -> bool {
        self.hart.is_traced()
    }

    /// The next instruction, decoded; `None` if it is none.
    pub(super) fn next_insn(&self) -> Option<isa::Insn> {
        let bus = self.hart.bus();
        let low = bus.fetch(self.pc()).ok()?;
        let mut word = u32::from(low);
        if isa::parcel_len(low) == 4 {
            word |= u32::from(bus.fetch(self.pc().wrapping_add(2)).ok()?) << 16;
        }
        isa::decode(word)
    }
}

fn checkpoint(hart: &Hart, changes: usize, printed: u64) -> Checkpoint {
    let steps = hart.retired() + hart.exceptions();
    Checkpoint {
        position: Position { steps, interrupts: hart.interrupts() },
        changes,
        state: hart.save(),
        board: hart.bus().clone(),
        unit: hart.unit().used(),
        printed,
    }
}

/// What a clone of it takes, at the most.
fn bytes_of(board: &Board) -> u64 {
    board.code_windows().iter().map(|(_, len)| u64::from(*len)).sum()
}
