//! Traces as CSV with the fields of the RISC-V Formal Interface.
//!
//! One line an instruction, in the order of retirement; a trapping one has a line too. Columns:
//!
//! | column | meaning |
//! |---|---|
//! | `order` | number of the line, from 1 |
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
//! | `rdata`, `wdata` | the bytes moved, the lowest first, zero-extended |
//!
//! Numbers are hexadecimal without `0x` where not said otherwise. Source: RISC-V Formal, "RISC-V Formal Interface (RVFI)".

use crate::cpu::{Access, Retired};
use std::io::{self, Write};

/// The first line.
pub const HEADER: &str =
    "order,cycle,pc,insn,next_pc,trap,intr,mode,rd,rd_wdata,mem_addr,rmask,wmask,rdata,wdata\n";

/// The sink takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// Writes lines to a sink; the first error is kept, and ends the writing.
pub struct Writer<W: Write> {
    sink: W,
    order: u64,
    error: Option<io::Error>,
}

impl<W: Write> Writer<W> {
    /// A writer that has written the header.
    pub fn new(mut sink: W) -> Self {
        let error = sink.write_all(HEADER.as_bytes()).err();
        Self { sink, order: 0, error }
    }

    /// Appends one line.
    ///
    /// # Errors
    /// [`Broken`] if the sink has made an error, now or before; [`Writer::finish`] says which.
    pub fn write(&mut self, event: &Retired) -> Result<(), Broken> {
        self.order += 1;
        if self.error.is_none() {
            self.error = self.line(event).err();
        }
        if self.error.is_some() { Err(Broken) } else { Ok(()) }
    }

    fn line(&mut self, r: &Retired) -> io::Result<()> {
        let insn_digits = if r.len == 2 { 4 } else { 8 };
        let access = r.access.unwrap_or(Access { addr: 0, len: 0, store: false, data: 0 });
        let mask = (1_u32 << access.len) - 1;
        let (rmask, wmask) = if access.store { (0, mask) } else { (mask, 0) };
        let (rdata, wdata) = if access.store { (0, access.data) } else { (access.data, 0) };
        writeln!(
            self.sink,
            "{},{},{:08x},{:0insn_digits$x},{:08x},{},{},{},{},{:08x},{:08x},{:x},{:x},{:08x},{:08x}",
            self.order,
            r.cycles,
            r.pc,
            r.word,
            r.next_pc,
            u8::from(r.trapped),
            u8::from(r.enters_handler),
            r.mode,
            r.rd.0,
            r.rd.1,
            access.addr,
            rmask,
            wmask,
            rdata,
            wdata,
        )
    }

    /// Ends the trace.
    ///
    /// # Errors
    /// The first error that the sink has made.
    pub fn finish(mut self) -> io::Result<()> {
        match self.error {
            Some(error) => Err(error),
            None => self.sink.flush(),
        }
    }
}
