//! Traces as CSV with the fields of the RISC-V Formal Interface.
//!
//! One line an instruction, in the order of retirement; a trapping one has a line too. Columns:
//!
//! | column | meaning |
//! |---|---|
//! | `order` | its number among those that retired or trapped since reset, from 1 |
//! | `cycle` | clock cycles since reset at retirement, those asleep included (decimal) |
//! | `pc` | its address |
//! | `insn` | its bits: 8 hexadecimal digits, 4 for a compressed one; 0 if it could not be fetched |
//! | `next_pc` | address of the instruction after it, before any interrupt; of a trapping one the next in memory |
//! | `trap` | 1 if it raised an exception instead of retiring |
//! | `intr` | 1 if it is the first of a trap handler |
//! | `mode` | 3 in M-mode, 0 in U-mode |
//! | `rd`, `rd_wdata` | the register that it wrote (0 for none, decimal) and the value |
//! | `mem_addr` | address of its load or store, 0 without |
//! | `rmask`, `wmask` | bytes read and written, bit 0 is the byte at `mem_addr` |
//! | `rdata`, `wdata` | the bytes moved, the lowest first, zero-extended; of a load that faulted 0 |
//! | `rs1`, `rs1_rdata`, `rs2`, `rs2_rdata` | the registers that it read (0 for none, decimal) and the values before it executed |
//! | `csr`, `csr_wdata` | the CSR that it wrote (3 digits, `000` for none) and its value as it is read back |
//!
//! With names asked for, the column `place` follows: function, file and line. Numbers are hexadecimal without `0x` where not said otherwise. Source:
//! RISC-V Formal, "RISC-V Formal Interface (RVFI)".

use super::Lines;
use super::digits::{Decimal, Line};
use super::names::{Cache, Names};
use crate::cpu::{Access, CsrWrite, Retired};

const HEADER: &str = "order,cycle,pc,insn,next_pc,trap,intr,mode,rd,rd_wdata,mem_addr,rmask,wmask,rdata,wdata,\
                      rs1,rs1_rdata,rs2,rs2_rdata,csr,csr_wdata\n";
const HEADER_WITH_PLACE: &str = "order,cycle,pc,insn,next_pc,trap,intr,mode,rd,rd_wdata,mem_addr,rmask,wmask,rdata,wdata,\
                                 rs1,rs1_rdata,rs2,rs2_rdata,csr,csr_wdata,place\n";

/// Makes the lines.
pub(super) struct Rvfi {
    names: Names,
    places: Cache<Vec<u8>>,
    number: Decimal,
    cycle: Decimal,
    line: Line,
}

impl Rvfi {
    pub fn new(names: Names) -> Self {
        let (number, cycle) = (Decimal::default(), Decimal::default());
        Self { names, places: Cache::new(), number, cycle, line: Line::new() }
    }

    /// The function, and file and line, in quotation marks if need be.
    fn place(names: &Names, pc: u32) -> Vec<u8> {
        let Some(place) = names.place(pc) else { return Vec::new() };
        let mut text = place.function.unwrap_or_default();
        if let (Some(file), Some(line)) = (place.file, place.line) {
            text += &format!(" {file}:{line}");
        }
        if text.contains([',', '"', '\n', '\r']) {
            text = format!("\"{}\"", text.replace('"', "\"\""));
        }
        text.into_bytes()
    }
}

impl Lines for Rvfi {
    fn header(&self) -> &'static str {
        if self.names.are_shown() { HEADER_WITH_PLACE } else { HEADER }
    }

    fn line(&mut self, r: &Retired, out: &mut Vec<u8>) {
        let access = r.access.unwrap_or(Access { addr: 0, len: 0, store: false, data: 0 });
        let mask = (1_u8 << access.len) - 1;
        let (rmask, wmask) = if access.store { (0, mask) } else { (mask, 0) };
        let (rdata, wdata) = match access.store {
            true => (0, access.data),
            false if r.trapped => (0, 0),
            false => (access.data, 0),
        };
        self.number.set(r.number);
        self.cycle.set(r.cycles);
        let line = &mut self.line;
        line.clear();
        line.put_decimal(&self.number, 1);
        line.put(b",");
        line.put_decimal(&self.cycle, 1);
        line.put(b",");
        line.put_hex8(r.pc);
        line.put(b",");
        line.put_hex(r.word, 2 * usize::from(r.len));
        line.put(b",");
        line.put_hex8(r.next_pc);
        let flag = |set: bool| b'0' + u8::from(set);
        let (trap, intr, mode) = (flag(r.trapped), flag(r.enters_handler), b'0' + (r.mode & 3));
        line.put(&[b',', trap, b',', intr, b',', mode, b',']);
        put_register(line, r.rd);
        line.put(b",");
        line.put_hex8(access.addr);
        let digit = |mask: u8| b"0123456789abcdef"[usize::from(mask & 15)];
        line.put(&[b',', digit(rmask), b',', digit(wmask), b',']);
        line.put_hex8(rdata);
        line.put(b",");
        line.put_hex8(wdata);
        line.put(b",");
        put_register(line, r.rs1);
        line.put(b",");
        put_register(line, r.rs2);
        line.put(b",");
        let csr = r.csr.unwrap_or(CsrWrite { number: 0, value: 0 });
        line.put_hex(csr.number.into(), 3);
        line.put(b",");
        line.put_hex8(csr.value);
        if self.names.are_shown() {
            let names = &self.names;
            let place = self.places.get(r.pc, 0, || Self::place(names, r.pc));
            out.extend_from_slice(line.bytes());
            out.push(b',');
            out.extend_from_slice(place);
            out.push(b'\n');
        } else {
            line.put(b"\n");
            out.extend_from_slice(line.bytes());
        }
    }
}

#[inline(always)]
fn put_register(line: &mut Line, (number, value): (u8, u32)) {
    let ones = b'0' + number % 10;
    if number >= 10 {
        line.put(&[b'0' + number / 10, ones, b',']);
    } else {
        line.put(&[ones, b',']);
    }
    line.put_hex8(value);
}
