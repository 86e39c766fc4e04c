//! Traces as Spike's `--log-commits` writes them, for RV32.
//!
//! One line an instruction that retires: `core   0: 3 0x8000100c (0x0182a283) x5  0x80000000 mem 0x00001018`. In order:
//!
//! - `core`, the hart's number (0) right-aligned in 4, `:`, the privilege mode (3 is M, 0 is U);
//! - address, 8 hexadecimal digits; in brackets its bits, 8 digits or 4 if it is compressed;
//! - ` x5  0x...` for the register that it wrote, the number left-aligned in 2, 8 digits; none for `x0`;
//! - ` c773_mtvec 0x...` for the CSR that it wrote: number in decimal, name, the value as it is read back;
//! - ` mem 0x...` the address of its load;
//! - ` mem 0x... 0x...` address and data of its store, 2, 4 or 8 digits.
//!
//! An instruction that traps has no line, and neither has the trap. MRET writes `mstatus` and `mstatush`.
//!
//! Differences that remain: Spike shows what the CSRs of *its* machine keep (writes to its event counters, which are constant there,
//! have no mark; here those to absent counters have none); semihosting calls retire here, and show the result in `x10`; interrupts come at other
//! instructions, since Spike counts no cycles.
//!
//! Source: riscv-isa-sim, `riscv/execute.cc` (`commit_log_print_insn`) and `riscv/csrs.cc`.

use super::Lines;
use super::digits::{Line, Piece, push_hex, push_hex8};
use super::names::{Cache, Names};
use crate::cpu::{CsrWrite, Retired};
use crate::isa::Op;
use crate::isa::text::csr_name;

const MSTATUSH: u16 = 0x310;

/// What lines of one instruction share.
struct Fixed {
    /// ` 0x8000100c (0x0182a283)`.
    insn: Piece,
    suffix: Vec<u8>,
}

impl Fixed {
    fn new(event: &Retired, names: &Names) -> Self {
        let mut insn = b" 0x".to_vec();
        push_hex8(&mut insn, event.pc);
        insn.extend_from_slice(b" (0x");
        push_hex(&mut insn, event.word, 2 * usize::from(event.len));
        insn.push(b')');
        Self { insn: Piece::new(&insn), suffix: names.suffix(event.pc).into_bytes() }
    }
}

/// Makes the lines.
pub(super) struct Spike {
    cache: Cache<Fixed>,
    names: Names,
    line: Line,
}

impl Spike {
    pub fn new(names: Names) -> Self {
        Self { cache: Cache::new(), names, line: Line::new() }
    }
}

impl Lines for Spike {
    fn header(&self) -> &'static str {
        ""
    }

    fn line(&mut self, event: &Retired, out: &mut Vec<u8>) {
        if event.trapped {
            return;
        }
        let names = &self.names;
        let fixed = self.cache.get(event.pc, event.word, || Fixed::new(event, names));
        let line = &mut self.line;
        line.clear();
        line.put(&[
            b'c',
            b'o',
            b'r',
            b'e',
            b' ',
            b' ',
            b' ',
            b'0',
            b':',
            b' ',
            b'0' + (event.mode & 3),
        ]);
        line.put_piece(&fixed.insn);
        let (rd, value) = event.rd;
        if rd != 0 {
            let (tens, ones) = (rd / 10, b'0' + rd % 10);
            let [first, second] = if tens == 0 { [ones, b' '] } else { [b'0' + tens, ones] };
            line.put(&[b' ', b'x', first, second, b' ', b'0', b'x']);
            line.put_hex8(value);
        }
        if let Some(csr) = event.csr.filter(|csr| is_kept(csr.number)) {
            put_csr(line, csr);
            if event.op == Some(Op::Mret) {
                put_csr(line, CsrWrite { number: MSTATUSH, value: 0 });
            }
        }
        if let Some(access) = event.access {
            line.put(b" mem 0x");
            line.put_hex8(access.addr);
            if access.store {
                line.put(b" 0x");
                line.put_hex(access.data, 2 * usize::from(access.len));
            }
        }
        out.extend_from_slice(line.bytes());
        if !fixed.suffix.is_empty() {
            out.extend_from_slice(&fixed.suffix);
        }
        out.push(b'\n');
    }
}

#[cold]
fn put_csr(line: &mut Line, csr: CsrWrite) {
    let text = format!(" c{}_{} 0x", csr.number, csr_name(csr.number));
    line.put_piece(&Piece::new(text.as_bytes()));
    line.put_hex8(csr.value);
}

/// Whether Spike shows writes to a CSR: its event counters are constant.
fn is_kept(number: u16) -> bool {
    !matches!(number, 0xb03..=0xb1f | 0xb83..=0xb9f)
}
