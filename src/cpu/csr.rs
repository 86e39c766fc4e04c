//! The control and status registers of cve2 that software can see, with reset values and WARL behaviour.
//!
//! What is legal, what is writable and what a register resets to was read in and measured on the RTL of OpenHW's
//! cve2 with no event counters (`MHPMCounterNum` = 0, as X-HEEP configures it); where its documentation disagrees,
//! the RTL counts. Field layouts: The RISC-V Instruction Set Manual, Volume II, "Machine-Level CSRs".

/// Privilege mode M, as encoded in `mstatus.MPP`.
pub const M_MODE: u8 = 3;
/// Privilege mode U.
pub const U_MODE: u8 = 0;

const MSTATUS_MIE: u32 = 1 << 3;
const MSTATUS_MPIE: u32 = 1 << 7;
const MSTATUS_MPP: u32 = 3 << 11;
const MSTATUS_MPRV: u32 = 1 << 17;
const MSTATUS_TW: u32 = 1 << 21;
const MSTATUS_WRITABLE: u32 = MSTATUS_TW | MSTATUS_MPRV | MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_MIE;
const MSTATUS_RESET: u32 = MSTATUS_MPP;
/// RV32IMC with U-mode and no other extension: MXL = 1, bits U, M, I, C.
const MISA: u32 = 0x4010_1104;
/// Sixteen fast interrupts, external, timer, software.
const MIE_WRITABLE: u32 = 0xffff_0888;
const MCAUSE_STORED: u32 = 0x8000_003f;
/// Inhibit bits of counters that do not exist read 1 (cve2).
const MCOUNTINHIBIT_ABSENT: u32 = 0xffff_fff8;
const MCOUNTINHIBIT_WRITABLE: u32 = 0b101;
const MVENDORID: u32 = 0x602;
const MARCHID: u32 = 35;
/// An execute/load/store match trigger that is not armed.
const TDATA1: u32 = 0x2800_1048;

/// CSR numbers that other modules need.
pub mod number {
    #![allow(missing_docs)] // The names are the manual's.
    pub const MSTATUS: u32 = 0x300;
    pub const MIE: u32 = 0x304;
}

/// A counter that software can set, stop and read, derived from a total that only ever grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counter {
    /// `value = total - base` while it runs.
    base: u64,
    /// The value while it is stopped.
    stopped: Option<u64>,
}

impl Counter {
    fn value(self, total: u64) -> u64 {
        self.stopped.unwrap_or_else(|| total.wrapping_sub(self.base))
    }

    fn set(&mut self, value: u64, total: u64) {
        match &mut self.stopped {
            Some(stopped) => *stopped = value,
            None => self.base = total.wrapping_sub(value),
        }
    }

    fn inhibit(&mut self, stop: bool, total: u64) {
        match (stop, self.stopped) {
            (true, None) => self.stopped = Some(self.value(total)),
            (false, Some(value)) => *self = Self { base: total.wrapping_sub(value), stopped: None },
            _ => {}
        }
    }
}

/// Totals that the counters derive from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Clock cycles since reset.
    pub cycles: u64,
    /// Instructions retired since reset.
    pub retired: u64,
}

/// The register file of CSRs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csrs {
    /// Current privilege mode.
    pub mode: u8,
    mstatus: u32,
    mie: u32,
    mtvec: u32,
    mscratch: u32,
    mepc: u32,
    mcause: u32,
    mtval: u32,
    mcycle: Counter,
    minstret: Counter,
    /// Whether software has written `mtvec` since reset.
    handler_installed: bool,
}

impl Csrs {
    /// The state after reset with the given boot address.
    pub fn reset(boot_addr: u32) -> Self {
        Self {
            mode: M_MODE,
            mstatus: MSTATUS_RESET,
            mie: 0,
            mtvec: boot_addr & !0xff | 1,
            mscratch: 0,
            mepc: 0,
            mcause: 0,
            mtval: 0,
            mcycle: Counter::default(),
            minstret: Counter::default(),
            handler_installed: false,
        }
    }

    /// Whether there is a trap handler that the software itself has set up.
    pub fn handler_installed(&self) -> bool {
        self.handler_installed
    }

    /// Takes an exception (Volume II, "Machine Trap-Vector Base-Address Register"); returns the handler's address.
    pub fn enter(&mut self, cause: u32, pc: u32, tval: u32) -> u32 {
        let mie_to_mpie = if self.mstatus & MSTATUS_MIE != 0 { MSTATUS_MPIE } else { 0 };
        self.mstatus = self.mstatus & !(MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP)
            | mie_to_mpie
            | u32::from(self.mode) << 11;
        self.mode = M_MODE;
        self.mepc = pc & !1;
        self.mcause = cause & MCAUSE_STORED;
        self.mtval = tval;
        self.mtvec & !0xff
    }

    /// MRET (Volume II, "Trap-Return Instructions"); returns where to go on, or `None` if it is illegal in this mode.
    pub fn leave(&mut self) -> Option<u32> {
        if self.mode != M_MODE {
            return None;
        }
        self.mode = (self.mstatus >> 11 & 3) as u8;
        let mpie_to_mie = if self.mstatus & MSTATUS_MPIE != 0 { MSTATUS_MIE } else { 0 };
        self.mstatus = self.mstatus & !(MSTATUS_MIE | MSTATUS_MPP) | MSTATUS_MPIE | mpie_to_mie;
        if self.mode != M_MODE {
            self.mstatus &= !MSTATUS_MPRV;
        }
        Some(self.mepc)
    }

    /// Whether WFI is illegal here: in U-mode with `mstatus.TW` set.
    pub fn wfi_is_illegal(&self) -> bool {
        self.mode == U_MODE && self.mstatus & MSTATUS_TW != 0
    }

    /// Reads a CSR; `None` if it does not exist or this mode may not see it.
    pub fn read(&self, number: u32, now: Totals) -> Option<u32> {
        if (number >> 8 & 3) as u8 > self.mode {
            return None;
        }
        Some(match number {
            0x300 => self.mstatus,
            0x301 => MISA,
            0x304 => self.mie,
            0x305 => self.mtvec,
            0x340 => self.mscratch,
            0x341 => self.mepc,
            0x342 => self.mcause,
            0x343 => self.mtval,
            // mip: no interrupt line is connected on this board.
            0x344 => 0,
            // mcounteren, menvcfg, mstatush, menvcfgh, secureseed, mconfigptr, tselect, tdata2, tdata3, mcontext, scontext.
            0x306 | 0x30a | 0x310 | 0x31a | 0x7c1 | 0xf15 => 0,
            0x7a0 | 0x7a2 | 0x7a3 | 0x7a8 | 0x7aa => 0,
            0x7a1 => TDATA1,
            0x320 => {
                MCOUNTINHIBIT_ABSENT
                    | u32::from(self.mcycle.stopped.is_some())
                    | u32::from(self.minstret.stopped.is_some()) << 2
            }
            // mhpmevent3..31 and mhpmcounter3..31(h): no such counter.
            0x323..=0x33f | 0xb03..=0xb1f | 0xb83..=0xb9f => 0,
            0xb00 => self.mcycle.value(now.cycles) as u32,
            0xb80 => (self.mcycle.value(now.cycles) >> 32) as u32,
            0xb02 => self.minstret.value(now.retired) as u32,
            0xb82 => (self.minstret.value(now.retired) >> 32) as u32,
            0xf11 => MVENDORID,
            0xf12 => MARCHID,
            // mimpid, mhartid.
            0xf13 | 0xf14 => 0,
            _ => return None,
        })
    }

    /// Writes a CSR that [`Csrs::read`] has found legal; `None` if it is read-only.
    ///
    /// `next` are the totals as they will stand after this instruction: a counter reads the written value in the
    /// very next one.
    pub fn write(&mut self, number: u32, value: u32, next: Totals) -> Option<()> {
        if number >> 10 == 3 {
            return None;
        }
        match number {
            0x300 => {
                let legal_mpp = matches!(value >> 11 & 3, 0 | 3);
                let value = if legal_mpp { value } else { value | MSTATUS_MPP };
                self.mstatus = value & MSTATUS_WRITABLE;
            }
            0x304 => self.mie = value & MIE_WRITABLE,
            0x305 => {
                self.mtvec = value & !0xff | 1;
                self.handler_installed = true;
            }
            0x340 => self.mscratch = value,
            0x341 => self.mepc = value & !1,
            0x342 => self.mcause = value & MCAUSE_STORED,
            0x343 => self.mtval = value,
            0x320 => {
                let inhibit = value & MCOUNTINHIBIT_WRITABLE;
                self.mcycle.inhibit(inhibit & 1 != 0, next.cycles);
                self.minstret.inhibit(inhibit & 4 != 0, next.retired);
            }
            0xb00 => self.mcycle.set(low(self.mcycle.value(next.cycles), value), next.cycles),
            0xb80 => self.mcycle.set(high(self.mcycle.value(next.cycles), value), next.cycles),
            0xb02 => self.minstret.set(low(self.minstret.value(next.retired), value), next.retired),
            0xb82 => {
                self.minstret.set(high(self.minstret.value(next.retired), value), next.retired)
            }
            // The others are read-only zeros, constants, or writable in debug mode only: writes are ignored.
            _ => {}
        }
        Some(())
    }
}

fn low(old: u64, value: u32) -> u64 {
    old & !0xffff_ffff | u64::from(value)
}

fn high(old: u64, value: u32) -> u64 {
    old & 0xffff_ffff | u64::from(value) << 32
}
