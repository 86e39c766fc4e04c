//! Which multiplications are faulty: counted against what the network does by its own figures, and against profiles of whole runs.

use super::{MODEL, on_model};
use crate::cli::{folder, results, stuckat};
use stuckat::campaign::images::Images;
use stuckat::cpu::Stop;
use stuckat::cpu::profile::CVE2;
use stuckat::model::Model;
use stuckat::unit::{Answer, Counts, Exact, ForeignState, Latency, MulOp, State, Unit};
use stuckat::workload::{Layer, Named, Program, Run, Runner, ScopeSpec};

const BUDGET: u64 = 100_000_000;

/// An exact multiplier that counts what it is asked for in scope.
struct Counting {
    exact: Exact,
    by_op: [u64; 4],
}

impl Unit for Counting {
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.by_op[op.index()] += 1;
        self.exact.exec(op, rs1, rs2)
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.exact.outside(op, rs1, rs2)
    }

    fn max_cycles(&self) -> u32 {
        self.exact.max_cycles()
    }

    fn reset(&mut self) {
        self.exact.reset();
        self.by_op = [0; 4];
    }

    fn counts(&self) -> Counts {
        self.exact.counts()
    }

    fn save(&self) -> State {
        self.exact.save()
    }

    fn restore(&mut self, state: &State) -> Result<(), ForeignState> {
        self.exact.restore(state)
    }
}

struct Bench {
    program: Program,
    operators: Vec<String>,
    input: Vec<u8>,
}

impl Bench {
    fn new(style: &str) -> Self {
        let root = env!("CARGO_MANIFEST_DIR");
        let elf = std::fs::read(format!("{root}/firmware/prebuilt/tflm-{style}.elf"));
        let program = Program::new(&elf.expect("the ELF"), &CVE2, None).expect("a program");
        let model = Model::parse(std::fs::read(MODEL).expect("the network")).expect("a network");
        let program = program.with_model(model.bytes(), model.input_len(), model.output_len());
        let operators = model.operators.iter().map(|op| op.name.clone()).collect();
        let input = Images::builtin().expect("images").input(3);
        Self { program: program.expect("it fits"), operators, input }
    }

    fn run(&self, spec: &ScopeSpec) -> (Run, Vec<Layer>, [u64; 4]) {
        let program = self.program.clone().with_scope(spec, &self.operators).expect("a scope");
        let unit = Counting { exact: Exact::new(Latency::SINGLE_CYCLE), by_op: [0; 4] };
        let mut runner = Runner::new(&program, unit);
        let (run, layers) = runner.profile(&self.input, BUDGET);
        assert_eq!(run.stop, Stop::Exit(0));
        let by_op = runner.unit_mut().by_op;
        assert_eq!(by_op.iter().sum::<u64>(), run.counts.muls - run.counts.outside);
        // Without layers to be followed the run is not cut into pieces, and is the same.
        assert_eq!(runner.run(&self.input, BUDGET), run);
        (run, layers, by_op)
    }
}

fn only(change: impl FnOnce(&mut ScopeSpec)) -> ScopeSpec {
    let mut spec = ScopeSpec::default();
    change(&mut spec);
    spec
}

#[test]
fn a_scope_changes_nothing_of_a_sound_run_but_who_multiplies() {
    let bench = Bench::new("optimised");
    let (all, layers, by_op) = bench.run(&ScopeSpec::default());
    assert_eq!(all.counts.outside, 0);
    let same = |spec: &ScopeSpec| {
        let (run, scoped_layers, by_op) = bench.run(spec);
        let counts = Counts { outside: 0, ..run.counts };
        assert_eq!(Run { counts, ..run }, all, "{}", spec.describe());
        assert_eq!(scoped_layers, layers, "{}", spec.describe());
        by_op
    };
    for (op, count) in MulOp::ALL.into_iter().zip(by_op) {
        let mut expected = [0; 4];
        expected[op.index()] = count;
        assert_eq!(same(&only(|s| s.ops = vec![op.name().to_lowercase()])), expected);
    }
    // Each layer has the multiplications that the profile of the whole run gives it.
    for (layer, profile) in layers.iter().skip(1).enumerate() {
        let in_scope = same(&only(|s| s.layers = vec![layer as u32]));
        assert_eq!(in_scope.iter().sum::<u64>(), profile.muls, "layer {layer}");
    }
    // Everything in and behind the layers, but not all of the set-up.
    let behind: u64 = same(&only(|s| s.from = Some("interpreter_run".into()))).iter().sum();
    let in_layers: u64 = layers[1..].iter().map(|layer| layer.muls).sum();
    assert!(in_layers <= behind && behind < all.counts.muls, "{in_layers} {behind}");
    // Half of the memory and the other half are all of it.
    let half = |range: &str| same(&only(|s| s.addresses = vec![range.into()]));
    let (low, high) = (half("0x80000000-0x80004fff"), half("0x80005000-0xffffffff"));
    assert_eq!([0, 1, 2, 3].map(|i| low[i] + high[i]), by_op);
    let functions = same(&only(|s| s.functions = vec!["*".into()]));
    assert_eq!(functions, by_op, "every multiplication is in a function");
}

#[test]
fn the_declared_multiply_accumulates_of_convolutions_are_as_many_as_the_network_has() {
    // 12 x 12 outputs of 6 channels from 5 x 5 taps of 1 channel, none in a padding: 21,600. 6 x 6 outputs of 20 from 3 x 3 taps
    // of 6, with a padding of one: along a side 2 + 4 * 3 + 2 = 16 of 18 taps lie inside, so 16 * 16 * 6 * 20 = 30,720 of 38,880.
    // The reference loops leave the padding out; the optimised ones multiply the zero point that they copied there.
    for (style, macs) in [("reference", 21_600 + 30_720), ("optimised", 21_600 + 38_880)] {
        let bench = Bench::new(style);
        let (_, layers, by_op) = bench.run(&only(|s| s.name = Named::Mac));
        assert_eq!(by_op, [macs, 0, 0, 0], "{style}");
        let (_, _, conv) = bench.run(&only(|s| s.name = Named::Conv));
        assert_eq!(conv.iter().sum::<u64>(), layers[1].muls + layers[3].muls, "{style}");
        // Requantisation takes the high half of a product for each output: 864 and 720 of them.
        assert!(conv[MulOp::MULH.index()] >= 864 + 720, "{style}: {conv:?}");
    }
}

#[test]
fn out_of_scope_nothing_goes_wrong() {
    // The fault makes nearly every product wrong. What it does in the first layer alone, it does not do in set-up and exit.
    let folder = folder();
    let run = |name: &str, words: &[&str]| {
        let out = folder.path().join(name);
        on_model(8, 2, &out).words(words).succeeds();
        results(&out)
    };
    let everywhere = run("everywhere", &[]);
    let mac = run("mac", &["--scope", "mac"]);
    let noticed = |rows: &[serde_json::Value]| {
        rows.iter()
            .filter(|r| ["bad-exit", "trap", "hang"].contains(&r["outcome"].as_str().unwrap_or("")))
            .count()
    };
    assert!(noticed(&everywhere) > 0, "some fault stops the set-up");
    assert_eq!(noticed(&mac), 0, "sums of wrong products stop nothing");
    for row in &mac {
        let first = &row["first"];
        assert!(first.is_null() || [0, 2].map(Some).contains(&first["layer"].as_u64()), "{row}");
        assert!(row["wrong"].as_u64() <= Some(60_480), "{row}");
    }
}

#[test]
fn a_network_without_classes_is_compared_by_its_numbers() {
    let folder = folder();
    let out = folder.path().join("run");
    on_model(10, 2, &out).words(["--numbers", "--from", "interpreter_run"]).succeeds();
    let rows = results(&out);
    let silent: Vec<_> = rows.iter().filter(|r| r["outcome"] == "sdc").collect();
    assert!(!silent.is_empty(), "some fault changes the output");
    for row in silent {
        assert!(row["top1"].is_null() && row["golden_top1"].is_null(), "{row}");
        assert!(row["largest_change"].as_f64() > Some(0.0), "{row}");
        assert!(row["rms_change"].as_f64() <= row["largest_change"].as_f64(), "{row}");
    }
    stuckat(["report"]).words([&out]).succeeds();
}
