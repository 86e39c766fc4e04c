//! Speed of the gates: one product, a table of products, folding a fault.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use stuckat::netlist::fault::{Fault, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::native::Code;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::{Circuit, screen};
use stuckat::unit::{MulOp, Tuple, Unit};

fn products(c: &mut Criterion) {
    let circuit = Arc::new(Circuit::default_multiplier());
    let fault = Fault::parse("mult1_7/SA1", &circuit).expect("a net of the default multiplier");
    let sequences = Sequences::new(&circuit, &[fault]).expect("it keeps no state");

    let mut group = c.benchmark_group("one product");
    for op in [MulOp::MUL, MulOp::MULH] {
        let mut gates = GateUnit::new(circuit.clone(), &[fault]);
        group.bench_function(format!("{op}, gate by gate, clock by clock"), |b| {
            b.iter(|| gates.exec(op, black_box(0x1234_5678), black_box(0x8765_4321)));
        });
        let mut scratch = Vec::new();
        group.bench_function(format!("{op}, folded"), |b| {
            let (rs1, rs2) = (0x1234_5678, 0x8765_4321);
            b.iter(|| sequences.of(op).evaluate_one(&mut scratch, black_box(rs1), black_box(rs2)));
        });
    }
    group.finish();

    let bytes = || -128..128_i32;
    let table: Vec<Tuple> = bytes()
        .flat_map(|a| bytes().map(move |b| (a, b)))
        .map(|(a, b)| Tuple { op: MulOp::MUL, rs1: a as u32, rs2: b as u32 })
        .collect();
    let mut group = c.benchmark_group("many products");
    group.throughput(Throughput::Elements(table.len() as u64));
    group.bench_function("65,536 INT8 products under one fault", |b| {
        b.iter(|| screen::answers(&sequences, black_box(&table)));
    });
    group.finish();

    let faults = universe(&circuit, Sites::Nets);
    c.bench_function("fold and prove one fault", |b| {
        let mut next = faults.iter().cycle();
        b.iter(|| Sequences::new(&circuit, &[*next.next().expect("it goes round")]));
    });
}

/// The median of what `measure` gives for the first faults of a random order that keep no state.
fn median(circuit: &Circuit, faults: &[Fault], measure: impl Fn(&Sequences) -> f64) -> f64 {
    const FAULTS: usize = 50;
    // Multiplying by an odd constant visits the faults in no order that the netlist has.
    let order = (1..).map(|i: usize| i.wrapping_mul(0x9e37_79b9) % faults.len());
    let sequences = order.filter_map(|i| Sequences::new(circuit, &[faults[i]]).ok());
    let mut all: Vec<f64> = sequences.take(FAULTS).map(|s| measure(&s)).collect();
    all.sort_by(f64::total_cmp);
    all[FAULTS / 2]
}

/// One product under 50 net faults: not by Criterion, which would take a minute for each.
fn many_faults(_: &mut Criterion) {
    let circuit = Circuit::default_multiplier();
    let faults = universe(&circuit, Sites::Nets);
    let operands: Vec<(u32, u32)> = (1..4_096_u64)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .map(|i| ((i >> 32) as u32, (i ^ i >> 29) as u32))
        .collect();
    let nanoseconds = |mut product: Box<dyn FnMut(u32, u32) -> u32>| {
        let mut best = f64::MAX;
        for _ in 0..5 {
            let begin = Instant::now();
            for (rs1, rs2) in &operands {
                black_box(product(*rs1, *rs2));
            }
            best = best.min(begin.elapsed().as_secs_f64() * 1e9 / operands.len() as f64);
        }
        best
    };
    for op in [MulOp::MUL, MulOp::MULH] {
        let coded = |sequences: &Sequences, gates: bool| {
            let mut code = Code::new().expect("code can be made here");
            match gates {
                true => code.make_gates(sequences, op).expect("code can be made here"),
                false => code.make(sequences, op).expect("code can be made here"),
            }
            nanoseconds(Box::new(move |a, b| code.product(op, a, b).expect("it is made")))
        };
        let interpreted = median(&circuit, &faults, |sequences| {
            let (sequence, mut scratch) = (sequences.of(op).clone(), Vec::new());
            nanoseconds(Box::new(move |a, b| sequence.evaluate_one(&mut scratch, a, b)))
        });
        let gates = median(&circuit, &faults, |sequences| coded(sequences, true));
        let best = median(&circuit, &faults, |sequences| coded(sequences, false));
        let make = median(&circuit, &faults, |sequences| {
            let begin = Instant::now();
            let mut code = Code::new().expect("code can be made here");
            let _ = black_box(code.make_arithmetic(sequences, op));
            begin.elapsed().as_secs_f64() * 1e3
        });
        println!(
            "{op} under 50 net faults, medians: {interpreted:.0} ns interpreted, {gates:.0} ns as gates in host code, {best:.1} ns as arithmetic where proved; {make:.2} ms to make the latter"
        );
    }
}

criterion_group!(benches, products, many_faults);
criterion_main!(benches);
