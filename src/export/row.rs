//! The columns of an export: what each means, and its value for one scenario.

use crate::campaign::record::{FaultRecord, GoldenRecord, Record};
use crate::netlist::places::Place;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// An integer.
    Integer,
    /// A real number.
    Real,
    /// 0 or 1; in JSON false or true.
    Flag,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What that is, with its unit; and when it is absent.
    pub meaning: &'static str,
}

/// A value; what is absent is empty in CSV and null elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Absent.
    Absent,
    /// Text.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// No or yes.
    Flag(bool),
}

impl Value {
    /// As a field of CSV.
    pub fn text(&self) -> String {
        match self {
            Self::Absent => String::new(),
            Self::Text(text) => text.clone(),
            Self::Integer(n) => n.to_string(),
            Self::Real(x) => x.to_string(),
            Self::Flag(flag) => u8::from(*flag).to_string(),
        }
    }

    /// As JSON.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Absent => serde_json::Value::Null,
            Self::Text(text) => text.clone().into(),
            Self::Integer(n) => (*n).into(),
            Self::Real(x) => (*x).into(),
            Self::Flag(flag) => (*flag).into(),
        }
    }
}

trait IntoValue {
    fn value(self) -> Value;
}

impl IntoValue for &str {
    fn value(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl IntoValue for String {
    fn value(self) -> Value {
        Value::Text(self)
    }
}

impl IntoValue for bool {
    fn value(self) -> Value {
        Value::Flag(self)
    }
}

impl IntoValue for f64 {
    fn value(self) -> Value {
        Value::Real(self)
    }
}

macro_rules! integers {
    ($($kind:ty)*) => {$(
        impl IntoValue for $kind {
            fn value(self) -> Value {
                // Counts beyond 2^63 do not occur.
                Value::Integer(i64::try_from(self).unwrap_or(i64::MAX))
            }
        }
    )*};
}
integers!(u16 u32 u64 usize);

impl<T: IntoValue> IntoValue for Option<T> {
    fn value(self) -> Value {
        self.map_or(Value::Absent, T::value)
    }
}

const fn column(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, meaning }
}

/// All columns, in order.
pub const COLUMNS: [Column; 42] = [
    column("plan_sha256", Kind::Text, "SHA-256 of the plan that the scenario belongs to"),
    column("fault", Kind::Integer, "place of the fault in the plan, from 0"),
    column(
        "fault_name",
        Kind::Text,
        "the fault: NET/SA0, INSTANCE/PIN/SA1; several at once joined by +",
    ),
    column(
        "class",
        Kind::Text,
        "the first fault of the population that makes the same faulty circuit",
    ),
    column("weight", Kind::Integer, "how many faults of the population make that circuit"),
    column(
        "cell",
        Kind::Text,
        "instance of the cell at the site; absent for nets that come from outside",
    ),
    column("cell_type", Kind::Text, "name of its cell type"),
    column("pin", Kind::Text, "its pin"),
    column("net", Kind::Text, "the net"),
    column("polarity", Kind::Text, "SA0, SA1, or FLIP@n of a transient fault"),
    column(
        "level",
        Kind::Integer,
        "logic level of the net, 0 for inputs and outputs of flip-flops",
    ),
    column(
        "bit",
        Kind::Integer,
        "lowest bit of the result that the site can reach; absent if none",
    ),
    column(
        "activated",
        Kind::Flag,
        "whether the site has the other value in some golden operation; absent for transient faults",
    ),
    column(
        "golden_distinct",
        Kind::Integer,
        "distinct operations in scope of all golden runs of the plan",
    ),
    column(
        "golden_distinct_wrong",
        Kind::Integer,
        "those with a wrong product under the fault; absent if it carries state",
    ),
    column(
        "carries_state",
        Kind::Text,
        "why the fault is not proved to keep no state; absent if it is",
    ),
    column("image", Kind::Integer, "index of the image in the data set"),
    column("label", Kind::Integer, "its label; absent if it has none"),
    column(
        "golden_top1",
        Kind::Integer,
        "class that the golden run answers; absent if the network does not classify",
    ),
    column(
        "golden_label_in_top5",
        Kind::Flag,
        "whether the label is among the golden run's five best",
    ),
    column("top1", Kind::Integer, "class that this run answers; absent without an answer"),
    column("correct", Kind::Flag, "whether it is the label; absent without a label"),
    column("golden_in_top5", Kind::Flag, "whether the golden class is among this run's five best"),
    column("label_in_top5", Kind::Flag, "whether the label is"),
    column("tied", Kind::Flag, "whether several classes share the highest score"),
    column(
        "outcome",
        Kind::Text,
        "never-wrong, masked, sdc-benign, sdc-critical, sdc, bad-exit, trap or hang",
    ),
    column(
        "largest_change",
        Kind::Real,
        "largest change of a number of the output against golden, in the tensor's units",
    ),
    column("rms_change", Kind::Real, "root mean square of these changes"),
    column("output", Kind::Text, "the output's bytes in hexadecimal"),
    column("trap_cause", Kind::Integer, "code in mcause of the exception that made this a trap"),
    column("trap_pc", Kind::Integer, "its pc"),
    column("exit_code", Kind::Integer, "exit code, if the firmware ended by itself"),
    column("instructions", Kind::Integer, "retired instructions"),
    column("cycles", Kind::Integer, "clock cycles"),
    column("muls", Kind::Integer, "multiplications executed"),
    column(
        "muls_out_of_scope",
        Kind::Integer,
        "those that sound hardware did, since they are out of scope",
    ),
    column("muls_wrong", Kind::Integer, "those with a wrong product"),
    column(
        "first_insn",
        Kind::Integer,
        "number in the run, from 1, of the first multiplication that differed",
    ),
    column("first_pc", Kind::Integer, "its pc"),
    column(
        "first_place",
        Kind::Text,
        "FUNCTION, or FUNCTION@LAYER where the firmware marks its layers (0 is the first)",
    ),
    column("engine", Kind::Text, "how the result was established: screened, shared, memo or gates"),
    column("wall_us", Kind::Integer, "wall time in microseconds; 0 if it was not run"),
];

/// One scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Vec<Value>);

impl Row {
    /// Joins what is known.
    pub fn new(
        plan_sha256: &str,
        record: &Record,
        fault: Option<&FaultRecord>,
        golden: Option<&GoldenRecord>,
    ) -> Self {
        let places = fault.map_or(&[][..], |fault| &fault.places);
        let joined = |part: &dyn Fn(&Place) -> Option<String>| {
            let parts: Option<Vec<String>> = places.iter().map(part).collect();
            parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("+"))
        };
        let lowest =
            |number: &dyn Fn(&Place) -> Option<u32>| places.iter().filter_map(number).min();
        let first = record.first.as_ref();
        let place = first.map(|first| {
            let function = first.function.clone().unwrap_or_default();
            first.layer.map_or(function.clone(), |layer| format!("{function}@{layer}"))
        });
        Self(vec![
            plan_sha256.value(),
            record.fault.value(),
            record.name.as_str().value(),
            fault.map(|f| f.class.as_str()).value(),
            fault.map(|f| f.weight).value(),
            joined(&|p| p.cell.clone()).value(),
            joined(&|p| p.cell_type.clone()).value(),
            joined(&|p| p.pin.clone()).value(),
            joined(&|p| Some(p.net.clone())).value(),
            joined(&|p| Some(p.effect.clone())).value(),
            lowest(&|p| Some(p.level)).value(),
            lowest(&|p| p.bit).value(),
            fault.and_then(|f| f.activated).value(),
            fault.map(|f| f.distinct).value(),
            fault.and_then(|f| f.distinct_wrong).value(),
            fault.and_then(|f| f.carries_state.as_deref()).value(),
            record.image.value(),
            record.label.value(),
            record.golden_top1.value(),
            golden.and_then(|g| g.label_in_top5).value(),
            record.top1.value(),
            record.label.map(|_| record.correct()).value(),
            record.golden_in_top5.value(),
            record.label_in_top5.value(),
            record.tied.value(),
            record.outcome.name().value(),
            record.largest_change.value(),
            record.rms_change.value(),
            record.output.as_str().value(),
            record.trap_cause.value(),
            record.trap_pc.value(),
            record.exit_code.value(),
            record.retired.value(),
            record.cycles.value(),
            record.muls.value(),
            record.outside.value(),
            record.wrong.value(),
            first.map(|f| f.insn).value(),
            first.map(|f| f.pc).value(),
            place.value(),
            record.engine.name().value(),
            record.wall_us.value(),
        ])
    }

    /// Its values, in the order of [`COLUMNS`].
    pub fn values(&self) -> &[Value] {
        &self.0
    }
}
