#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod campaign;
pub mod checkpoint;
#[doc(hidden)] // The command line is documented by --help.
pub mod cli;
pub mod cpu;
pub mod data;
pub mod debug;
pub mod elf;
pub mod explain;
pub mod export;
pub mod gdb;
pub mod isa;
pub mod model;
pub mod native;
pub mod netlist;
pub mod npy;
pub mod profiling;
pub mod report;
pub mod soc;
pub mod trace;
pub mod unit;
pub mod workload;

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
