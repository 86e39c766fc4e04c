//! What can be known of a fault before any of its runs, and which faults are the same as far as the golden runs can tell.
//!
//! In: a fault and the distinct operations of the golden runs. Out: a [`Screened`] fault, with a key that two faults share only if they
//! answer all these operations alike.

use crate::netlist::fast_unit::{FastUnit, Judgement};
use crate::netlist::sequence::Sequences;
use crate::netlist::table::Tables;
use crate::netlist::{Circuit, FaultSet};
use crate::unit::Tuple;
use sha2::{Digest, Sha256};

/// What is known of a fault before its runs.
#[derive(Clone, Debug, Default)]
pub struct Screened {
    /// Why it may carry something from one operation to the next.
    pub carries_state: Option<String>,
    /// What the fault does to the golden operations; `None` if they have no answers of their own.
    pub judgement: Option<Judgement>,
    /// What it shares with faults of the same answers; `None` if it carries state.
    pub key: Option<Key>,
}

/// The unit of a fault that makes it a function of its operands; else why there is none.
pub fn unit(
    circuit: &Circuit,
    tables: &mut [Tables],
    faults: &FaultSet,
) -> Result<FastUnit, String> {
    let sequences = Sequences::new(circuit, faults.faults()).map_err(|why| why.to_string())?;
    Ok(FastUnit::new(circuit, sequences).with_tables(tables, faults.faults()))
}

/// Equal for two faults only if their units have the same answers to all golden operations, in value and in latency, the same product
/// tables, and the same next state (SHA-256 of all that).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Screened {
    /// Screens a unit, if the fault has one.
    pub fn new(unit: &mut Result<FastUnit, String>, golden: &[Tuple]) -> Self {
        let unit = match unit {
            Err(why) => return Self { carries_state: Some(why.clone()), ..Self::default() },
            Ok(unit) => unit,
        };
        let mut hash = Sha256::new();
        unit.fingerprint(|bytes| hash.update(bytes));
        // What is in tables is in the fingerprint.
        let judgement = unit.judge(golden, |value| {
            hash.update(value.map_or([0; 5], |v| {
                let [a, b, c, d] = v.to_le_bytes();
                [1, a, b, c, d]
            }));
        });
        let key = Some(Key(hash.finalize().into()));
        Self { carries_state: None, judgement: Some(judgement), key }
    }
}
