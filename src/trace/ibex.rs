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
use super::digits::{push_hex, push_hex8, push_padded};
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
    /// PC, Insn, and their tabs.
    head: Vec<u8>,
    /// The decoded instruction with its tab.
    decoded: Vec<u8>,
    shown: Shown,
    suffix: Vec<u8>,
}

impl Fixed {
    fn new(event: &Retired, names: &Names) -> Self {
        let mut head = Vec::new();
        push_hex8(&mut head, event.pc);
        head.push(b'\t');
        if event.len == 2 {
            head.extend_from_slice(b"    ");
        }
        push_hex(&mut head, event.word, 2 * usize::from(event.len));
        head.push(b'\t');
        let text = text(event.word, event.pc, Style::Ibex);
        let text = text.map(|text| if event.trapped { text.trapped() } else { text });
        let decoded = text.map_or("INVALID".to_owned(), |text| text.to_string()) + "\t";
        let shown = event.op.map(|op| Shown::of(event.word, event.len, op)).unwrap_or_default();
        let suffix = names.suffix(event.pc).into_bytes();
        Self { head, decoded: decoded.into_bytes(), shown, suffix }
    }
}

/// Makes the lines.
pub(super) struct Ibex {
    cache: Cache<Fixed>,
    names: Names,
}

impl Ibex {
    pub fn new(names: Names) -> Self {
        Self { cache: Cache::new(), names }
    }
}

impl Lines for Ibex {
    fn header(&self) -> &'static str {
        HEADER
    }

    fn line(&mut self, event: &Retired, out: &mut Vec<u8>) {
        push_padded(out, TIME_A_CYCLE * event.cycles + TIME_OF_RESET, 15);
        out.push(b'\t');
        push_padded(out, event.cycles, 10);
        out.push(b'\t');
        if event.trapped {
            // Its text is another one.
            contents(&Fixed::new(event, &self.names), event, out);
        } else {
            let names = &self.names;
            contents(self.cache.get(event.pc, event.word, || Fixed::new(event, names)), event, out);
        }
    }
}

/// Appends all but time and cycle.
#[inline(always)]
fn contents(fixed: &Fixed, event: &Retired, out: &mut Vec<u8>) {
    out.extend_from_slice(&fixed.head);
    if event.trapped {
        out.extend_from_slice(b"-->");
    } else if event.interrupted {
        out.extend_from_slice(b"==>");
    }
    out.extend_from_slice(&fixed.decoded);
    let shown = fixed.shown;
    if shown.rs1 {
        push_register(out, event.rs1, b':');
    }
    if shown.rs2 {
        push_register(out, event.rs2, b':');
    }
    if shown.rd {
        push_register(out, event.rd, b'=');
        if shown.capability {
            out.extend_from_slice(b"+0x000000000");
        }
    }
    if let Some(access) = event.access.filter(|_| shown.memory) {
        push_access(out, &access, event.op);
    }
    out.extend_from_slice(&fixed.suffix);
    out.push(b'\n');
}

/// ` x5:0x` as eight bytes, the number right-aligned.
#[inline(always)]
fn push_register(out: &mut Vec<u8>, (number, value): (u8, u32), mark: u8) {
    let (tens, ones) = (number / 10, b'0' + number % 10);
    let [first, second, third] =
        if tens == 0 { [b' ', b'x', ones] } else { [b'x', b'0' + tens, ones] };
    let mut text = [b' ', first, second, third, mark, b'0', b'x', 0, 0, 0, 0, 0, 0, 0, 0];
    text[7..].copy_from_slice(&super::digits::hex8(value));
    out.extend_from_slice(&text);
}

fn push_access(out: &mut Vec<u8>, access: &Access, op: Option<Op>) {
    out.extend_from_slice(b" PA:0x");
    push_hex8(out, access.addr);
    if access.store {
        let unknown: &[u8] = match access.len {
            1 => b" store:0x??????",
            2 => b" store:0x????",
            _ => b" store:0x",
        };
        out.extend_from_slice(unknown);
        push_hex(out, access.data, 2 * usize::from(access.len));
    } else {
        out.extend_from_slice(b" load:0x");
        push_hex8(
            out,
            match op {
                Some(Op::Lb) => access.data as i8 as u32,
                Some(Op::Lh) => access.data as i16 as u32,
                _ => access.data,
            },
        );
    }
}
