//! What is known of an instruction whatever it does: its function and source line, and texts that are made once.

use crate::debug::DebugInfo;
use crate::isa::text::{Style, text};
use std::sync::Arc;

/// Functions and source lines for lines of a trace, if they are wanted.
#[derive(Clone, Debug, Default)]
pub struct Names(Option<Arc<DebugInfo>>);

/// Where an instruction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub function: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
}

impl Names {
    /// Those of a program.
    pub fn new(info: Arc<DebugInfo>) -> Self {
        Self(Some(info))
    }

    /// Whether there are any to be shown.
    pub(super) fn are_shown(&self) -> bool {
        self.0.is_some()
    }

    /// Where an instruction is; `None` if nobody wants to know.
    pub(super) fn place(&self, pc: u32) -> Option<Place> {
        let info = self.0.as_ref()?;
        let location = info.location(pc);
        Some(Place {
            function: info.function(pc).map(str::to_owned),
            line: location.as_ref().map(|l| l.line),
            file: location.map(|l| l.file),
        })
    }

    /// What is put behind a line of text: a tab, `#`, the function, and file and line in brackets.
    pub(super) fn suffix(&self, pc: u32) -> String {
        let Some(place) = self.place(pc) else { return String::new() };
        let function = place.function.as_deref().unwrap_or("?");
        match (place.file, place.line) {
            (Some(file), Some(line)) => format!("\t# {function} ({file}:{line})"),
            _ => format!("\t# {function}"),
        }
    }
}

/// An instruction as objdump prints it, with a space for the tab; `?` where there is none.
pub(super) fn disassembled(word: u32, pc: u32) -> String {
    text(word, pc, Style::Objdump).map_or("?".into(), |text| text.to_string().replace('\t', " "))
}

/// How many instructions' texts are kept.
const SLOTS: usize = 1 << 13;

/// What was made of instructions, by address and bits; a later one may take an earlier one's place.
pub(super) struct Cache<T> {
    slots: Vec<Option<((u32, u32), T)>>,
}

impl<T> Cache<T> {
    pub fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| None).collect() }
    }

    /// What `make` made of the instruction, now or before.
    #[inline(always)]
    pub fn get(&mut self, pc: u32, word: u32, make: impl FnOnce() -> T) -> &T {
        let slot = &mut self.slots[(pc >> 1) as usize % SLOTS];
        if slot.as_ref().is_none_or(|(key, _)| *key != (pc, word)) {
            *slot = None;
        }
        &slot.get_or_insert_with(|| ((pc, word), make())).1
    }
}
