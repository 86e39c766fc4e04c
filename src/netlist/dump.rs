//! Two traces as a value change dump, for a waveform viewer such as GTKWave or Surfer.
//!
//! In: the [`Trace`]s of an operation without and with a fault. Out: a four-state VCD file, IEEE Std 1364-2005, clause 18:
//!
//! | part | content |
//! |---|---|
//! | `$comment` | what the caller says of the operation; and the next two lines of this table |
//! | `$timescale` | 1 ns, which stands for one clock of the operation |
//! | times | clock k, counted from 1, lasts from `#k` to `#k+1`: each net has the value that it has at the end of this clock. The last time has no values and ends the last clock |
//! | scope `sound` | every net without the fault; after the answer `x` |
//! | scope `faulty` | the same nets, in the same order, with the fault |
//! | scope `differs` | the same nets: 1 where the two differ, 0 where they are equal, `x` where one of them has answered |
//!
//! In each scope a port of several bits is one vector; every other net is a wire of one bit. Constants are left out. A name
//! that is no plain Verilog identifier begins with a backslash, as it does in Verilog.

use super::wave::Trace;
use super::{Circuit, Net, Netlist};
use std::io::{self, Write};
use vcd::{IdCode, ReferenceIndex, TimescaleUnit, Value, VarType, Writer};

/// A variable of each scope: a port, or a net that is in none.
#[derive(Clone, Debug)]
pub struct Signal<'n> {
    /// Its name, escaped where it is no plain Verilog identifier.
    pub name: String,
    /// The bits of a port of several; the bit that a net's name gives.
    pub index: Option<ReferenceIndex>,
    /// Bit 0 first.
    pub nets: &'n [Net],
    /// Whether it is a port.
    pub port: bool,
}

/// Writes the dump.
///
/// # Errors
/// Those of the writer.
pub fn write(
    out: impl Write,
    circuit: &Circuit,
    sound: &Trace,
    faulty: &Trace,
    comment: &str,
) -> io::Result<()> {
    let netlist = circuit.netlist();
    let nets: Vec<Net> = (0..netlist.net_count() as u32).map(Net).collect();
    let signals = signals(netlist, &nets);
    let mut writer = Writer::new(out);
    let version = concat!("stuckat ", env!("CARGO_PKG_VERSION"));
    writer.version(version)?;
    // The word that ends a comment may be part of a name.
    writer.comment(&comment.replace("$end", "\\$end"))?;
    writer.comment("One time unit is one clock: clock k lasts from #k to #k+1.")?;
    writer.timescale(1, TimescaleUnit::NS)?;
    let mut ids: Vec<IdCode> = Vec::new();
    for scope in ["sound", "faulty", "differs"] {
        writer.add_module(scope)?;
        for signal in &signals {
            let width = signal.nets.len() as u32;
            ids.push(writer.add_var(VarType::Wire, width, &signal.name, signal.index)?);
        }
        writer.upscope()?;
    }
    writer.enddefinitions()?;
    let differs = |clock: usize, net: Net| match (sound.value(clock, net), faulty.value(clock, net))
    {
        (Some(a), Some(b)) => Some(a != b),
        _ => None,
    };
    let mut last: Vec<Vec<Value>> = vec![Vec::new(); ids.len()];
    let clocks = sound.clocks().max(faulty.clocks());
    for clock in 0..clocks {
        writer.timestamp(clock as u64 + 1)?;
        for (scope, ids) in ids.chunks(signals.len().max(1)).enumerate() {
            for (i, (signal, id)) in signals.iter().zip(ids).enumerate() {
                let bit = |net: &Net| match scope {
                    0 => sound.value(clock, *net),
                    1 => faulty.value(clock, *net),
                    _ => differs(clock, *net),
                };
                let now: Vec<Value> = signal.nets.iter().rev().map(|net| value(bit(net))).collect();
                let before = &mut last[scope * signals.len() + i];
                if *before != now {
                    match now.as_slice() {
                        [bit] => writer.change_scalar(*id, *bit)?,
                        bits => writer.change_vector(*id, bits.iter().copied())?,
                    }
                    *before = now;
                }
            }
        }
    }
    writer.timestamp(clocks as u64 + 1)?;
    writer.flush()
}

fn value(bit: Option<bool>) -> Value {
    bit.map_or(Value::X, Value::from)
}

/// Ports first, in their order; then the nets that are in none. `nets` are all nets of the netlist.
pub fn signals<'n>(netlist: &'n Netlist, nets: &'n [Net]) -> Vec<Signal<'n>> {
    let mut in_port = vec![false; nets.len()];
    netlist.constants().iter().for_each(|(net, _)| in_port[net.index()] = true);
    let mut signals = Vec::new();
    for port in &netlist.ports {
        port.bits.iter().for_each(|net| in_port[net.index()] = true);
        let high = port.bits.len().saturating_sub(1);
        let index = (high > 0).then_some(ReferenceIndex::Range(high as i32, 0));
        if !port.bits.is_empty() {
            signals.push(Signal {
                name: identifier(&port.name),
                index,
                nets: &port.bits,
                port: true,
            });
        }
    }
    for net in nets.iter().filter(|net| !in_port[net.index()]) {
        let (name, index) = reference(netlist.net_name(*net));
        signals.push(Signal { name, index, nets: std::slice::from_ref(net), port: false });
    }
    signals
}

/// A net's name: `name` and the index of `name[3]`.
fn reference(name: &str) -> (String, Option<ReferenceIndex>) {
    let parts = name.strip_suffix(']').and_then(|n| n.rsplit_once('['));
    let parts = parts.filter(|(base, _)| is_plain(base));
    match parts.and_then(|(base, index)| Some((base, index.parse::<u16>().ok()?))) {
        Some((base, index)) => (base.to_owned(), Some(ReferenceIndex::BitSelect(index.into()))),
        None => (identifier(name), None),
    }
}

fn identifier(name: &str) -> String {
    if is_plain(name) {
        return name.to_owned();
    }
    // Blanks separate words here; other formats of netlists may have them in names.
    let dark = |c: char| if c.is_whitespace() || c.is_control() { '_' } else { c };
    format!("\\{}", name.chars().map(dark).collect::<String>())
}

/// IEEE Std 1364-2005, 3.7: letters, digits, `_` and `$`, the first neither a digit nor `$`.
fn is_plain(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_reader_could_take_for_something_else_are_escaped() {
        for (name, written, index) in [
            ("sum_3", "sum_3", None),
            ("sum[3]", "sum", Some(ReferenceIndex::BitSelect(3))),
            ("$end", "\\$end", None),
            ("3x", "\\3x", None),
            ("a.b[3]", "\\a.b[3]", None),
            ("a[3:0]", "\\a[3:0]", None),
            ("a[x]", "\\a[x]", None),
            ("[3]", "\\[3]", None),
            ("a b", "\\a_b", None),
        ] {
            assert_eq!(reference(name), (written.to_owned(), index), "{name}");
        }
    }
}
