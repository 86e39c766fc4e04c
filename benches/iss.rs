//! Speed of the core: one fault-free inference of the default network (about 1.44 million instructions).

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use stuckat::campaign::golden::GOLDEN_BUDGET;
use stuckat::campaign::images::Images;
use stuckat::cpu::profile::CVE2;
use stuckat::netlist::Circuit;
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::Fault;
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

criterion_group!(benches, inference);
criterion_main!(benches);
