//! Semihosting: system calls to the host by the sequence `slli x0,x0,31; ebreak; srai x0,x0,7`.
//!
//! In: the operation in `a0`, a parameter or the address of a parameter block in `a1`. Out: the result for `a0`, console bytes, an exit
//! code. The console (`:tt`) and the feature file are the only files: a guest never touches the host's.
//!
//! Source: RISC-V Semihosting specification 1.0; Arm, "Semihosting for AArch32 and AArch64" (operation numbers, blocks, results).

use super::{Board, Bus, Size};
use serde::{Deserialize, Serialize};

const SYS_OPEN: u32 = 0x01;
const SYS_CLOSE: u32 = 0x02;
const SYS_WRITEC: u32 = 0x03;
const SYS_WRITE0: u32 = 0x04;
const SYS_WRITE: u32 = 0x05;
const SYS_READ: u32 = 0x06;
const SYS_READC: u32 = 0x07;
const SYS_ISERROR: u32 = 0x08;
const SYS_ISTTY: u32 = 0x09;
const SYS_SEEK: u32 = 0x0a;
const SYS_FLEN: u32 = 0x0c;
const SYS_CLOCK: u32 = 0x10;
const SYS_TIME: u32 = 0x11;
const SYS_ERRNO: u32 = 0x13;
const SYS_GET_CMDLINE: u32 = 0x15;
const SYS_HEAPINFO: u32 = 0x16;
const SYS_EXIT: u32 = 0x18;
const SYS_EXIT_EXTENDED: u32 = 0x20;
const SYS_ELAPSED: u32 = 0x30;
const SYS_TICKFREQ: u32 = 0x31;

const FAILED: u32 = u32::MAX;
const ENOENT: u32 = 2;
const EBADF: u32 = 9;
const EFAULT: u32 = 14;
const ENOSYS: u32 = 38;
/// `ADP_Stopped_ApplicationExit`: the program ended as it should.
const APPLICATION_EXIT: u32 = 0x20026;
/// `SHFB` and one byte: EXIT_EXTENDED is there, and stdout and stderr are apart.
const FEATURES: &[u8] = b"SHFB\x03";
/// Open files at the most.
const FILE_LIMIT: usize = 32;
/// Bytes that one call may move.
const TRANSFER_LIMIT: u32 = 1 << 20;
/// Cycles per hundredth of a second, and ticks per second of `SYS_ELAPSED`: a nominal clock of 100 MHz.
const CYCLES_PER_CENTISECOND: u64 = 1_000_000;
const CYCLES_PER_SECOND: u64 = 100_000_000;
/// The date at reset, in seconds since 1970: 2026-01-01. Runs are reproducible, so it is not the host's.
const DATE: u64 = 1_767_225_600;

/// An open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum File {
    ConsoleIn,
    ConsoleOut,
    /// `:semihosting-features`, and the position in it.
    Features(u32),
}

/// The host's side of semihosting.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Semihosting {
    command_line: String,
    /// Handle - 1 -> file.
    files: Vec<Option<File>>,
    errno: u32,
}

impl Semihosting {
    pub fn set_command_line(&mut self, line: &str) {
        line.clone_into(&mut self.command_line);
    }

    /// One call; returns what `a0` gets.
    pub fn call(&mut self, operation: u32, parameter: u32, clock: u64, board: &mut Board) -> u32 {
        let arg = |i: u32| board.load(parameter.wrapping_add(4 * i), Size::Word).unwrap_or(0);
        match operation {
            SYS_OPEN => self.open(arg(0), arg(1), arg(2), board),
            SYS_CLOSE => match self.slot(arg(0)) {
                Some(slot) => {
                    *slot = None;
                    0
                }
                None => self.fail(EBADF),
            },
            SYS_WRITEC => match board.load(parameter, Size::Byte) {
                Some(byte) => {
                    board.outside.print(byte as u8);
                    0
                }
                None => self.fail(EFAULT),
            },
            SYS_WRITE0 => {
                for i in 0..TRANSFER_LIMIT {
                    match board.load(parameter.wrapping_add(i), Size::Byte) {
                        None | Some(0) => break,
                        Some(byte) => board.outside.print(byte as u8),
                    }
                }
                0
            }
            SYS_WRITE => self.write(arg(0), arg(1), arg(2), board),
            SYS_READ => self.read(arg(0), arg(1), arg(2), board),
            SYS_READC => board.outside.read().map_or(FAILED, u32::from),
            SYS_ISERROR => u32::from((arg(0) as i32) < 0),
            SYS_ISTTY => match self.slot(arg(0)) {
                Some(Some(File::ConsoleIn | File::ConsoleOut)) => 1,
                Some(Some(File::Features(_))) => 0,
                _ => self.fail(EBADF),
            },
            SYS_SEEK => match self.slot(arg(0)) {
                Some(Some(File::Features(at))) => {
                    *at = arg(1);
                    0
                }
                _ => self.fail(EBADF),
            },
            SYS_FLEN => match self.slot(arg(0)) {
                Some(Some(File::Features(_))) => FEATURES.len() as u32,
                Some(Some(_)) => 0,
                _ => self.fail(EBADF),
            },
            SYS_CLOCK => (clock / CYCLES_PER_CENTISECOND) as u32,
            SYS_TIME => (DATE + clock / CYCLES_PER_SECOND) as u32,
            SYS_ERRNO => self.errno,
            SYS_GET_CMDLINE => self.command_line(parameter, board),
            SYS_HEAPINFO => {
                // Four zeros: the program's own linker script knows better.
                match board.poke(arg(0), &[0; 16]) {
                    Some(()) => 0,
                    None => self.fail(EFAULT),
                }
            }
            // On a 32-bit target the parameter of SYS_EXIT is the reason itself.
            SYS_EXIT => {
                board.outside.exit(u32::from(parameter != APPLICATION_EXIT));
                0
            }
            SYS_EXIT_EXTENDED => {
                let code = if arg(0) == APPLICATION_EXIT { arg(1) } else { 1 };
                board.outside.exit(code);
                0
            }
            SYS_ELAPSED => match board.poke(parameter, &clock.to_le_bytes()) {
                Some(()) => 0,
                None => self.fail(EFAULT),
            },
            SYS_TICKFREQ => CYCLES_PER_SECOND as u32,
            _ => self.fail(ENOSYS),
        }
    }

    fn fail(&mut self, errno: u32) -> u32 {
        self.errno = errno;
        FAILED
    }

    fn slot(&mut self, handle: u32) -> Option<&mut Option<File>> {
        self.files.get_mut((handle as usize).checked_sub(1)?).filter(|file| file.is_some())
    }

    fn open(&mut self, name: u32, mode: u32, len: u32, board: &Board) -> u32 {
        let file = match board.peek(name, len) {
            // Modes 0..4 are those of fopen's "r", 4..8 "w", 8..12 "a".
            Some(b":tt") if mode < 4 => File::ConsoleIn,
            Some(b":tt") => File::ConsoleOut,
            Some(b":semihosting-features") if mode < 4 => File::Features(0),
            Some(_) => return self.fail(ENOENT),
            None => return self.fail(EFAULT),
        };
        let free = self.files.iter().position(Option::is_none).unwrap_or(self.files.len());
        if free == FILE_LIMIT {
            return self.fail(EBADF);
        }
        self.files.resize(self.files.len().max(free + 1), None);
        self.files[free] = Some(file);
        free as u32 + 1
    }

    /// Returns the number of bytes *not* written.
    fn write(&mut self, handle: u32, addr: u32, len: u32, board: &mut Board) -> u32 {
        if self.slot(handle).copied().flatten() != Some(File::ConsoleOut) {
            self.errno = EBADF;
            return len;
        }
        let take = len.min(TRANSFER_LIMIT);
        let Some(bytes) = board.peek(addr, take).map(<[u8]>::to_vec) else {
            self.errno = EFAULT;
            return len;
        };
        bytes.into_iter().for_each(|byte| board.outside.print(byte));
        len - take
    }

    /// Returns the number of bytes *not* read.
    fn read(&mut self, handle: u32, addr: u32, len: u32, board: &mut Board) -> u32 {
        let Some(Some(file)) = self.slot(handle) else {
            self.errno = EBADF;
            return len;
        };
        let take = len.min(TRANSFER_LIMIT) as usize;
        let bytes: Vec<u8> = match file {
            File::ConsoleIn => (0..take).map_while(|_| board.outside.read()).collect(),
            File::ConsoleOut => Vec::new(),
            File::Features(at) => {
                let rest = FEATURES.get(*at as usize..).unwrap_or_default();
                let bytes = &rest[..rest.len().min(take)];
                *at += bytes.len() as u32;
                bytes.to_vec()
            }
        };
        if board.poke(addr, &bytes).is_none() {
            self.errno = EFAULT;
            return len;
        }
        len - bytes.len() as u32
    }

    /// Writes the command line into the program's buffer: block of its address and length.
    fn command_line(&mut self, block: u32, board: &mut Board) -> u32 {
        let field = |i: u32| board.load(block.wrapping_add(4 * i), Size::Word).unwrap_or(0);
        let (buffer, room) = (field(0), field(1));
        let mut text = self.command_line.clone().into_bytes();
        text.push(0);
        let len = text.len() as u32 - 1;
        let fits = len < room;
        let written = fits
            && board.poke(buffer, &text).is_some()
            && board.poke(block.wrapping_add(4), &len.to_le_bytes()).is_some();
        if written { 0 } else { self.fail(EFAULT) }
    }
}
