//! The functions of a program, by address.

use crate::elf::{Image, Symbol};

/// The functions of a program, sorted by address, then by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Functions(Vec<Symbol>);

impl Functions {
    /// Those of an ELF file: symbols of type `FUNC` with a size.
    pub fn of(image: &Image) -> Self {
        Self::new(image.symbols.iter().cloned())
    }

    /// Those among these symbols, which are sorted by address.
    pub fn new(symbols: impl Iterator<Item = Symbol>) -> Self {
        Self(symbols.filter(|s| s.is_function && s.len > 0).collect())
    }

    /// All of them.
    pub fn all(&self) -> &[Symbol] {
        &self.0
    }

    /// The name of the function that an address lies in; of several names the first.
    pub fn at(&self, pc: u32) -> Option<&str> {
        self.symbol_at(pc).map(|f| f.name.as_str())
    }

    /// The function that an address lies in; of several names the first.
    pub fn symbol_at(&self, pc: u32) -> Option<&Symbol> {
        let behind = self.0.partition_point(|f| f.addr <= pc);
        let last = self.0[..behind].last()?.addr;
        let first = self.0[..behind].partition_point(|f| f.addr < last);
        self.0[first..behind].iter().find(|f| pc - f.addr < f.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions(list: &[(&str, u32, u32)]) -> Functions {
        let symbol = |(name, addr, len): &(&str, u32, u32)| Symbol {
            name: (*name).to_owned(),
            addr: *addr,
            len: *len,
            is_function: true,
        };
        Functions::new(list.iter().map(symbol))
    }

    #[test]
    fn an_address_lies_in_the_function_that_reaches_it() {
        let all = functions(&[("a", 0, 4), ("a_alias", 0, 8), ("b", 12, 4)]);
        assert_eq!(all.at(2), Some("a"));
        assert_eq!(all.at(6), Some("a_alias"));
        assert_eq!(all.at(9), None);
        assert_eq!(all.at(15), Some("b"));
    }
}
