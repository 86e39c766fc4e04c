//! Platforms: memory maps as TOML files, the built-in ones too, and which of them a program was linked for.
//!
//! In: the name of a built-in platform, or a TOML file; a program. Out: a [`Board`] with the program in its memory.
//!
//! ```toml
//! description = "what it is"
//! boot-address = 0x00100000     # optional: mtvec after reset points to its 256-byte block, and vectors are there
//! unmapped = "fault"            # optional: an access where nothing is raises an exception; or "hang"
//!
//! [[memory]]                    # the first one is the main RAM
//! base = 0x80000000
//! size = 0x00100000             # bytes, a multiple of 4096
//! read-only = false             # optional
//! grows = false                 # optional: as large as the program needs
//!
//! [[device]]
//! base = 0x10000000
//! type = "uart-16550"           # see `device::Kind`; some types have settings
//! size = 8                      # optional but for "registers"
//!
//! [htif]                        # optional: tohost and fromhost, by symbol unless given here
//! tohost = 0x80001000
//! fromhost = 0x80001040
//! ```

mod check;

use super::board::{Board, LoadError, Mark, Outside, Placed};
use super::device::Kind;
use super::htif::Htif;
use super::semihosting::Semihosting;
use super::{Bus, Memories, Memory};
use crate::elf::Image;
use serde::Deserialize;
use std::io::Read;
use std::path::Path;
use thiserror::Error;
use toml::Spanned;

/// The built-in platforms, and the text of their files.
const BUILT_IN: [(&str, &str); 6] = [
    ("mcu", include_str!("platforms/mcu.toml")),
    ("mcu-4m", include_str!("platforms/mcu-4m.toml")),
    ("virt", include_str!("platforms/virt.toml")),
    ("htif", include_str!("platforms/htif.toml")),
    ("simple-system", include_str!("platforms/simple-system.toml")),
    ("x-heep", include_str!("platforms/x-heep.toml")),
];

/// Bytes of a platform file, at the most; `/dev/zero` has no end.
const FILE_LIMIT: u64 = 1 << 20;
/// All memories together, at the most.
const MEMORY_LIMIT: u64 = 1 << 31;
/// Room for stack and heap above a program's highest segment in memory that grows.
const GROWTH: u64 = 1 << 20;

/// A platform cannot be had.
#[derive(Debug, Error)]
pub enum PlatformError {
    /// No such built-in platform, and no such file.
    #[error("there is no platform '{0}' and no such file; built in are {names}", names = names())]
    Unknown(String),
    /// The file cannot be read.
    #[error(
        "{file}: cannot be read: {cause}; give a TOML file, or one of {names}",
        names = names()
    )]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is no platform description.
    #[error("{file}: {cause}")]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong, and where.
        cause: String,
    },
    /// The program fits none of the built-in platforms.
    #[error(
        "which platform this program is for cannot be told (its entry is {entry:#010x}); say --platform, one of {names} or a TOML file",
        names = names()
    )]
    NoGuess {
        /// The ELF's entry.
        entry: u32,
    },
}

fn names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct MemorySpec {
    base: u32,
    size: u32,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    grows: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct DeviceSpec {
    base: u32,
    size: Option<u32>,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct HtifSpec {
    tohost: Option<u32>,
    fromhost: Option<u32>,
}

/// What becomes of an access to an address where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Unmapped {
    /// The bus answers with an error, and the core takes an access-fault exception.
    #[default]
    Fault,
    /// Nothing answers, and the core waits for ever.
    Hang,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Spec {
    description: String,
    boot_address: Option<u32>,
    #[serde(default)]
    unmapped: Unmapped,
    #[serde(default)]
    memory: Vec<Spanned<MemorySpec>>,
    #[serde(default)]
    device: Vec<Spanned<DeviceSpec>>,
    htif: Option<Spanned<HtifSpec>>,
}

/// A memory map.
#[derive(Clone, Debug)]
pub struct Platform {
    name: String,
    text: String,
    spec: Spec,
}

impl Platform {
    /// The names of the built-in platforms.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A built-in platform by name, or the one that a TOML file describes.
    ///
    /// # Errors
    /// [`PlatformError`] if there is neither, or the file is wrong.
    pub fn find(name_or_file: &str) -> Result<Self, PlatformError> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_file) {
            return Self::parse(name, text);
        }
        match read(name_or_file) {
            Ok(text) => Self::parse(name_or_file, &text),
            Err(_) if !Path::new(name_or_file).exists() => {
                Err(PlatformError::Unknown(name_or_file.to_owned()))
            }
            Err(cause) => Err(PlatformError::Unreadable { file: name_or_file.to_owned(), cause }),
        }
    }

    /// The platform that a program was linked for: if it follows Stuckat's contract for campaigns, `mcu` or `mcu-4m`, whichever holds
    /// it, `htif` if it has `tohost`, else the one in whose main memory its entry lies.
    ///
    /// # Errors
    /// [`PlatformError::NoGuess`] if there is none.
    pub fn guess(image: &Image) -> Result<Self, PlatformError> {
        let no_guess = PlatformError::NoGuess { entry: image.entry };
        let end = |s: &crate::elf::Segment| u64::from(s.addr) + u64::from(s.mem_len);
        let end = image.segments.iter().map(end).max().unwrap_or(0);
        let for_campaigns = image.symbol("stuckat_input").is_some();
        let name = if tohost(image).is_some() {
            "htif"
        } else {
            match image.entry {
                0x8000_0000.. if for_campaigns && end <= 0x8010_0000 => "mcu",
                0x8000_0000.. if for_campaigns && end <= 0x8040_0000 => "mcu-4m",
                0x0010_0000..0x0020_0000 => "simple-system",
                0x0000_0000..0x0010_0000 => "x-heep",
                0x8000_0000.. => "virt",
                _ => return Err(no_guess),
            }
        };
        Self::find(name)
    }

    /// The platform that a TOML text describes.
    ///
    /// # Errors
    /// [`PlatformError::Invalid`] if the text is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, PlatformError> {
        let invalid = |cause: String| PlatformError::Invalid { file: name.to_owned(), cause };
        let malformed = |e: toml::de::Error| {
            let at = e.span().map_or(0, |span| span.start);
            let (line, cause) = (line(text, unknown_key(&e, text, at)), e.message());
            invalid(format!(
                "{line}: {cause}; correct or remove it ('stuckat platform show virt' prints an example)"
            ))
        };
        let spec: Spec = toml::from_str(text).map_err(malformed)?;
        check::check(&spec)
            .map_err(|(at, cause)| invalid(format!("{}: {cause}", line(text, at))))?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), spec })
    }

    /// Its name, or its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in one line.
    pub fn description(&self) -> &str {
        &self.spec.description
    }

    /// The TOML text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the trap vectors are after reset, if the platform has some there.
    pub fn boot_address(&self) -> Option<u32> {
        self.spec.boot_address
    }

    /// A board with the program in its memory, the rest of it zero.
    ///
    /// # Errors
    /// [`LoadError`] if the program does not fit the memory map.
    pub fn board(&self, image: &Image) -> Result<Board, LoadError> {
        let mut memories = self.spec.memory.iter().map(Spanned::get_ref).map(|m| {
            let size = if m.grows { grown(m, self.spec.room(m.base), image) } else { m.size };
            Memory::new(m.base, size, m.read_only)
        });
        let place = |d: &DeviceSpec| {
            let len = d.size.or(d.kind.default_len()).unwrap_or(0);
            Placed { base: d.base, len, device: d.kind.build(len) }
        };
        let ram = memories.next().expect("a checked platform has memory");
        let mut board = Board {
            memories: Memories::new(ram, memories.collect()),
            devices: self.spec.device.iter().map(Spanned::get_ref).map(place).collect(),
            unmapped_hangs: self.spec.unmapped == Unmapped::Hang,
            htif: None,
            semihosting: Some(Semihosting::default()),
            outside: Outside::default(),
            mark: Mark::default(),
        };
        for segment in &image.segments {
            let end = u64::from(segment.addr) + u64::from(segment.mem_len);
            let fits = board.peek(segment.addr, segment.mem_len).is_some();
            let loaded = fits.then(|| board.poke(segment.addr, &segment.data)).flatten();
            loaded.ok_or_else(|| LoadError::OutsideMemory {
                platform: self.name.clone(),
                memories: self.memories(),
                addr: segment.addr,
                end,
            })?;
        }
        if image.entry & 1 != 0 || board.fetch(image.entry).is_err() {
            return Err(LoadError::Entry { platform: self.name.clone(), entry: image.entry });
        }
        if let Some(spec) = &self.spec.htif {
            let spec = spec.get_ref();
            let given = spec.tohost.or_else(|| tohost(image));
            let fromhost = image.symbol("fromhost").map(|s| s.addr);
            let htif = Htif::new(given.ok_or(LoadError::NoTohost)?, spec.fromhost.or(fromhost));
            let (from, to) = htif.watched();
            if let Some(memory) = board.memories.at_mut(from) {
                memory.watch(from, to);
            }
            board.htif = Some(htif);
        }
        board.memories.settle();
        Ok(board)
    }

    fn memories(&self) -> String {
        let range = |m: &MemorySpec| {
            let end = u64::from(m.base) + u64::from(m.size);
            format!("{:#010x}..{end:#010x}", m.base)
        };
        let memories = self.spec.memory.iter().map(Spanned::get_ref);
        memories.map(range).collect::<Vec<_>>().join(", ")
    }
}

/// The address of the `tohost` mailbox, if the program has it in its memory (Ibex's programs give a device that name).
fn tohost(image: &Image) -> Option<u32> {
    let inside = |addr: &u32| {
        let mut segments = image.segments.iter();
        segments.any(|s| addr.wrapping_sub(s.addr) < s.mem_len)
    };
    let symbol = image.symbol("tohost").map(|s| s.addr).filter(inside);
    symbol.or_else(|| image.sections.iter().find(|s| s.name == ".tohost").map(|s| s.addr))
}

/// The size of memory that grows with the program, within the room that it has.
fn grown(memory: &MemorySpec, room: u64, image: &Image) -> u32 {
    let base = u64::from(memory.base);
    let segments = image.segments.iter().map(|s| u64::from(s.addr) + u64::from(s.mem_len));
    // What begins beyond the room is not for this memory.
    let end = segments.filter(|end| *end > base && *end <= base + room).max().unwrap_or(base);
    if end <= base + u64::from(memory.size) {
        return memory.size;
    }
    let wanted = (end - base + GROWTH).next_multiple_of(4096).min(room).min(MEMORY_LIMIT);
    // A multiple of 4096 below 4 GiB; the room ends where a device begins, perhaps within a page.
    (wanted as u32 & !4095).max(memory.size)
}

/// The text of a file.
fn read(file: &str) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(file)?.take(FILE_LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_LIMIT {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

/// Where the key is that an error complains about: of those of a device the error knows only where the device begins.
fn unknown_key(error: &toml::de::Error, text: &str, from: usize) -> usize {
    let key = error.message().strip_prefix("unknown field `").and_then(|m| m.split('`').next());
    let is_key = |line: &str| {
        let rest = key.and_then(|key| line.trim_start().strip_prefix(key));
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut at = from;
    for line in text[from..].split_inclusive('\n') {
        if is_key(line) {
            return at;
        }
        at += line.len();
    }
    from
}

/// `line 3`, for byte `at` of the text.
fn line(text: &str, at: usize) -> String {
    format!("line {}", 1 + text.bytes().take(at).filter(|b| *b == b'\n').count())
}
