//! Profiles against traces, the whole run, and valgrind's own reader.

use crate::cli::{BAD_INPUT, ELF, IO, folder, stuckat};
use crate::common;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use stuckat::elf::Image;

/// Costs of a line of callgrind's format: instructions, cycles, multiplications, wrong ones.
type Costs = [u64; 4];

/// Sums of the cost lines of each function, without calls; the summary; and the inclusive costs of calls by caller and callee.
struct Callgrind {
    own: BTreeMap<String, Costs>,
    summary: Costs,
    calls: BTreeMap<(String, String), (u64, Costs)>,
}

fn costs<'l>(words: impl Iterator<Item = &'l str>) -> Costs {
    let numbers: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
    numbers.try_into().expect("four events")
}

/// Reads what the format's specification allows as far as it is used.
fn callgrind(path: &Path) -> Callgrind {
    let text = std::fs::read_to_string(path).unwrap();
    let (mut own, mut calls) = (BTreeMap::<_, Costs>::new(), BTreeMap::<_, (u64, Costs)>::new());
    let (mut summary, mut function, mut callee) = ([0; 4], String::new(), String::new());
    let mut count = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = name.to_owned();
        } else if let Some(name) = line.strip_prefix("cfn=") {
            callee = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("calls=") {
            count = rest.split(' ').next().map(|n| n.parse::<u64>().unwrap());
        } else if let Some(rest) = line.strip_prefix("summary: ") {
            summary = costs(rest.split(' '));
        } else if line.starts_with("0x") {
            let costs = costs(line.split(' ').skip(2));
            let add = |sum: &mut Costs| sum.iter_mut().zip(costs).for_each(|(a, b)| *a += b);
            match count.take() {
                Some(n) => {
                    let edge = calls.entry((function.clone(), callee.clone())).or_default();
                    edge.0 += n;
                    add(&mut edge.1);
                }
                None => add(own.entry(function.clone()).or_default()),
            }
        }
    }
    Callgrind { own, summary, calls }
}

const FAULT: [&str; 2] = ["--fault", "op_a_i[3]/SA1"];

#[test]
fn a_profile_has_what_the_trace_has() {
    let dir = folder();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let image = Image::parse(&std::fs::read(ELF).unwrap()).unwrap();
    for flags in [&[][..], &FAULT[..]] {
        let run = |more: &[&str]| {
            let words = ["run", ELF, "--stats", "--max-insns", "400000"];
            stuckat(words.iter().chain(flags).chain(more)).run()
        };
        let (trace, profile, folded) = (path("t.csv"), path("callgrind.out"), path("folded"));
        let traced = run(&["--trace", &trace, "--trace-format", "rvfi"]);
        let profiled = run(&["--callgrind", &profile, "--folded", &folded]);
        assert_eq!((&traced.stdout, &traced.stderr), (&profiled.stdout, &profiled.stderr));
        // By function, from the lines of the trace and the symbols alone.
        let mut expected: BTreeMap<String, Costs> = BTreeMap::new();
        // The first instruction takes one cycle, after those of the reset.
        let mut last = None;
        let text = std::fs::read_to_string(&trace).unwrap();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let hex = |i: usize| u32::from_str_radix(fields[i], 16).unwrap();
            let (cycle, pc, insn): (u64, _, _) = (fields[1].parse().unwrap(), hex(2), hex(3));
            let inside =
                |s: &&stuckat::elf::Symbol| s.is_function && pc.wrapping_sub(s.addr) < s.len;
            // `_start` has no size.
            let name = image.symbols.iter().find(inside).map_or("_start", |s| &s.name);
            // MUL, MULH, MULHSU, MULHU: opcode 0x33, funct7 1, funct3 below 4; all of this program are 32 bits long.
            let mul = insn & 0xfe00_007f == 0x0200_0033 && insn >> 12 & 7 < 4;
            let (a, b, rd) = (hex(16), hex(18), hex(9));
            let exact = match insn >> 12 & 7 {
                0 => a.wrapping_mul(b),
                1 => ((i64::from(a as i32) * i64::from(b as i32)) >> 32) as u32,
                2 => ((i64::from(a as i32) * i64::from(b)) >> 32) as u32,
                _ => ((u64::from(a) * u64::from(b)) >> 32) as u32,
            };
            let wrong = mul && fields[8] != "0" && rd != exact;
            let sum = expected.entry(name.to_owned()).or_default();
            let took = cycle - last.unwrap_or(cycle - 1);
            let now = [1, took, u64::from(mul), u64::from(wrong)];
            sum.iter_mut().zip(now).for_each(|(sum, n)| *sum += n);
            last = Some(cycle);
        }
        let found = callgrind(Path::new(&profile));
        assert_eq!(found.own, expected);
        let mut total = [0; 4];
        expected.values().for_each(|c| total.iter_mut().zip(c).for_each(|(a, b)| *a += b));
        assert_eq!(found.summary, total);
        assert_eq!(flags.is_empty(), total[3] == 0, "the fault makes wrong products");
        // `main` is called once, by the start-up code, and everything else but that code happens in it.
        let (count, inside) = found.calls[&("_start".to_owned(), "main".to_owned())];
        let start = found.own["_start"];
        assert_eq!(
            (count, inside[0]),
            (1, total[0] - start[0] - found.own.get("exit").map_or(0, |c| c[0]))
        );
        let lines = std::fs::read_to_string(&folded).unwrap();
        let cycles: u64 =
            lines.lines().map(|l| l.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum();
        assert_eq!(cycles, total[1]);
        assert!(lines.contains("_start;main;model_invoke;conv_2d "), "{lines}");
        annotated(Path::new(&profile), total[0]);
    }
}

/// Valgrind's reader takes the file and finds as many instructions, all of them in what `_start` has called and itself.
fn annotated(profile: &Path, instructions: u64) {
    // It comes with valgrind, and its own `--version` ends with an error.
    if common::tool("valgrind").is_none() {
        return;
    }
    let output = Command::new("callgrind_annotate").arg("--inclusive=yes").arg(profile).output();
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace(',', "");
    assert!(output.status.success(), "{text}");
    let line = |what: &str| text.lines().find(|line| line.contains(what)).map(str::to_owned);
    for what in ["PROGRAM TOTALS", ":_start"] {
        let line = line(what).unwrap_or_else(|| panic!("no {what}: {text}"));
        assert_eq!(
            line.split_whitespace().next(),
            Some(instructions.to_string().as_str()),
            "{line}"
        );
    }
}

#[test]
fn tables_and_flame_graph_are_there_for_people() {
    let dir = folder();
    let flame = dir.path().join("flame.svg");
    let words = ["run", ELF, "--profile", "--profile-rows", "3", "--flame-graph"];
    let ended = stuckat(words.into_iter().chain([flame.to_str().unwrap()])).succeeds();
    for part in ["conv_2d", "firmware/kernels/", "more functions", "more lines"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let svg = std::fs::read_to_string(&flame).unwrap();
    for part in ["<svg ", "conv_2d: ", "multiplications", "</svg>"] {
        assert!(svg.contains(part), "{part}");
    }
    let full = stuckat(["run", ELF, "--callgrind", "/dev/full"]).run();
    assert!(
        full.code == Some(IO) && full.stderr.contains("/dev/full: cannot be written"),
        "{full:?}"
    );
    stuckat(["run", "/nowhere", "--profile"]).is_refused(BAD_INPUT, &["/nowhere"]);
    stuckat(["run", ELF, "--profile", "--trace", "x"]).is_misused(&["--trace"]);
}

/// f calls itself to a depth of 1,000 and more, beyond the depth that is told apart; nothing is lost, and nothing overflows.
#[test]
fn deep_recursion_is_counted_in_full() {
    use stuckat::cpu::{Machine, Probe, Reset, Retired};
    use stuckat::debug::DebugInfo;
    use stuckat::profiling::{Profiler, flame};
    use stuckat::soc::Platform;
    use stuckat::unit::{Exact, Latency};
    // jal ra, 0 from everywhere: an endless recursion of one instruction.
    let image = Image {
        entry: 0x8000_0000,
        segments: vec![stuckat::elf::Segment {
            addr: 0x8000_0000,
            data: 0x0000_00ef_u32.to_le_bytes().to_vec(),
            mem_len: 4,
        }],
        symbols: Vec::new(),
        sections: Vec::new(),
        macs: Vec::new(),
    };
    let board = Platform::find("mcu").unwrap().board(&image).unwrap();
    let info = DebugInfo::new(b"");
    let mut profiler = Profiler::new(&info, 0);
    let watch = |event: &Retired| profiler.retired(event);
    let reset = Reset::cve2(0x8000_0000);
    Machine::new(board, Exact::new(Latency::FAST), watch, reset).run(200_000);
    assert_eq!(profiler.total().instructions, 200_000);
    assert!(profiler.nodes().len() < 1000);
    assert_eq!(profiler.functions().len(), 1);
    assert_eq!(profiler.functions()[0].2.instructions, 200_000);
    assert!(flame::graph(&profiler, "deep").ends_with("</svg>\n"));
    assert!(flame::folded(&profiler).lines().count() > 100);
}
