#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod cpu;
pub mod elf;
pub mod isa;
pub mod netlist;
pub mod soc;
pub mod unit;

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
