//! What compiled code and the machine share while the code runs, and what the code asks the machine for.

use crate::cpu::probe::Probe;
use crate::cpu::{Difference, Machine};
use crate::isa::Op;
use crate::soc::Bus;
use crate::unit::{Answer, MulOp, Unit};
use std::ffi::c_void;

/// Passed to compiled code by address. All but the registers is there only while compiled code runs.
#[repr(C)]
pub struct Context {
    /// General registers 0..=31; index 32 takes the interpreter's writes to `x0`, the rest pads the array to a power of two.
    pub registers: [u32; 64],
    /// First byte of the main memory.
    pub ram: *mut u8,
    /// Its guard bytes, one a line.
    pub guards: *const u8,
    /// Which products are wrong: bits, or places in `errors`.
    pub table: *const c_void,
    /// What is added to wrong products.
    pub errors: *const u32,
    /// [`multiply`] of this machine.
    pub multiply: *const c_void,
    /// [`divide`] of this machine.
    pub divide: *const c_void,
    /// The machine.
    pub machine: *mut c_void,
    /// The accumulators of a [`super::tally::Tally`]; the first is read.
    pub tally: [u64; 3],
    /// Wrong products made in place.
    pub wrong: u64,
    /// The only error, for [`super::lower::Errors::Mask`].
    pub error: u32,
    /// Where the guest goes on.
    pub pc: u32,
    /// Address of a multiplication that ended the stay, or of a jump that led astray.
    pub at: u32,
}

impl Default for Context {
    fn default() -> Self {
        use std::ptr::{null, null_mut};
        Self {
            registers: [0; 64],
            ram: null_mut(),
            guards: null(),
            table: null(),
            errors: null(),
            multiply: null(),
            divide: null(),
            machine: null_mut(),
            tally: [0; 3],
            wrong: 0,
            error: 0,
            pc: 0,
            at: 0,
        }
    }
}

// SAFETY: the pointers are set anew before each use, and are to what belongs to the machine.
unsafe impl Send for Context {}

/// How compiled code was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Left {
    /// To the next address.
    On = 0,
    /// By a jump.
    Jumped = 1,
    /// By a taken branch.
    Branched = 2,
    /// It is time to look at deadline and budget.
    Spent = 3,
    /// Before an instruction that the interpreter must do.
    Aside = 4,
    /// Behind the first multiplication that differed.
    Differed = 5,
    /// Before a multiplication that is never answered.
    NoAnswer = 6,
    /// By a jump by register to where the code does not know of.
    Astray = 7,
}

impl Left {
    /// From its number.
    pub fn from_number(number: u32) -> Self {
        use Left::*;
        [On, Jumped, Branched, Spent, Aside, Differed, NoAnswer, Astray][number as usize]
    }
}

/// Divisions by their number in compiled code.
pub const DIVISIONS: [Op; 4] = [Op::Div, Op::Divu, Op::Rem, Op::Remu];

/// Compiled code: a [`Context`] and the number of an entry in, a [`Left`] out.
pub type Code = unsafe extern "C" fn(*mut Context, u32) -> u32;

/// A multiplication by the unit. Bits 0..2 of `which` are the operation's index, bit 2 says that it is out of scope. The answer: value in bits
/// 0..32, cycles in bits 32..48, bit 63 if it is the first that differed; all ones if there is none.
///
/// # Safety
/// `context` and the machine behind it must be valid, and nobody else may use the machine.
pub unsafe extern "C" fn multiply<B: Bus, U: Unit, P: Probe>(
    context: *mut Context,
    which: u32,
    rs1: u32,
    rs2: u32,
) -> u64 {
    // SAFETY: the caller's promise; compiled code holds no reference into the machine.
    let machine = unsafe { &mut *(*context).machine.cast::<Machine<B, U, P>>() };
    let op = MulOp::ALL[(which & 3) as usize];
    let answer = if which & 4 != 0 {
        machine.unit.outside(op, rs1, rs2)
    } else {
        machine.unit.exec(op, rs1, rs2)
    };
    match answer {
        Answer::Done { value, cycles } => {
            let first = machine.first_difference.is_none() && machine.unit.counts().differing > 0;
            let waits = u64::from(cycles).wrapping_sub(1);
            machine.mul_waits = machine.mul_waits.wrapping_add(waits);
            machine.asked_cycles = machine.asked_cycles.wrapping_add(waits);
            u64::from(value) | u64::from(cycles & 0xffff) << 32 | u64::from(first) << 63
        }
        Answer::Never => u64::MAX,
    }
}

/// A division by the core: value in bits 0..32, cycles from bit 32 on.
///
/// # Safety
/// As for [`multiply`].
pub unsafe extern "C" fn divide<B: Bus, U: Unit, P: Probe>(
    context: *mut Context,
    which: u32,
    rs1: u32,
    rs2: u32,
) -> u64 {
    // SAFETY: as above.
    let machine = unsafe { &mut *(*context).machine.cast::<Machine<B, U, P>>() };
    let before = machine.totals.cycles;
    let value = machine.divide(DIVISIONS[(which & 3) as usize], rs1, rs2);
    let cycles = machine.totals.cycles - before;
    machine.totals.cycles = before;
    machine.asked_cycles = machine.asked_cycles.wrapping_add(cycles - 1);
    u64::from(value) | cycles << 32
}

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// Notes the first operation that differed: the instruction at `pc`, `number`-th of the run.
    pub(super) fn differed(&mut self, number: u64, pc: u32) {
        if self.first_difference.is_none() && self.unit.counts().differing > 0 {
            self.first_difference = Some(Difference { number, pc });
        }
    }
}
