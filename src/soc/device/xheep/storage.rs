//! A block without a model: its registers remember what is written, and its first use is reported.

use super::Block;
use crate::soc::device::Context;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) struct Storage {
    name: &'static str,
    /// Words that were written. No more than a block's 64 KiB of addresses have.
    words: BTreeMap<u32, u32>,
}

impl Storage {
    pub fn new(name: &'static str) -> Self {
        Self { name, words: BTreeMap::new() }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl Block for Storage {
    fn writable(&self, _: u32) -> Option<u32> {
        Some(u32::MAX)
    }

    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32 {
        cx.outside.unmodelled(self.name, cx.addr);
        self.words.get(&offset).copied().unwrap_or(0)
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        cx.outside.unmodelled(self.name, cx.addr);
        self.words.insert(offset, value);
    }
}
