//! The core as gdb sees it: registers and their numbers, the target description, the memory map.
//!
//! gdb numbers `x0` to `x31` 0 to 31, `pc` 32, CSRs 65 + number, the privilege mode 4161 (gdb, `gdb/riscv-tdep.h`); only the first 33 are in a
//! packet `g`. Documents: "Debugging with GDB", "Target Descriptions", "RISC-V Features", "Memory Map Format".

use super::debuggee::Debuggee;
use crate::isa::text::{Style, text};
use crate::soc::Region;
use gdbstub::arch::{self, Arch};
use std::fmt::Write;
use std::num::NonZeroUsize;

/// RV32.
pub enum Rv32 {}

impl Arch for Rv32 {
    type Usize = u32;
    type Registers = Registers;
    type BreakpointKind = usize;
    type RegId = Register;
}

/// The general registers and the pc.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registers {
    pub x: [u32; 32],
    pub pc: u32,
}

impl arch::Registers for Registers {
    type ProgramCounter = u32;

    fn pc(&self) -> u32 {
        self.pc
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        let words = self.x.iter().chain([&self.pc]);
        words.flat_map(|word| word.to_le_bytes()).for_each(|byte| write_byte(Some(byte)));
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let mut words = bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        for slot in self.x.iter_mut().chain([&mut self.pc]) {
            *slot = words.next().ok_or(())?;
        }
        Ok(())
    }
}

/// A register by gdb's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    X(u8),
    Pc,
    Csr(u32),
    /// The privilege mode, one byte.
    Mode,
}

const FIRST_CSR: usize = 65;
const CSRS: usize = 4096;
const MODE: usize = FIRST_CSR + CSRS;

impl arch::RegId for Register {
    fn from_raw_id(id: usize) -> Option<(Self, Option<NonZeroUsize>)> {
        let (register, bytes) = match id {
            0..32 => (Self::X(id as u8), 4),
            32 => (Self::Pc, 4),
            FIRST_CSR..MODE => (Self::Csr((id - FIRST_CSR) as u32), 4),
            MODE => (Self::Mode, 1),
            _ => return None,
        };
        Some((register, NonZeroUsize::new(bytes)))
    }
}

const ABI: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// The target description. `osabi` none: without it, gdb takes a program for one of Linux, and steps by temporary breakpoints.
pub(super) fn target_xml(debuggee: &Debuggee) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n\
         <architecture>riscv:rv32</architecture>\n<osabi>none</osabi>\n\
         <feature name=\"org.gnu.gdb.riscv.cpu\">\n",
    );
    let mut reg = |name: &str, bits: u32, kind: &str, number: usize, more: &str| {
        let _ = writeln!(
            xml,
            "<reg name=\"{name}\" bitsize=\"{bits}\" type=\"{kind}\" regnum=\"{number}\"{more}/>"
        );
    };
    for (number, name) in ABI.iter().enumerate() {
        let kind = match *name {
            "ra" => "code_ptr",
            "sp" | "gp" | "tp" | "fp" => "data_ptr",
            _ => "int",
        };
        reg(name, 32, kind, number, "");
    }
    reg("pc", 32, "code_ptr", 32, "");
    xml.push_str("</feature>\n<feature name=\"org.gnu.gdb.riscv.csr\">\n");
    for csr in (0..CSRS as u32).filter(|csr| debuggee.csr(*csr).is_some()) {
        // Functions that gdb calls leave CSRs as they are.
        let more = " group=\"csr\" save-restore=\"no\"";
        let _ = writeln!(
            xml,
            "<reg name=\"{}\" bitsize=\"32\" type=\"int\" regnum=\"{}\"{more}/>",
            csr_name(csr),
            FIRST_CSR + csr as usize
        );
    }
    let _ = writeln!(
        xml,
        "</feature>\n<feature name=\"org.gnu.gdb.riscv.virtual\">\n\
         <reg name=\"priv\" bitsize=\"8\" regnum=\"{MODE}\" save-restore=\"no\"/>\n</feature>\n</target>"
    );
    xml
}

/// A CSR's name: the one that a disassembler prints, if it knows it.
fn csr_name(number: u32) -> String {
    match number {
        // Ibex's own.
        0x7c0 => return "cpuctrlsts".to_owned(),
        0x7c1 => return "secureseed".to_owned(),
        _ => {}
    }
    // csrrs zero, number, zero
    let line = text(number << 20 | 0x2073, 0, Style::Objdump).map(|text| text.to_string());
    let name = line.as_deref().and_then(|line| line.split(',').nth(1));
    match name {
        Some(name) if !name.starts_with("0x") => name.to_owned(),
        _ => format!("csr{number:03x}"),
    }
}

/// The memory map: RAM as `ram`, read-only memory as `flash` in pages, so that gdb can load programs into it; devices as `ram`, since gdb
/// knows nothing that is more like them.
pub(super) fn memory_map(regions: &[Region]) -> String {
    let mut regions = regions.to_vec();
    regions.sort_by_key(|region| region.base);
    let mut xml = String::from(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" \
         \"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n",
    );
    let mut free = 0;
    for Region { base, len, read_only } in regions {
        let end = u64::from(base) + u64::from(len);
        // gdb refuses a map in which two overlap.
        if len == 0 || u64::from(base) < free {
            continue;
        }
        free = end;
        let _ = if read_only {
            writeln!(
                xml,
                "<memory type=\"flash\" start=\"{base:#x}\" length=\"{len:#x}\"><property name=\"blocksize\">0x1000</property></memory>"
            )
        } else {
            writeln!(xml, "<memory type=\"ram\" start=\"{base:#x}\" length=\"{len:#x}\"/>")
        };
    }
    xml.push_str("</memory-map>\n");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;
    use gdbstub::arch::RegId;

    #[test]
    fn csrs_are_numbered_and_named_as_gdb_expects() {
        // gdb/riscv-tdep.h: RISCV_FIRST_CSR_REGNUM is 65, and CSRs follow by number; 0x300 is mstatus, 0xb83 mhpmcounter3h.
        assert_eq!(Register::from_raw_id(65 + 0x300).unwrap().0, Register::Csr(0x300));
        assert_eq!(Register::from_raw_id(32).unwrap().0, Register::Pc);
        assert_eq!(Register::from_raw_id(33), None);
        assert_eq!(Register::from_raw_id(65 + 4096).unwrap().0, Register::Mode);
        assert_eq!(Register::from_raw_id(usize::MAX), None);
        assert_eq!(csr_name(0x300), "mstatus");
        assert_eq!(csr_name(0xb83), "mhpmcounter3h");
        assert_eq!(csr_name(0x7ff), "csr7ff");
    }

    #[test]
    fn a_memory_map_has_no_overlaps() {
        let region = |base, len, read_only| Region { base, len, read_only };
        let map = memory_map(&[
            region(0x8000_0000, 0x1000, false),
            region(0xffff_f000, 0x1000, true),
            region(0x8000_0800, 0x10, false),
        ]);
        assert!(map.contains("type=\"ram\" start=\"0x80000000\" length=\"0x1000\""), "{map}");
        assert!(map.contains("type=\"flash\" start=\"0xfffff000\" length=\"0x1000\""), "{map}");
        assert!(!map.contains("0x80000800"), "{map}");
    }

    #[test]
    fn too_few_registers_are_refused() {
        use gdbstub::arch::Registers as _;
        let mut registers = Registers::default();
        assert_eq!(registers.gdb_deserialize(&[0; 131]), Err(()));
        assert_eq!(registers.gdb_deserialize(&[1; 132]), Ok(()));
        assert_eq!(registers.pc, 0x0101_0101);
    }
}
