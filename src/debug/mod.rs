//! From addresses back to names: functions by the symbol table, source lines and inlined functions by DWARF.
//!
//! In: the bytes of an ELF file. Out: for an address, the names that a person knows it by; nothing where the file does not say. A file without or
//! with damaged DWARF has functions all the same. DWARF is read by `addr2line`.
//!
//! Source: System V ABI, "Symbol Table"; DWARF 5, sections 6.2 "Line Number Information" and 3.3.8 "Inlined Subroutine Entries".

mod functions;

pub use functions::Functions;

use crate::elf::{Image, Symbol};
use gimli::{Dwarf, EndianArcSlice, LittleEndian};
use object::{Object, ObjectSection, SectionKind};
use std::fmt;
use std::sync::Arc;

type Reader = EndianArcSlice<LittleEndian>;

/// A place in the sources.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The file, as the compiler was told it or with the directory that it was compiled in.
    pub file: String,
    /// The line, 1 is the first.
    pub line: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One function at an address: the one that the code was written in, or one that that was inlined into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's name.
    pub function: String,
    /// Where in it the address is.
    pub location: Option<Location>,
}

/// What an ELF file tells about its addresses.
pub struct DebugInfo {
    functions: Functions,
    /// Labels in code that no function's symbol covers, as assembly has them: address and name, ascending.
    labels: Vec<(u32, String)>,
    /// Code: first address and one past the last.
    code: Vec<(u32, u32)>,
    lines: Option<addr2line::Context<Reader>>,
}

impl fmt::Debug for DebugInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugInfo").field("functions", &self.functions).finish_non_exhaustive()
    }
}

impl DebugInfo {
    /// What the bytes of an ELF file tell, which is nothing if they are none.
    pub fn new(elf: &[u8]) -> Self {
        let symbols = Image::parse(elf).map(|image| image.symbols).unwrap_or_default();
        let file = object::File::parse(elf).ok();
        let code = file.as_ref().map(code).unwrap_or_default();
        let in_code = |addr| code.iter().any(|(from, to)| (*from..*to).contains(&addr));
        let mut labels: Vec<_> =
            symbols.iter().filter(|s| is_label(s) && in_code(s.addr)).collect();
        labels.sort_by_key(|s| s.addr);
        Self {
            functions: Functions::new(symbols.iter().cloned()),
            labels: labels.into_iter().map(|s| (s.addr, s.name.clone())).collect(),
            lines: file.as_ref().and_then(lines),
            code,
        }
    }

    /// Its functions.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// Whether it has source lines.
    pub fn has_lines(&self) -> bool {
        self.lines.is_some()
    }

    /// The function that an address lies in; in code that no function's symbol covers, the last label before it in the same section.
    pub fn function(&self, pc: u32) -> Option<&str> {
        self.functions.at(pc).or_else(|| self.label(pc))
    }

    fn label(&self, pc: u32) -> Option<&str> {
        let (from, _) = self.code.iter().find(|(from, to)| (*from..*to).contains(&pc))?;
        let behind = self.labels.partition_point(|(addr, _)| *addr <= pc);
        let (addr, name) = self.labels[..behind].last()?;
        (addr >= from).then_some(name.as_str())
    }

    /// The source line of the instruction at an address; of an inlined function its own.
    pub fn location(&self, pc: u32) -> Option<Location> {
        let found = self.lines.as_ref()?.find_location(u64::from(pc)).ok()??;
        location(&found)
    }

    /// The functions at an address: first the innermost inlined one, last the one that has a symbol.
    pub fn frames(&self, pc: u32) -> Vec<Frame> {
        let mut frames = Vec::new();
        if let Some(lines) = &self.lines
            && let Ok(mut found) = lines.find_frames(u64::from(pc)).skip_all_loads()
        {
            while let Ok(Some(frame)) = found.next() {
                let name = frame.function.as_ref().and_then(|name| name.demangle().ok());
                let Some(function) = name.map(|name| name.into_owned()) else { break };
                let location = frame.location.as_ref().and_then(location);
                frames.push(Frame { function, location });
            }
        }
        if frames.is_empty()
            && let Some(function) = self.function(pc)
        {
            frames.push(Frame { function: function.to_owned(), location: self.location(pc) });
        }
        frames
    }
}

fn location(found: &addr2line::Location<'_>) -> Option<Location> {
    // Line 0 is code that stands for no line (DWARF 5, section 6.2.2).
    let line = found.line.filter(|line| *line > 0)?;
    Some(Location { file: tidy(found.file?), line })
}

/// A path without the steps back that compilers leave in it.
fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a symbol names a place in code and is no function: not a mapping symbol (psABI, "Mapping Symbol"), nor one of the assembler's own.
fn is_label(symbol: &Symbol) -> bool {
    let sized_function = symbol.is_function && symbol.len > 0;
    !sized_function && !symbol.name.starts_with(['$', '.'])
}

fn code(file: &object::File<'_>) -> Vec<(u32, u32)> {
    let sections = file.sections().filter(|s| s.kind() == SectionKind::Text);
    sections.map(|s| (s.address() as u32, s.address().saturating_add(s.size()) as u32)).collect()
}

fn lines(file: &object::File<'_>) -> Option<addr2line::Context<Reader>> {
    file.section_by_name(".debug_line")?;
    let section = |id: gimli::SectionId| {
        let data = file.section_by_name(id.name()).and_then(|s| s.uncompressed_data().ok());
        let bytes: Arc<[u8]> = Arc::from(data.unwrap_or_default().as_ref());
        Ok::<_, gimli::Error>(Reader::new(bytes, LittleEndian))
    };
    addr2line::Context::from_dwarf(Dwarf::load(section).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_steps_back() {
        assert_eq!(tidy("/a/b/../c/./d.c"), "/a/c/d.c");
        assert_eq!(tidy("../../kernels/conv.c"), "../../kernels/conv.c");
        assert_eq!(tidy("/../x.c"), "/../x.c");
    }

    #[test]
    fn what_is_no_elf_tells_nothing() {
        let info = DebugInfo::new(b"no ELF");
        assert_eq!(info.function(0), None);
        assert_eq!(info.location(0), None);
        assert!(info.frames(0).is_empty());
    }
}
