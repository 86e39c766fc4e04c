//! Words that the subcommands of `stuckat netlist` share: names of operations, of bits, of ports.

use crate::netlist::{Direction, Net, Netlist};
use crate::report::table::grouped;
use crate::unit::MulOp;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::collections::HashMap;

/// Reads the name of an operation.
pub(super) fn operation() -> impl TypedValueParser<Value = MulOp> {
    PossibleValuesParser::new(MulOp::ALL.map(MulOp::name)).map(|name| {
        let found = MulOp::ALL.into_iter().find(|op| op.name() == name);
        found.expect("only names of operations are possible")
    })
}

/// Names of bits, with neighbouring bits of a bus joined: `sum[3:0]`. The order is that of first occurrence.
pub(super) fn joined(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut buses: Vec<(String, Vec<u32>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for name in names {
        let parts = name.strip_suffix(']').and_then(|n| n.rsplit_once('['));
        let bit = parts.and_then(|(base, bit)| Some((base.to_owned(), bit.parse().ok()?)));
        let (base, bits) = bit.map_or((name, None), |(base, bit)| (base, Some(bit)));
        match places.get(&base) {
            Some(place) => buses[*place].1.extend(bits),
            None => {
                places.insert(base.clone(), buses.len());
                buses.push((base, Vec::from_iter(bits)));
            }
        }
    }
    let mut joined = Vec::new();
    for (base, mut bits) in buses {
        if bits.is_empty() {
            joined.push(base);
            continue;
        }
        bits.sort_unstable();
        bits.dedup();
        for run in bits.chunk_by(|a, b| a + 1 == *b).rev() {
            joined.push(match run {
                [bit] => format!("{base}[{bit}]"),
                run => format!("{base}[{}:{}]", run[run.len() - 1], run[0]),
            });
        }
    }
    joined
}

/// The names that nets have in a port of that direction that holds all of them, if there is one; else their own.
pub(super) fn port_names(netlist: &Netlist, direction: Direction, nets: &[Net]) -> Vec<String> {
    let mut ports = netlist.ports.iter().filter(|port| port.direction == direction);
    let port = ports.find(|port| nets.iter().all(|net| port.bits.contains(net)));
    let name = |net: &Net| match port {
        Some(port) if port.bits.len() > 1 => {
            let bit = port.bits.iter().position(|n| n == net).unwrap_or(0);
            format!("{}[{bit}]", port.name)
        }
        Some(port) => port.name.clone(),
        None => netlist.net_name(*net).to_owned(),
    };
    nets.iter().map(name).collect()
}

/// `1 net`, `2 nets`.
pub(super) fn counted(n: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn bits_of_a_bus_are_joined_where_they_are_neighbours() {
        let names = ["a[1]", "b", "a[0]", "a[3]", "c[7]", "a[x]"].map(str::to_owned);
        assert_eq!(joined(names), ["a[3]", "a[1:0]", "b", "c[7]", "a[x]"]);
    }
}
