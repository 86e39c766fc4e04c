//! Speed of the gates: one product, a table of products, folding a fault.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use stuckat::netlist::fault::{Fault, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
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

criterion_group!(benches, products);
criterion_main!(benches);
