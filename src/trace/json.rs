//! Traces as JSON lines: one object for each instruction that retires or traps.
//!
//! | member | meaning |
//! |---|---|
//! | `n` | its number among those that retired or trapped since reset, from 1 |
//! | `cycle` | clock cycles since reset at retirement, those asleep included |
//! | `pc`, `insn` | address and bits (4 digits if compressed) |
//! | `text` | the instruction as objdump prints it; `?` if it is none |
//! | `mode` | privilege mode: 3 is M, 0 is U |
//! | `rs1`, `rs2` | registers that it read: `{"x": number, "value": ...}`, before it executed; absent if it has none or `x0` |
//! | `rd` | the register that it wrote, in the same form |
//! | `csr` | the CSR that it wrote: `{"number", "name", "value"}`, the value as it is read back |
//! | `load`, `store` | its access: `{"addr", "bytes", "data"}`; of a load that faulted without `data` |
//! | `trap` | `true` if it raised an exception instead of retiring, else absent |
//! | `handler` | `"exception"` or `"interrupt"` if it is the first of a trap handler, else absent |
//! | `next` | address of the next instruction, before any interrupt; of a trapping one the next in memory |
//! | `function`, `file`, `line` | where it is in the sources, if that was asked for and is known |
//!
//! Addresses, bits and values are strings in hexadecimal with `0x`; the others are numbers.

use super::Lines;
use super::digits::{push_decimal, push_hex, push_hex8};
use super::names::{Cache, Names, disassembled};
use crate::cpu::Retired;
use crate::isa::text::csr_name;

/// What lines of one instruction share.
struct Fixed {
    /// From `pc` to `text`.
    insn: Vec<u8>,
    /// `function`, `file` and `line`.
    place: Vec<u8>,
}

impl Fixed {
    fn new(event: &Retired, names: &Names) -> Self {
        let mut insn = b",\"pc\":\"0x".to_vec();
        push_hex8(&mut insn, event.pc);
        insn.extend_from_slice(b"\",\"insn\":\"0x");
        push_hex(&mut insn, event.word, 2 * usize::from(event.len));
        insn.extend_from_slice(b"\",\"text\":\"");
        // Mnemonics and operands have nothing that JSON would escape.
        insn.extend_from_slice(disassembled(event.word, event.pc).as_bytes());
        insn.push(b'"');
        let mut members = String::new();
        if let Some(place) = names.place(event.pc) {
            let mut member = |name: &str, value: serde_json::Value| {
                members += &format!(",\"{name}\":{value}");
            };
            place.function.into_iter().for_each(|name| member("function", name.into()));
            place.file.into_iter().for_each(|name| member("file", name.into()));
            place.line.into_iter().for_each(|line| member("line", line.into()));
        }
        Self { insn, place: members.into_bytes() }
    }
}

/// Makes the lines.
pub(super) struct Json {
    cache: Cache<Fixed>,
    names: Names,
}

impl Json {
    pub fn new(names: Names) -> Self {
        Self { cache: Cache::new(), names }
    }
}

impl Lines for Json {
    fn header(&self) -> &'static str {
        ""
    }

    fn line(&mut self, event: &Retired, out: &mut Vec<u8>) {
        let names = &self.names;
        let fixed = self.cache.get(event.pc, event.word, || Fixed::new(event, names));
        out.extend_from_slice(b"{\"n\":");
        push_decimal(out, event.number);
        out.extend_from_slice(b",\"cycle\":");
        push_decimal(out, event.cycles);
        out.extend_from_slice(&fixed.insn);
        out.extend_from_slice(b",\"mode\":");
        out.push(b'0' + (event.mode & 3));
        push_register(out, b",\"rs1\":{\"x\":", event.rs1);
        push_register(out, b",\"rs2\":{\"x\":", event.rs2);
        push_register(out, b",\"rd\":{\"x\":", event.rd);
        if let Some(csr) = event.csr {
            out.extend_from_slice(b",\"csr\":{\"number\":\"0x");
            push_hex(out, csr.number.into(), 3);
            out.extend_from_slice(b"\",\"name\":\"");
            out.extend_from_slice(csr_name(csr.number).as_bytes());
            out.extend_from_slice(b"\",\"value\":\"0x");
            push_hex8(out, csr.value);
            out.extend_from_slice(b"\"}");
        }
        if let Some(access) = event.access {
            let member: &[u8] = if access.store { b",\"store\":" } else { b",\"load\":" };
            out.extend_from_slice(member);
            out.extend_from_slice(b"{\"addr\":\"0x");
            push_hex8(out, access.addr);
            out.extend_from_slice(b"\",\"bytes\":");
            out.push(b'0' + access.len);
            if access.store || !event.trapped {
                out.extend_from_slice(b",\"data\":\"0x");
                push_hex(out, access.data, 2 * usize::from(access.len));
                out.push(b'"');
            }
            out.push(b'}');
        }
        if event.trapped {
            out.extend_from_slice(b",\"trap\":true");
        }
        if event.enters_handler {
            let by: &[u8] = if event.interrupted { b"interrupt" } else { b"exception" };
            out.extend_from_slice(b",\"handler\":\"");
            out.extend_from_slice(by);
            out.push(b'"');
        }
        out.extend_from_slice(b",\"next\":\"0x");
        push_hex8(out, event.next_pc);
        out.push(b'"');
        out.extend_from_slice(&fixed.place);
        out.extend_from_slice(b"}\n");
    }
}

fn push_register(out: &mut Vec<u8>, member: &[u8], (number, value): (u8, u32)) {
    if number == 0 {
        return;
    }
    out.extend_from_slice(member);
    push_decimal(out, number.into());
    out.extend_from_slice(b",\"value\":\"0x");
    push_hex8(out, value);
    out.extend_from_slice(b"\"}");
}
