//! HTIF, the host-target interface of RISC-V test benches: the program leaves 64-bit commands in `tohost`.
//!
//! In: stores into the 8 bytes of `tohost`. Out: console bytes, an exit code, an answer in `fromhost`.
//!
//! | `tohost` | meaning |
//! |---|---|
//! | bit 0 set, bits 63:48 zero | exit with code `tohost >> 1` |
//! | device 0, command 0, even | address of 8 doublewords: a proxied system call (64 write, 63 read, 93 exit), whose result replaces the first |
//! | device 1, command 1 | prints the low byte |
//! | device 1, command 0 | reads a byte into `fromhost` |
//!
//! A 32-bit program writes the two words in either order. A command is taken when both were written, or some cycles after a
//! store into the low word alone; in a program without `fromhost`, which can only exit, at once.
//!
//! Source: riscv-isa-sim, `fesvr/htif.cc`, `fesvr/device.cc`, `fesvr/syscall.cc` (behaviour, as read there).

use super::{Board, Bus, Size};
use serde::{Deserialize, Serialize};

const SYS_READ: u32 = 63;
const SYS_WRITE: u32 = 64;
const SYS_EXIT: u32 = 93;
/// A low word without a high one is taken as the whole command after so many cycles.
const PATIENCE: u64 = 8;
/// Bytes that one system call may move.
const TRANSFER_LIMIT: u32 = 1 << 20;
const ENOSYS: u32 = 38_u32.wrapping_neg();
const EFAULT: u32 = 14_u32.wrapping_neg();
const EBADF: u32 = 9_u32.wrapping_neg();

/// The two mailboxes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Htif {
    tohost: u32,
    fromhost: Option<u32>,
    /// The low word was written, and in this cycle it is taken for the whole command.
    low: Option<u64>,
    /// The high word was written.
    high: bool,
}

impl Htif {
    pub fn new(tohost: u32, fromhost: Option<u32>) -> Self {
        Self { tohost, fromhost, low: None, high: false }
    }

    /// The address range to be watched.
    pub fn watched(&self) -> (u32, u32) {
        (self.tohost, self.tohost.wrapping_add(8))
    }

    /// The program has stored at `addr`, somewhere in the watched lines.
    pub fn stored(&mut self, addr: u32, clock: u64, board: &mut Board) {
        match addr.wrapping_sub(self.tohost) {
            0..4 => {
                let due = if self.fromhost.is_some() { clock + PATIENCE } else { 0 };
                self.low.get_or_insert(due);
            }
            4..8 => self.high = true,
            _ => return,
        }
        if self.high && self.low.is_some() {
            self.take_command(board);
        } else {
            self.tick(clock, board);
        }
    }

    /// When [`Htif::tick`] has something to do.
    pub fn due(&self) -> Option<u64> {
        self.low
    }

    /// Takes a command whose time has come.
    pub fn tick(&mut self, clock: u64, board: &mut Board) {
        if self.low.is_some_and(|due| due <= clock) {
            self.take_command(board);
        }
    }

    fn take_command(&mut self, board: &mut Board) {
        let word = |at| board.load(at, Size::Word).unwrap_or(0);
        let (low, high) = (word(self.tohost), word(self.tohost.wrapping_add(4)));
        (self.low, self.high) = (None, false);
        if low != 0 || high != 0 {
            self.command(low, high, board);
            let _ = board.poke(self.tohost, &[0; 8]);
        }
    }

    fn command(&mut self, low: u32, high: u32, board: &mut Board) {
        let answer = match (high >> 24, high >> 16 & 0xff) {
            (0, 0) if low & 1 != 0 => return board.outside.exit(low >> 1),
            (0, 0) => {
                self.system_call(low, board);
                1
            }
            (1, 1) => {
                board.outside.print(low as u8);
                // Answered as the request, with the byte as payload.
                u64::from(high & 0xffff_0000) << 32 | u64::from(low & 0xff)
            }
            (1, 0) => match board.outside.read() {
                Some(byte) => u64::from(high & 0xffff_0000) << 32 | 0x100 | u64::from(byte),
                None => return,
            },
            _ => return,
        };
        if let Some(fromhost) = self.fromhost {
            let _ = board.poke(fromhost, &answer.to_le_bytes());
        }
    }

    fn system_call(&mut self, frame: u32, board: &mut Board) {
        let arg = |i: u32| board.load(frame.wrapping_add(8 * i), Size::Word).unwrap_or(0);
        let (number, fd, addr, len) = (arg(0), arg(1), arg(2), arg(3).min(TRANSFER_LIMIT));
        let result = match number {
            SYS_EXIT => return board.outside.exit(fd),
            SYS_WRITE if fd == 1 || fd == 2 => match board.peek(addr, len).map(<[u8]>::to_vec) {
                Some(bytes) => {
                    bytes.into_iter().for_each(|b| board.outside.print(b));
                    len
                }
                None => EFAULT,
            },
            SYS_READ if fd == 0 => {
                let bytes: Vec<u8> = (0..len).map_while(|_| board.outside.read()).collect();
                let read = bytes.len() as u32;
                if board.poke(addr, &bytes).is_some() { read } else { EFAULT }
            }
            SYS_READ | SYS_WRITE => EBADF,
            _ => ENOSYS,
        };
        let _ = board.poke(frame, &i64::from(result as i32).to_le_bytes());
    }
}
