//! Speed of the core: one fault-free inference of the default network (about 1.44 million instructions), and the programs of
//! `firmware/bench/` with few rounds. `benches/compare.sh` runs these for longer, and on QEMU.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use stuckat::campaign::golden::GOLDEN_BUDGET;
use stuckat::campaign::images::Images;
use stuckat::cpu::Stop;
use stuckat::cpu::profile::CVE2;
use stuckat::netlist::Circuit;
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::Fault;
use stuckat::netlist::faulty_unit::FaultyUnit;
use stuckat::netlist::sequence::Sequences;
use stuckat::unit::{Exact, Latency, Recorder};
use stuckat::workload::{Program, Runner};

const ELF: &[u8] = include_bytes!("../firmware/prebuilt/mnist-cnn.elf");

fn inference(c: &mut Criterion) {
    let program = Program::new(ELF, &CVE2, None).expect("the built-in firmware is sound");
    let input = Images::builtin().expect("the built-in images are sound").input(0);
    let circuit = Circuit::default_multiplier();
    let mut group = c.benchmark_group("inference");
    group.sample_size(20);

    let mut exact = Runner::new(&program, Exact::new(Latency::SINGLE_CYCLE));
    let retired = exact.run(&input, GOLDEN_BUDGET).retired;
    group.throughput(Throughput::Elements(retired));
    group.bench_function("exact multiplier", |b| {
        b.iter(|| exact.run(black_box(&input), GOLDEN_BUDGET));
    });

    let mut recorder = Runner::new(&program, Recorder::new(Latency::SINGLE_CYCLE));
    group.bench_function("exact multiplier, recording its operations", |b| {
        b.iter(|| recorder.run(black_box(&input), GOLDEN_BUDGET));
    });

    // A fault in a low bit: many wrong products, and the run goes on to its end.
    let fault = Fault::parse("mult1_1/SA1", &circuit).expect("a net of the default multiplier");
    let sequences = Sequences::new(&circuit, &[fault]).expect("it keeps no state");
    let mut faulty = Runner::new(&program, FastUnit::new(&circuit, sequences));
    group.bench_function("faulty multiplier, memo warm", |b| {
        b.iter(|| faulty.run(black_box(&input), GOLDEN_BUDGET));
    });
    group.finish();
}

/// Each with rounds for about 20 million instructions.
const PROGRAMS: [(&str, u32, &[u8]); 5] = [
    ("conv", 18, include_bytes!("../firmware/prebuilt/bench/conv.elf")),
    ("conv-index", 14, include_bytes!("../firmware/prebuilt/bench/conv-index.elf")),
    ("conv-tiled", 40, include_bytes!("../firmware/prebuilt/bench/conv-tiled.elf")),
    ("mix", 120, include_bytes!("../firmware/prebuilt/bench/mix.elf")),
    ("strings", 80, include_bytes!("../firmware/prebuilt/bench/strings.elf")),
];

fn programs(c: &mut Criterion) {
    let circuit = Arc::new(Circuit::default_multiplier());
    let fault = Fault::parse("mult1_1/SA1", &circuit).expect("a net of the default multiplier");
    let mut group = c.benchmark_group("programs");
    group.sample_size(10);
    for (name, rounds, elf) in PROGRAMS {
        let program = Program::new(elf, &CVE2, None).expect("the committed program is sound");
        let rounds = rounds.to_le_bytes();

        let mut exact = Runner::new(&program, Exact::new(Latency::SINGLE_CYCLE));
        let run = exact.run(&rounds, GOLDEN_BUDGET);
        assert_eq!(run.stop, Stop::Exit(0), "{name}");
        group.throughput(Throughput::Elements(run.retired));
        group.bench_function(format!("{name}, exact multiplier"), |b| {
            b.iter(|| exact.run(black_box(&rounds), GOLDEN_BUDGET));
        });

        let mut faulty = Runner::new(&program, FaultyUnit::new(&circuit, &[fault]));
        let run = faulty.run(&rounds, GOLDEN_BUDGET);
        if run.stop != Stop::Exit(0) {
            continue; // The fault breaks its index arithmetic.
        }
        group.throughput(Throughput::Elements(run.retired));
        group.bench_function(format!("{name}, faulty multiplier"), |b| {
            b.iter(|| faulty.run(black_box(&rounds), GOLDEN_BUDGET));
        });
    }
    group.finish();
}

criterion_group!(benches, inference, programs);
criterion_main!(benches);
