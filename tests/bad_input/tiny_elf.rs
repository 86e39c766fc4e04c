//! Writes small ELF files, right or wrong in one respect.

use object::Endianness;
use object::elf;
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, Sym, Writer};

pub const RAM: u32 = 0x8000_0000;
pub const RAM_LEN: u32 = 1 << 20;

/// `lui t0, 0x100; lui t1, 5; addi t1, t1, 0x555; sw t1, 0(t0); j .`: ends with exit code 0.
pub const EXIT_0: [u32; 5] = [0x0010_02b7, 0x0000_5337, 0x5553_0313, 0x0062_a023, 0x0000_006f];

/// What stands in the file. The default is a sound program of one segment that ends with exit code 0.
#[derive(Clone)]
pub struct TinyElf {
    pub is_64: bool,
    pub endian: Endianness,
    pub kind: u16,
    pub machine: u16,
    pub flags: u32,
    pub entry: u32,
    pub addr: u32,
    pub data: Vec<u8>,
    pub mem_len: u32,
    /// Name, address, size.
    pub symbols: Vec<(&'static str, u32, u32)>,
}

impl Default for TinyElf {
    fn default() -> Self {
        Self {
            is_64: false,
            endian: Endianness::Little,
            kind: elf::ET_EXEC,
            machine: elf::EM_RISCV,
            flags: elf::EF_RISCV_RVC,
            entry: RAM,
            addr: RAM,
            data: EXIT_0.iter().flat_map(|word| word.to_le_bytes()).collect(),
            mem_len: 20,
            symbols: Vec::new(),
        }
    }
}

impl TinyElf {
    /// With the two symbols of a campaign's firmware: one byte of input, one of output.
    pub fn firmware() -> Self {
        let symbols = vec![("stuckat_input", RAM + 32, 1), ("stuckat_output", RAM + 40, 1)];
        Self { mem_len: 64, symbols, ..Self::default() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(self.endian, self.is_64, &mut bytes);
        writer.reserve_file_header();
        writer.reserve_program_headers(1);
        let offset = writer.reserve(self.data.len(), 4);
        let section_name = writer.add_section_name(b".text");
        let section = writer.reserve_section_index();
        writer.reserve_null_symbol_index();
        let names: Vec<_> =
            self.symbols.iter().map(|(name, ..)| writer.add_string(name.as_bytes())).collect();
        for _ in &self.symbols {
            writer.reserve_symbol_index(Some(section));
        }
        writer.reserve_symtab_section_index();
        writer.reserve_strtab_section_index();
        writer.reserve_shstrtab_section_index();
        writer.reserve_symtab();
        writer.reserve_strtab();
        writer.reserve_shstrtab();
        writer.reserve_section_headers();

        let header = FileHeader {
            os_abi: 0,
            abi_version: 0,
            e_type: self.kind,
            e_machine: self.machine,
            e_entry: self.entry.into(),
            e_flags: self.flags,
        };
        writer.write_file_header(&header).expect("the header is representable");
        writer.write_align_program_headers();
        writer.write_program_header(&ProgramHeader {
            p_type: elf::PT_LOAD,
            p_flags: elf::PF_R | elf::PF_W | elf::PF_X,
            p_offset: offset as u64,
            p_vaddr: self.addr.into(),
            p_paddr: self.addr.into(),
            p_filesz: self.data.len() as u64,
            p_memsz: self.mem_len.into(),
            p_align: 4,
        });
        writer.write_align(4);
        writer.write(&self.data);
        writer.write_null_symbol();
        for ((_, addr, len), name) in self.symbols.iter().zip(names) {
            writer.write_symbol(&Sym {
                name: Some(name),
                section: Some(section),
                st_info: elf::STB_GLOBAL << 4 | elf::STT_OBJECT,
                st_other: 0,
                st_shndx: 0,
                st_value: (*addr).into(),
                st_size: (*len).into(),
            });
        }
        writer.write_strtab();
        writer.write_shstrtab();
        writer.write_null_section_header();
        writer.write_section_header(&SectionHeader {
            name: Some(section_name),
            sh_type: elf::SHT_PROGBITS,
            sh_flags: (elf::SHF_ALLOC | elf::SHF_EXECINSTR).into(),
            sh_addr: self.addr.into(),
            sh_offset: offset as u64,
            sh_size: self.data.len() as u64,
            sh_link: 0,
            sh_info: 0,
            sh_addralign: 4,
            sh_entsize: 0,
        });
        writer.write_symtab_section_header(1);
        writer.write_strtab_section_header();
        writer.write_shstrtab_section_header();
        bytes
    }
}
