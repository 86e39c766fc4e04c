//! Speed of traces: programs of `firmware/bench/` with few rounds, untraced on the interpreter, watched by an observer that does nothing, and traced in each
//! format to a sink that takes everything.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use stuckat::cpu::profile::CVE2;
use stuckat::cpu::{Machine, Reset, Retired, Silent};
use stuckat::elf::Image;
use stuckat::soc::Platform;
use stuckat::trace::binary::Header;
use stuckat::trace::{Filter, Format, Names, Settings, Tracer};
use stuckat::unit::{Exact, Latency};

const PROGRAMS: [(&str, &[u8]); 3] = [
    ("conv", include_bytes!("../firmware/prebuilt/bench/conv.elf")),
    ("mix", include_bytes!("../firmware/prebuilt/bench/mix.elf")),
    ("strings", include_bytes!("../firmware/prebuilt/bench/strings.elf")),
];

/// Instructions of each run.
const LEN: u64 = 4_000_000;

fn programs(c: &mut Criterion) {
    for (name, elf) in PROGRAMS {
        let mut group = c.benchmark_group(format!("traces/{name}"));
        group.sample_size(10).throughput(Throughput::Elements(LEN));
        let image = Image::parse(elf).expect("the committed program is sound");
        let platform = Platform::guess(&image).expect("it has a platform");
        let reset = Reset { profile: &CVE2, entry: image.entry, vectors: platform.boot_address() };
        let board = || platform.board(&image).expect("it fits");
        let unit = || Exact::new(Latency::FAST);

        group.bench_function("untraced interpreter", |b| {
            b.iter(|| {
                let mut machine = Machine::new(board(), unit(), Silent, reset);
                machine.set_compiled(None);
                black_box(machine.run(LEN))
            });
        });
        group.bench_function("observer", |b| {
            b.iter(|| {
                let mut sum = 0_u32;
                let see = |event: &Retired| sum = sum.wrapping_add(event.rd.1 ^ event.pc);
                Machine::new(board(), unit(), see, reset).run(LEN);
                black_box(sum)
            });
        });
        for format in [Format::Binary, Format::Spike, Format::Ibex, Format::Rvfi, Format::Json] {
            group.bench_function(format!("{format:?}").to_lowercase(), |b| {
                b.iter(|| {
                    let settings = Settings {
                        format,
                        filter: Filter::default(),
                        last: None,
                        names: Names::default(),
                    };
                    let header = Header::default();
                    let mut tracer =
                        Tracer::new(settings, std::io::sink(), &header).expect("it begins");
                    let stop = Machine::new(board(), unit(), &mut tracer, reset).run(LEN);
                    tracer.finish(&stop.to_string()).expect("a sink takes everything");
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, programs);
criterion_main!(benches);
