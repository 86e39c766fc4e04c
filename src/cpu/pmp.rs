//! Physical memory protection: which bytes a mode may read, write and execute.
//!
//! In: `pmpcfg` and `pmpaddr` registers, an access. Out: whether it is allowed. Sixteen entries with a granularity of 4 bytes.
//!
//! Source: The RISC-V Instruction Set Manual, Volume II, "Physical Memory Protection".

use serde::{Deserialize, Serialize};

/// Number of entries.
const ENTRIES: usize = 16;
const READ: u8 = 1;
const WRITE: u8 = 2;
const EXECUTE: u8 = 4;
const MODE: u8 = 3 << 3;
const TOR: u8 = 1 << 3;
const NA4: u8 = 2 << 3;
const NAPOT: u8 = 3 << 3;
const LOCKED: u8 = 1 << 7;

/// What an access wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To load.
    Read,
    /// To store.
    Write,
    /// To fetch an instruction.
    Execute,
}

/// The registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pmp {
    cfg: [u8; ENTRIES],
    addr: [u32; ENTRIES],
}

impl Pmp {
    /// Reads `pmpcfg0..3` (0x3a0) or `pmpaddr0..15` (0x3b0); `None` for other numbers.
    pub fn read(&self, csr: u32) -> Option<u32> {
        match csr {
            0x3a0..=0x3a3 => {
                let first = 4 * (csr - 0x3a0) as usize;
                let bytes = &self.cfg[first..first + 4];
                Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            }
            0x3b0..=0x3bf => Some(self.addr[(csr - 0x3b0) as usize]),
            _ => None,
        }
    }

    /// Writes a register that [`Pmp::read`] knows. Locked entries stay as they are.
    pub fn write(&mut self, csr: u32, value: u32) {
        match csr {
            0x3a0..=0x3a3 => {
                let first = 4 * (csr - 0x3a0) as usize;
                for (i, byte) in value.to_le_bytes().into_iter().enumerate() {
                    let cfg = &mut self.cfg[first + i];
                    // Writable without readable is reserved; such a write leaves the entry alone.
                    if *cfg & LOCKED == 0 && byte & (READ | WRITE) != WRITE {
                        *cfg = byte & (LOCKED | MODE | EXECUTE | WRITE | READ);
                    }
                }
            }
            0x3b0..=0x3bf => {
                let i = (csr - 0x3b0) as usize;
                let next = self.cfg.get(i + 1).copied().unwrap_or(0);
                let bounds_locked = next & LOCKED != 0 && next & MODE == TOR;
                if self.cfg[i] & LOCKED == 0 && !bounds_locked {
                    self.addr[i] = value;
                }
            }
            _ => {}
        }
    }

    /// Whether M-mode is subject to some entry.
    pub fn binds_machine_mode(&self) -> bool {
        self.cfg.iter().any(|cfg| cfg & LOCKED != 0)
    }

    /// Whether an access to `len` bytes at `addr` is allowed. The first entry that matches some byte decides, and must match
    /// all; without one, M-mode may do everything and U-mode nothing.
    pub fn allows(&self, wish: Wish, machine_mode: bool, addr: u32, len: u32) -> bool {
        let (from, to) = (u64::from(addr), u64::from(addr) + u64::from(len));
        for (i, cfg) in self.cfg.iter().enumerate() {
            let Some((low, high)) = self.range(i) else { continue };
            if to <= low || high <= from {
                continue;
            }
            let bit = match wish {
                Wish::Read => READ,
                Wish::Write => WRITE,
                Wish::Execute => EXECUTE,
            };
            let all = low <= from && to <= high;
            let free = machine_mode && cfg & LOCKED == 0;
            return all && (free || cfg & bit != 0);
        }
        machine_mode
    }

    /// The bytes that an entry matches: first, and one past the last.
    fn range(&self, i: usize) -> Option<(u64, u64)> {
        let addr = |i: usize| u64::from(self.addr[i]) << 2;
        match self.cfg[i] & MODE {
            TOR => Some((if i == 0 { 0 } else { addr(i - 1) }, addr(i))),
            NA4 => Some((addr(i), addr(i) + 4)),
            NAPOT => {
                let ones = self.addr[i].trailing_ones();
                let size = 8_u64 << ones;
                Some((addr(i) & !(size - 1), (addr(i) & !(size - 1)) + size))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_match_as_the_manual_s_examples_say() {
        let mut pmp = Pmp::default();
        // Entry 0: NA4 at 0x1000, no rights; entry 1: TOR from there to 0x2000, read; entry 2: NAPOT, 64 bytes at 0x3000, all.
        pmp.write(0x3b0, 0x1000 >> 2);
        pmp.write(0x3b1, 0x2000 >> 2);
        pmp.write(0x3b2, 0x3000 >> 2 | 0b111);
        pmp.write(0x3a0, 0x001f_0910);
        assert!(!pmp.allows(Wish::Read, false, 0x1000, 4));
        assert!(pmp.allows(Wish::Read, true, 0x1000, 4), "not locked: M-mode may");
        assert!(pmp.allows(Wish::Read, false, 0x1004, 4));
        assert!(!pmp.allows(Wish::Write, false, 0x1004, 4));
        assert!(!pmp.allows(Wish::Read, false, 0x1002, 4), "entry 0 matches a part only");
        assert!(!pmp.allows(Wish::Read, false, 0x1ffe, 4), "beyond the end of entry 1");
        assert!(pmp.allows(Wish::Execute, false, 0x303c, 4));
        assert!(!pmp.allows(Wish::Execute, false, 0x3040, 4), "no entry");
        // All ones: everything (the granularity test of the manual reads them all back).
        pmp.write(0x3b3, u32::MAX);
        pmp.write(0x3a0, 0x1f1f_0910);
        assert_eq!(pmp.read(0x3b3), Some(u32::MAX));
        assert!(pmp.allows(Wish::Write, false, u32::MAX - 3, 4));
    }

    #[test]
    fn locked_entries_bind_machine_mode_and_stay() {
        let mut pmp = Pmp::default();
        pmp.write(0x3b0, 0x1000 >> 2);
        pmp.write(0x3b1, 0x2000 >> 2);
        // Entry 1: TOR, locked, read only.
        pmp.write(0x3a0, 0x0000_8900);
        assert!(pmp.binds_machine_mode());
        assert!(!pmp.allows(Wish::Write, true, 0x1000, 4));
        assert!(pmp.allows(Wish::Read, true, 0x1000, 4));
        pmp.write(0x3a0, 0);
        pmp.write(0x3b1, 0);
        pmp.write(0x3b0, 0);
        assert_eq!(pmp.read(0x3a0), Some(0x0000_8900));
        assert_eq!(pmp.read(0x3b0), Some(0x1000 >> 2), "the bound of a locked TOR entry");
        // Writable but not readable is reserved: the write is ignored.
        pmp.write(0x3a1, 0x0000_001a);
        assert_eq!(pmp.read(0x3a1), Some(0));
    }
}
