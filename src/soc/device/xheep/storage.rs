//! A block without a model: its registers remember what is written, and its first use is reported.

use super::Block;
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Storage {
    name: String,
    /// Words that were written. No more than a block's 64 KiB of addresses have.
    words: BTreeMap<u32, u32>,
}

impl Storage {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), words: BTreeMap::new() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Block for Storage {
    fn writable(&self, _: u32) -> Option<u32> {
        Some(u32::MAX)
    }

    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32 {
        cx.outside.unmodelled(&self.name, cx.addr);
        self.words.get(&offset).copied().unwrap_or(0)
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        cx.outside.unmodelled(&self.name, cx.addr);
        self.words.insert(offset, value);
    }
}
