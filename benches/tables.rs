//! Speed of product tables: one fault alone, all faults together; and Verilator's model of the same netlist beside them.
//!
//! The Verilator part needs `verilator` and a C++ compiler, and takes a minute to build its model into `target/verilator`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use stuckat::netlist::Circuit;
use stuckat::netlist::fault::{Fault, Sites, universe};
use stuckat::netlist::range::Range;
use stuckat::netlist::table::Tables;
use stuckat::unit::MulOp;

/// The net that is forced in Verilator's model.
const FORCED: &str = "n700";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tables(c: &mut Criterion) {
    for name in ["single_cycle_mul", "single_cycle"] {
        let binding = root().join("netlists").join(name).with_extension("toml");
        let circuit = Circuit::load(Some(&binding), None).expect("the netlist is sound");
        let faults = universe(&circuit, Sites::Nets);
        let fault = Fault::parse(&format!("{FORCED}/SA1"), &circuit).expect("it has that net");
        let mut group = c.benchmark_group(format!("tables of 65,536 products, {name}"));
        let mut tables = Tables::new(&circuit, MulOp::MUL, Range::INT8).expect("it multiplies");
        group.throughput(Throughput::Elements(1));
        group.bench_function("one fault alone", |b| b.iter(|| tables.form(black_box(&[fault]))));
        let mut products = Vec::new();
        group.bench_function("one fault alone, as 65,536 numbers", |b| {
            b.iter(|| tables.products(black_box(&[fault]), &mut products));
        });
        group.bench_function("one fault alone, from the netlist", |b| {
            b.iter(|| Tables::new(&circuit, MulOp::MUL, Range::INT8)?.form(black_box(&[fault])));
        });
        group.throughput(Throughput::Elements(faults.len() as u64)).sample_size(20);
        group.bench_function("all net faults together", |b| b.iter(|| tables.forms(&faults)));
        group.finish();
    }
}

fn verilator(c: &mut Criterion) {
    let Some(model) = build() else {
        eprintln!("skipped: no Verilator model (is `verilator` installed?)");
        return;
    };
    let mut group = c.benchmark_group("tables of 65,536 products, single_cycle_mul");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    group.bench_function("one fault, by Verilator's model", |b| {
        b.iter_custom(|repetitions| {
            let output = Command::new(&model).arg(repetitions.to_string()).output();
            let output = output.expect("the model runs").stdout;
            let text = String::from_utf8_lossy(&output);
            let ns = text.split_whitespace().next().and_then(|ns| ns.parse().ok());
            Duration::from_nanos(ns.expect("the model prints nanoseconds"))
        });
    });
    group.finish();
}

/// Builds the model, once.
fn build() -> Option<PathBuf> {
    let folder = root().join("target/verilator");
    let model = folder.join("table");
    if model.exists() {
        return Some(model);
    }
    std::fs::create_dir_all(&folder).ok()?;
    let forceable = folder.join("forceable.vlt");
    let module = "single_cycle_mul";
    let config = format!("`verilator_config\nforceable -module \"{module}\" -var \"{FORCED}\"\n");
    std::fs::write(&forceable, config).ok()?;
    let member = format!("{module}__DOT__{FORCED}__Vforce");
    let flags = format!("-O3 -DFORCE_EN={member}En -DFORCE_VALUE={member}Val");
    let options =
        ["--cc", "--exe", "--build", "-O3", "-Wno-lint", "-Wno-fatal", "--public-flat-rw"];
    let built = Command::new("verilator")
        .args(options)
        .args(["--top-module", module, "-CFLAGS", &flags, "-o", "table", "--Mdir"])
        .arg(&folder)
        .arg(&forceable)
        .args(["netlists/mapped/single_cycle_mul.v", "netlists/cells/nangate45.v"])
        .arg(root().join("benches/verilator/table.cpp"))
        .current_dir(root())
        .output()
        .ok()?;
    if !built.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&built.stderr));
    }
    built.status.success().then_some(model)
}

criterion_group!(benches, tables, verilator);
criterion_main!(benches);
