//! Reads an ELF file into what a machine needs: loadable bytes at their load addresses, the entry, and the symbols.
//!
//! In: the bytes of a 32-bit little-endian RISC-V executable. Out: an [`Image`], or an [`ElfError`] that names the cause.
//! Program headers are read by `goblin`, symbols by `object`. Segments go to their physical address (LMA), since
//! that is where a loader or a flash programmer puts them.
//!
//! Source: System V ABI, "Object Files"; RISC-V ELF psABI, section "File Header" (`e_flags`).

use goblin::elf::Elf;
use goblin::elf::header::{EM_RISCV, ET_EXEC};
use goblin::elf::program_header::{PT_INTERP, PT_LOAD};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use thiserror::Error;

/// `e_flags`: floating-point ABI, two bits; 0 is soft-float.
const EF_RISCV_FLOAT_ABI: u32 = 0x6;
/// `e_flags`: written for the TSO memory model.
const EF_RISCV_TSO: u32 = 0x10;

/// Why a file is not a program that this machine can run.
#[derive(Debug, Error)]
pub enum ElfError {
    /// The magic number is missing.
    #[error(
        "not an ELF file (it does not begin with 7f 45 4c 46); give the linked program, not a .bin or .hex"
    )]
    NotElf,
    /// Cut short or damaged.
    #[error("the ELF is truncated or damaged: {0}")]
    Damaged(String),
    /// Not RV32.
    #[error("this is a 64-bit ELF, and the core is RV32; compile with -march=rv32imc -mabi=ilp32")]
    Not32Bit,
    /// Wrong endianness.
    #[error("this is a big-endian ELF, and the core is little-endian")]
    BigEndian,
    /// Wrong machine.
    #[error("this ELF is for machine {0}, not RISC-V (243); compile with a RISC-V toolchain")]
    WrongMachine(u16),
    /// Not an executable.
    #[error(
        "this ELF has type {0}, not EXEC (2); link it to a fixed address (no -c, no -shared, no -pie)"
    )]
    NotExecutable(u16),
    /// Hard-float or other ABI.
    #[error(
        "this ELF uses {0}, which an RV32IMC core does not have; compile with -march=rv32imc -mabi=ilp32"
    )]
    WrongAbi(&'static str),
    /// Needs a dynamic loader.
    #[error(
        "this ELF asks for a dynamic loader, and there is no operating system; link it with -static"
    )]
    Dynamic,
    /// Nothing to load.
    #[error("this ELF has no loadable segment; was it linked?")]
    Empty,
}

/// Bytes to be loaded at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Load address (LMA) of the first byte.
    pub addr: u32,
    /// The bytes from the file.
    pub data: Vec<u8>,
    /// Bytes in memory, at least `data.len()`; the rest is zero.
    pub mem_len: u32,
}

/// A named address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name, as in the symbol table.
    pub name: String,
    /// Its address.
    pub addr: u32,
    /// Its size in bytes; 0 if the file does not say.
    pub len: u32,
    /// Whether it is a function.
    pub is_function: bool,
}

/// A named part of the file that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its address.
    pub addr: u32,
    /// Its size in bytes.
    pub len: u32,
}

/// A program, ready to be loaded.
#[derive(Clone, Debug)]
pub struct Image {
    /// Address of the first instruction.
    pub entry: u32,
    /// What to load, in the order of the program headers.
    pub segments: Vec<Segment>,
    /// All named symbols, sorted by address.
    pub symbols: Vec<Symbol>,
    /// All sections with an address.
    pub sections: Vec<Section>,
    /// Addresses of the multiply-accumulate instructions that the firmware declares, ascending (section `.stuckat_mac`,
    /// `firmware/runtime/stuckat.h`); empty if it declares none.
    pub macs: Vec<u32>,
}

/// Section of the declared multiply-accumulate instructions: their addresses, a little-endian word each.
const MAC_SECTION: &str = ".stuckat_mac";

impl Image {
    /// Reads the bytes of an ELF file.
    ///
    /// # Errors
    /// [`ElfError`] if they are not a complete RV32 soft-float executable.
    pub fn parse(bytes: &[u8]) -> Result<Self, ElfError> {
        if !bytes.starts_with(b"\x7fELF") {
            return Err(ElfError::NotElf);
        }
        // The class and data bytes are looked at first, so that a 64-bit file that is also cut short says "64-bit".
        match bytes.get(4) {
            Some(2) => return Err(ElfError::Not32Bit),
            Some(1) => {}
            other => {
                return Err(ElfError::Damaged(format!("EI_CLASS is {other:?}, neither 1 nor 2")));
            }
        }
        if bytes.get(5) == Some(&2) {
            return Err(ElfError::BigEndian);
        }
        let elf = Elf::parse(bytes).map_err(|e| ElfError::Damaged(e.to_string()))?;
        check_header(&elf)?;
        let segments = segments(&elf, bytes)?;
        let file = object::File::parse(bytes).map_err(|e| ElfError::Damaged(e.to_string()))?;
        let (symbols, sections) = (symbols(&file), sections(&file));
        let macs = macs(&file)?;
        Ok(Self { entry: elf.header.e_entry as u32, segments, symbols, sections, macs })
    }

    /// The symbol of that name, the one with a size first.
    pub fn symbol(&self, name: &str) -> Option<&Symbol> {
        let named = || self.symbols.iter().filter(|s| s.name == name);
        named().find(|s| s.len > 0).or_else(|| named().next())
    }
}

fn check_header(elf: &Elf) -> Result<(), ElfError> {
    let header = &elf.header;
    if header.e_machine != EM_RISCV {
        return Err(ElfError::WrongMachine(header.e_machine));
    }
    if header.e_type != ET_EXEC {
        return Err(ElfError::NotExecutable(header.e_type));
    }
    if header.e_flags & EF_RISCV_FLOAT_ABI != 0 {
        return Err(ElfError::WrongAbi("a hard-float ABI"));
    }
    if header.e_flags & EF_RISCV_TSO != 0 {
        return Err(ElfError::WrongAbi("the TSO memory model"));
    }
    if elf.program_headers.iter().any(|p| p.p_type == PT_INTERP) {
        return Err(ElfError::Dynamic);
    }
    Ok(())
}

fn segments(elf: &Elf, bytes: &[u8]) -> Result<Vec<Segment>, ElfError> {
    let mut segments = Vec::new();
    for (i, header) in elf.program_headers.iter().enumerate() {
        if header.p_type != PT_LOAD || header.p_memsz == 0 {
            continue;
        }
        let damaged = |what: &str| ElfError::Damaged(format!("program header {i}: {what}"));
        let end =
            header.p_offset.checked_add(header.p_filesz).ok_or_else(|| damaged("overflow"))?;
        let data = usize::try_from(header.p_offset)
            .ok()
            .zip(usize::try_from(end).ok())
            .and_then(|(from, to)| bytes.get(from..to))
            .ok_or_else(|| {
                damaged(&format!("its bytes end at {end:#x}, the file at {:#x}", bytes.len()))
            })?;
        if header.p_memsz < header.p_filesz {
            return Err(damaged("p_memsz is smaller than p_filesz"));
        }
        if header.p_paddr + header.p_memsz > 1 << 32 {
            return Err(damaged("it ends above 4 GiB"));
        }
        segments.push(Segment {
            addr: header.p_paddr as u32,
            data: data.to_vec(),
            mem_len: header.p_memsz as u32,
        });
    }
    if segments.is_empty() { Err(ElfError::Empty) } else { Ok(segments) }
}

fn sections(file: &object::File<'_>) -> Vec<Section> {
    let section = |s: object::Section<'_, '_>| {
        let name = s.name().ok()?.to_owned();
        Some(Section { name, addr: s.address() as u32, len: s.size() as u32 })
    };
    file.sections().filter(|s| s.address() != 0).filter_map(section).collect()
}

fn macs(file: &object::File<'_>) -> Result<Vec<u32>, ElfError> {
    let Some(section) = file.section_by_name(MAC_SECTION) else { return Ok(Vec::new()) };
    let damaged = |what: String| ElfError::Damaged(format!("section {MAC_SECTION}: {what}"));
    let bytes = section.data().map_err(|e| damaged(e.to_string()))?;
    if !bytes.len().is_multiple_of(4) {
        return Err(damaged(format!("it has {} bytes, no multiple of 4", bytes.len())));
    }
    let word = |b: &[u8]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    let mut macs: Vec<u32> = bytes.chunks_exact(4).map(word).collect();
    macs.sort_unstable();
    macs.dedup();
    Ok(macs)
}

fn symbols(file: &object::File<'_>) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = file
        .symbols()
        .filter(|s| {
            s.is_definition() || s.kind() == SymbolKind::Unknown || s.kind() == SymbolKind::Label
        })
        .filter_map(|s| {
            let name = s.name().ok().filter(|n| !n.is_empty())?;
            Some(Symbol {
                name: name.to_owned(),
                addr: s.address() as u32,
                len: s.size() as u32,
                is_function: s.kind() == SymbolKind::Text,
            })
        })
        .collect();
    symbols.sort_by(|a, b| (a.addr, &a.name).cmp(&(b.addr, &b.name)));
    symbols
}
