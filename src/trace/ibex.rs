//! Traces as Ibex's tracer writes them (`rtl/ibex_tracer.sv`), byte by byte.
//!
//! One line an instruction, those that trap included. Columns are separated by tabs:
//!
//! | column | meaning |
//! |---|---|
//! | Time | simulation time: 2 units a clock cycle, the first edge of cycle 0 at 8, as in Ibex's simple system; right-aligned in 15 |
//! | Cycle | clock cycles since reset at retirement; right-aligned in 10 |
//! | PC | address, 8 hexadecimal digits |
//! | Insn | its bits, 8 hexadecimal digits; of a compressed one 4 behind 4 spaces |
//! | Decoded instruction | with a tab between mnemonic and operands; `-->` before it if it trapped, `==>` if it is the first of an interrupt's handler |
//! | Register and memory contents | ` x1:0x...` read, ` x1=0x...` written, ` PA:0x...` address of the access, ` store:0x...`, ` load:0x...` |
//!
//! Behaviour of the tracer that is kept: AUIPC's result has a capability's upper half behind it, which is 0 without CHERIoT; which registers
//! of a compressed instruction are shown depends on its format; what a trapped instruction would have written is `x0`; a load that
//! faults shows what the memory has put on the bus for the load before; bytes that are not stored are `?`.
//!
//! Source: lowRISC's Ibex, `rtl/ibex_tracer.sv` and `rtl/ibex_core.sv` (RVFI), and logs of its simple system.

use super::Lines;
use super::digits::{Decimal, Line, Piece, push_hex, push_hex8};
use super::names::{Cache, Names};
use crate::cpu::{Access, Retired};
use crate::isa::Op;
use crate::isa::text::{Style, text};

const HEADER: &str = "Time\tCycle\tPC\tInsn\tDecoded instruction\tRegister and memory contents\n";

/// Units of simulation time a clock cycle.
const TIME_A_CYCLE: u64 = 2;
/// Simulation time of cycle 0.
const TIME_OF_RESET: u64 = 8;

/// Which registers and accesses a line shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shown {
    rs1: bool,
    rs2: bool,
    rd: bool,
    memory: bool,
    /// rd is shown as a capability.
    capability: bool,
}

impl Shown {
    fn of(word: u32, len: u8, op: Op) -> Self {
        use Op::*;
        let (rs1, rs2, rd) = match op {
            Lui | Auipc | Jal | Csrrwi | Csrrsi | Csrrci => (false, false, true),
            Jalr | Addi | Slti | Sltiu | Xori | Ori | Andi | Slli | Srli | Srai => {
                (true, false, true)
            }
            Csrrw | Csrrs | Csrrc | Lb | Lh | Lw | Lbu | Lhu => (true, false, true),
            Beq | Bne | Blt | Bge | Bltu | Bgeu | Sb | Sh | Sw => (true, true, false),
            Fence | FenceI | Ecall | Ebreak | Mret | Wfi => (false, false, false),
            _ => (true, true, true),
        };
        let all = Self { rs1, rs2, rd, memory: op.access_len() != 0, capability: op == Auipc };
        if len == 4 {
            return all;
        }
        // Quadrant and funct3 (Volume I, "RVC Instruction Set Listings").
        match (word & 3, word >> 13 & 7, op) {
            // c.addi4spn, c.li.
            (0, 0, _) | (1, 2, _) => Self { rs1: false, ..all },
            // c.j; c.jal is funct3 1.
            (1, 5, _) => Self::default(),
            (_, _, Beq | Bne) => Self { rs2: false, ..all },
            // c.jr; c.jalr has bit 12.
            (_, _, Jalr) if word >> 12 & 1 == 0 => Self { rd: false, ..all },
            _ => all,
        }
    }
}

/// What lines of one instruction share.
struct Fixed {
    /// PC, Insn and the decoded instruction, with their tabs.
    insn: Piece,
    shown: Shown,
    suffix: Vec<u8>,
}

impl Fixed {
    fn new(event: &Retired, names: &Names) -> Self {
        let mut insn = Vec::new();
        push_hex8(&mut insn, event.pc);
        insn.push(b'\t');
        if event.len == 2 {
            insn.extend_from_slice(b"    ");
        }
        push_hex(&mut insn, event.word, 2 * usize::from(event.len));
        insn.push(b'\t');
        let mark: &[u8] = match event {
            Retired { trapped: true, .. } => b"-->",
            Retired { interrupted: true, .. } => b"==>",
            _ => b"",
        };
        insn.extend_from_slice(mark);
        let text = text(event.word, event.pc, Style::Ibex);
        let text = text.map(|text| if event.trapped { text.trapped() } else { text });
        let decoded = text.map_or("INVALID".to_owned(), |text| text.to_string());
        insn.extend_from_slice(decoded.as_bytes());
        insn.push(b'\t');
        let shown = event.op.map(|op| Shown::of(event.word, event.len, op)).unwrap_or_default();
        Self { insn: Piece::new(&insn), shown, suffix: names.suffix(event.pc).into_bytes() }
    }
}

/// Makes the lines.
pub(super) struct Ibex {
    cache: Cache<Fixed>,
    names: Names,
    time: Decimal,
    cycle: Decimal,
    line: Line,
}

impl Ibex {
    pub fn new(names: Names) -> Self {
        let (time, cycle) = (Decimal::default(), Decimal::default());
        Self { cache: Cache::new(), names, time, cycle, line: Line::new() }
    }
}

impl Lines for Ibex {
    fn header(&self) -> &'static str {
        HEADER
    }

    fn line(&mut self, event: &Retired, out: &mut Vec<u8>) {
        self.time.set(event.cycles.wrapping_mul(TIME_A_CYCLE).wrapping_add(TIME_OF_RESET));
        self.cycle.set(event.cycles);
        let marked;
        let fixed = if event.trapped || event.interrupted {
            marked = Fixed::new(event, &self.names);
            &marked
        } else {
            self.cache.get(event.pc, event.word, || Fixed::new(event, &self.names))
        };
        let line = &mut self.line;
        line.clear();
        line.put_decimal(&self.time, 15);
        line.put(b"\t");
        line.put_decimal(&self.cycle, 10);
        line.put(b"\t");
        line.put_piece(&fixed.insn);
        let shown = fixed.shown;
        if shown.rs1 {
            put_register(line, event.rs1, b':');
        }
        if shown.rs2 {
            put_register(line, event.rs2, b':');
        }
        if shown.rd {
            put_register(line, event.rd, b'=');
            if shown.capability {
                line.put(b"+0x000000000");
            }
        }
        if let Some(access) = event.access.filter(|_| shown.memory) {
            put_access(line, &access, event.op);
        }
        if fixed.suffix.is_empty() {
            line.put(b"\n");
            out.extend_from_slice(line.bytes());
        } else {
            out.extend_from_slice(line.bytes());
            out.extend_from_slice(&fixed.suffix);
            out.push(b'\n');
        }
    }
}

/// ` x5:0x` as seven bytes, the number right-aligned, and the value.
#[inline(always)]
fn put_register(line: &mut Line, (number, value): (u8, u32), mark: u8) {
    let (tens, ones) = (number / 10, b'0' + number % 10);
    let [first, second, third] =
        if tens == 0 { [b' ', b'x', ones] } else { [b'x', b'0' + tens, ones] };
    line.put(&[b' ', first, second, third, mark, b'0', b'x']);
    line.put_hex8(value);
}

#[inline(always)]
fn put_access(line: &mut Line, access: &Access, op: Option<Op>) {
    line.put(b" PA:0x");
    line.put_hex8(access.addr);
    if access.store {
        match access.len {
            1 => line.put(b" store:0x??????"),
            2 => line.put(b" store:0x????"),
            _ => line.put(b" store:0x"),
        }
        line.put_hex(access.data, 2 * usize::from(access.len));
    } else {
        line.put(b" load:0x");
        line.put_hex8(match op {
            Some(Op::Lb) => access.data as i8 as u32,
            Some(Op::Lh) => access.data as i16 as u32,
            _ => access.data,
        });
    }
}
