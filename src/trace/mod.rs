//! Instruction traces: one line for each instruction that retires or traps.
//!
//! In: the core's [`Retired`](crate::cpu::Retired) events. Out: text, in a format that other tools read.

pub mod rvfi;
