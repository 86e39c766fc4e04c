//! gdb's packets, as the `gdbstub` crate hands them on, and what they do to the debuggee.
//!
//! In: requests. Out: registers and memory, and where the debuggee goes next; the server lets it go there. Requests that cannot be met are
//! answered with an error number, and change nothing.

use super::arch::{self, Register, Registers, Rv32};
use super::debuggee::{Debuggee, WatchKind};
use super::monitor::Choice;
use gdbstub::common::Signal;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::reverse_exec::{ReverseCont, ReverseContOps};
use gdbstub::target::ext::base::reverse_exec::{ReverseStep, ReverseStepOps};
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadRangeStepping, SingleThreadRangeSteppingOps, SingleThreadResume,
    SingleThreadResumeOps, SingleThreadSingleStep, SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints as ext;
use gdbstub::target::ext::flash::{Flash, FlashOps};
use gdbstub::target::ext::memory_map::{MemoryMap, MemoryMapOps};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::{self, TargetError, TargetResult};
use std::convert::Infallible;

/// Errors as gdb shows them: EFAULT and EINVAL of Linux.
const BAD_ADDRESS: u8 = 14;
const BAD_VALUE: u8 = 22;
/// Watchpoints at the most, and bytes of one: a real core has some, gdb should fall back to its own for more.
const MOST_WATCHES: usize = 64;
const LONGEST_WATCH: u32 = 1 << 16;
/// Breakpoints of a kind at the most.
const MOST_BREAKPOINTS: usize = 1 << 12;
/// Erased flash holds ones.
const ERASED: u8 = 0xff;

/// What gdb talks to.
pub struct Stub {
    pub(super) debuggee: Debuggee,
    pub(super) choice: Choice,
    /// What the program prints is shown by gdb.
    pub(super) console_in_gdb: bool,
    /// At its end the program stops once more, so that one can go back from there.
    pub(super) stop_at_exit: bool,
    description: String,
    map: String,
}

impl Stub {
    /// A stub for a program, and the faults that it can be given.
    pub fn new(debuggee: Debuggee, choice: Choice) -> Self {
        Self {
            description: arch::target_xml(&debuggee),
            map: arch::memory_map(&debuggee.regions()),
            debuggee,
            choice,
            console_in_gdb: false,
            stop_at_exit: false,
        }
    }

    /// The program, when all is done.
    pub fn into_debuggee(self) -> Debuggee {
        self.debuggee
    }
}

impl target::Target for Stub {
    type Arch = Rv32;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Rv32, Infallible> {
        BaseOps::SingleThread(self)
    }

    fn guard_rail_implicit_sw_breakpoints(&self) -> bool {
        true
    }

    fn support_breakpoints(&mut self) -> Option<ext::BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }

    fn support_memory_map(&mut self) -> Option<MemoryMapOps<'_, Self>> {
        Some(self)
    }

    fn support_flash_operations(&mut self) -> Option<FlashOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadBase for Stub {
    fn read_registers(&mut self, regs: &mut Registers) -> TargetResult<(), Self> {
        for (i, slot) in (0..).zip(&mut regs.x) {
            *slot = self.debuggee.reg(i);
        }
        regs.pc = self.debuggee.pc();
        Ok(())
    }

    fn write_registers(&mut self, regs: &Registers) -> TargetResult<(), Self> {
        for (i, value) in (0..).zip(regs.x) {
            self.debuggee.write_reg(i, value);
        }
        self.debuggee.write_pc(regs.pc);
        Ok(())
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, (), Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, addr: u32, data: &mut [u8]) -> TargetResult<usize, Self> {
        match self.debuggee.read(addr, data) {
            0 if !data.is_empty() => Err(TargetError::Errno(BAD_ADDRESS)),
            count => Ok(count),
        }
    }

    fn write_addrs(&mut self, addr: u32, data: &[u8]) -> TargetResult<(), Self> {
        check(self.debuggee.write(addr, data), BAD_ADDRESS)
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

fn check(done: bool, errno: u8) -> TargetResult<(), Stub> {
    if done { Ok(()) } else { Err(TargetError::Errno(errno)) }
}

impl SingleRegisterAccess<()> for Stub {
    fn read_register(
        &mut self,
        (): (),
        register: Register,
        buffer: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let value = match register {
            Register::X(i) => self.debuggee.reg(i),
            Register::Pc => self.debuggee.pc(),
            Register::Csr(number) => {
                self.debuggee.csr(number).ok_or(TargetError::Errno(BAD_VALUE))?
            }
            Register::Mode => u32::from(self.debuggee.mode()),
        };
        let len = buffer.len().min(4);
        buffer[..len].copy_from_slice(&value.to_le_bytes()[..len]);
        Ok(len)
    }

    fn write_register(
        &mut self,
        (): (),
        register: Register,
        value: &[u8],
    ) -> TargetResult<(), Self> {
        let refused = TargetError::Errno(BAD_VALUE);
        let Ok(word) = value.try_into().map(u32::from_le_bytes) else { return Err(refused) };
        match register {
            Register::X(i) => self.debuggee.write_reg(i, word),
            Register::Pc => self.debuggee.write_pc(word),
            Register::Csr(number) => {
                return check(self.debuggee.write_csr(number, word), BAD_VALUE);
            }
            Register::Mode => return Err(refused),
        }
        Ok(())
    }
}

impl SingleThreadResume for Stub {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        self.debuggee.go();
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_range_step(&mut self) -> Option<SingleThreadRangeSteppingOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, (), Self>> {
        Some(self)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, (), Self>> {
        Some(self)
    }
}

impl SingleThreadSingleStep for Stub {
    fn step(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        self.debuggee.step();
        Ok(())
    }
}

impl SingleThreadRangeStepping for Stub {
    fn resume_range_step(&mut self, start: u32, end: u32) -> Result<(), Infallible> {
        self.debuggee.step_range(start, end);
        Ok(())
    }
}

impl ReverseStep<()> for Stub {
    fn reverse_step(&mut self, (): ()) -> Result<(), Infallible> {
        self.debuggee.back_step();
        Ok(())
    }
}

impl ReverseCont<()> for Stub {
    fn reverse_cont(&mut self) -> Result<(), Infallible> {
        self.debuggee.back();
        Ok(())
    }
}

impl ext::Breakpoints for Stub {
    fn support_sw_breakpoint(&mut self) -> Option<ext::SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<ext::HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<ext::HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl Stub {
    fn break_at(&mut self, hardware: bool, addr: u32, on: bool) -> bool {
        let room = self.debuggee.breakpoints[usize::from(hardware)].len() < MOST_BREAKPOINTS;
        let good = !on || room && addr & 1 == 0;
        if good {
            self.debuggee.set_breakpoint(hardware, addr, on);
        }
        good
    }
}

// Breakpoints are not written into memory, so both kinds are the same.
impl ext::SwBreakpoint for Stub {
    fn add_sw_breakpoint(&mut self, addr: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.break_at(false, addr, true))
    }

    fn remove_sw_breakpoint(&mut self, addr: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.break_at(false, addr, false))
    }
}

impl ext::HwBreakpoint for Stub {
    fn add_hw_breakpoint(&mut self, addr: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.break_at(true, addr, true))
    }

    fn remove_hw_breakpoint(&mut self, addr: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.break_at(true, addr, false))
    }
}

fn kind(kind: ext::WatchKind) -> WatchKind {
    match kind {
        ext::WatchKind::Write => WatchKind::Write,
        ext::WatchKind::Read => WatchKind::Read,
        ext::WatchKind::ReadWrite => WatchKind::Access,
    }
}

impl ext::HwWatchpoint for Stub {
    fn add_hw_watchpoint(
        &mut self,
        addr: u32,
        len: u32,
        watch: ext::WatchKind,
    ) -> TargetResult<bool, Self> {
        let room = self.debuggee.watches.len() < MOST_WATCHES && len <= LONGEST_WATCH;
        if room {
            self.debuggee.add_watchpoint(addr, len, kind(watch));
        }
        Ok(room)
    }

    fn remove_hw_watchpoint(
        &mut self,
        addr: u32,
        len: u32,
        watch: ext::WatchKind,
    ) -> TargetResult<bool, Self> {
        Ok(self.debuggee.remove_watchpoint(addr, len, kind(watch)))
    }
}

impl MonitorCmd for Stub {
    fn handle_monitor_cmd(
        &mut self,
        cmd: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        let answer = self.monitor(&String::from_utf8_lossy(cmd));
        out.write_raw(answer.as_bytes());
        Ok(())
    }
}

/// The part of a document that gdb asks for.
fn part(text: &str, offset: u64, length: usize, buffer: &mut [u8]) -> usize {
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
    let len = (text.len() - from).min(length).min(buffer.len());
    buffer[..len].copy_from_slice(&text.as_bytes()[from..from + len]);
    len
}

impl TargetDescriptionXmlOverride for Stub {
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        buffer: &mut [u8],
    ) -> TargetResult<usize, Self> {
        check(annex == b"target.xml", BAD_VALUE)?;
        Ok(part(&self.description, offset, length, buffer))
    }
}

impl MemoryMap for Stub {
    fn memory_map_xml(
        &self,
        offset: u64,
        length: usize,
        buffer: &mut [u8],
    ) -> TargetResult<usize, Self> {
        Ok(part(&self.map, offset, length, buffer))
    }
}

impl Flash for Stub {
    fn flash_erase(&mut self, start: u32, length: u32) -> TargetResult<(), Self> {
        // Not more than there is, whatever gdb says.
        let there = self.debuggee.has_memory(start, length);
        check(there && self.debuggee.write(start, &vec![ERASED; length as usize]), BAD_ADDRESS)
    }

    fn flash_write(&mut self, start: u32, data: &[u8]) -> TargetResult<(), Self> {
        let there = self.debuggee.has_memory(start, data.len() as u32);
        check(there && self.debuggee.write(start, data), BAD_ADDRESS)
    }

    fn flash_done(&mut self) -> TargetResult<(), Self> {
        Ok(())
    }
}
