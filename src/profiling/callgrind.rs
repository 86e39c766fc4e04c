//! A profile in callgrind's format, as KCachegrind, QCachegrind and `callgrind_annotate` read it.
//!
//! Events: `Ir` instructions, `Cycles`, `Mul` multiplications, `WrongMul` those with a wrong product. Positions: instruction address and source line.
//!
//! Source: Valgrind, "Callgrind Format Specification", version 1.

use super::{Costs, Profiler};
use crate::debug::Location;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Calls from one instruction to one function.
#[derive(Default)]
struct Calls {
    count: u64,
    inclusive: Costs,
}

/// Writes the profile of a program that is called `program`.
///
/// # Errors
/// What the sink says.
pub fn write(profiler: &Profiler<'_>, program: &str, to: &mut dyn Write) -> io::Result<()> {
    let total = profiler.total();
    writeln!(to, "# callgrind format\nversion: 1\ncreator: stuckat {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(to, "cmd: {program}\npart: 1\npositions: instr line")?;
    writeln!(
        to,
        "event: Mul : Multiplications\nevent: WrongMul : Multiplications with a wrong product"
    )?;
    writeln!(to, "events: Ir Cycles Mul WrongMul\nsummary: {}", numbers(&total))?;
    writeln!(to, "\nob={program}")?;
    let mut own: BTreeMap<u32, Vec<(u32, Costs)>> = BTreeMap::new();
    for (pc, costs) in profiler.instructions() {
        own.entry(profiler.function_of(pc)).or_default().push((pc, costs));
    }
    let inclusive = profiler.inclusive();
    let mut calls: BTreeMap<(u32, u32, u32), Calls> = BTreeMap::new();
    for (i, node) in profiler.nodes().iter().enumerate().skip(1) {
        let caller = profiler.nodes()[node.parent as usize].function;
        // The first function is called by nobody.
        if node.parent == 0 {
            continue;
        }
        let edge = calls.entry((caller, node.site, node.function)).or_default();
        edge.count += node.calls;
        edge.inclusive.add(&inclusive[i]);
    }
    for (function, insns) in &own {
        let home = home(profiler, insns);
        let name = &profiler.names()[*function as usize];
        writeln!(to, "fl={}\nfn={name}", file_of(home.as_ref()))?;
        let mut file = file_of(home.as_ref()).to_owned();
        for (pc, costs) in insns {
            let location = profiler.info().location(*pc);
            let now = location.as_ref().map_or(file.as_str(), |at| at.file.as_str()).to_owned();
            if now != file {
                writeln!(to, "fi={now}")?;
                file = now;
            }
            let line = location.as_ref().map_or(0, |at| at.line);
            writeln!(to, "{pc:#x} {line} {}", numbers(costs))?;
        }
        let of_this = (*function, 0, 0)..=(*function, u32::MAX, u32::MAX);
        for ((_, site, callee), edge) in calls.range(of_this) {
            let empty = Vec::new();
            let callee_insns = own.get(callee).unwrap_or(&empty);
            let target = self::home(profiler, callee_insns);
            let at = profiler.info().location(*site);
            let now = at.as_ref().map_or(file.as_str(), |at| at.file.as_str()).to_owned();
            if now != file {
                writeln!(to, "fi={now}")?;
                file = now;
            }
            writeln!(to, "cfi={}", file_of(target.as_ref()))?;
            writeln!(to, "cfn={}", profiler.names()[*callee as usize])?;
            let first = callee_insns.first().map_or(0, |(pc, _)| *pc);
            let line = target.map_or(0, |at| at.line);
            writeln!(to, "calls={} {first:#x} {line}", edge.count)?;
            let line = at.map_or(0, |at| at.line);
            writeln!(to, "{site:#x} {line} {}", numbers(&edge.inclusive))?;
        }
        writeln!(to)?;
    }
    writeln!(to, "totals: {}", numbers(&total))
}

/// Where the function itself stands: the outermost frame at its first instruction.
fn home(profiler: &Profiler<'_>, insns: &[(u32, Costs)]) -> Option<Location> {
    let (pc, _) = insns.first()?;
    profiler.info().frames(*pc).pop()?.location
}

fn file_of(location: Option<&Location>) -> &str {
    location.map_or("???", |at| at.file.as_str())
}

fn numbers(costs: &Costs) -> String {
    format!("{} {} {} {}", costs.instructions, costs.cycles, costs.muls, costs.wrong)
}
