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
#[derive(Debug)]
pub struct Screened {
    /// The unit of a fault that makes it a function of its operands, with what is known of the golden operations; or why there is none.
    pub unit: Result<FastUnit, String>,
    /// What the fault does to the golden operations; `None` if they have no answers of their own.
    pub judgement: Option<Judgement>,
    /// What it shares with faults of the same answers; `None` if it carries state.
    pub key: Option<Key>,
}

/// Equal for two faults only if their units have the same answers to all golden operations, in value and in latency, the same product
/// tables, and the same next state (SHA-256 of all that).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Screened {
    /// Proves whether the fault carries state, and screens it if not.
    pub fn new(
        circuit: &Circuit,
        tables: &mut [Tables],
        faults: &FaultSet,
        golden: &[Tuple],
    ) -> Self {
        let sequences = match Sequences::new(circuit, faults.faults()) {
            Err(why) => return Self { unit: Err(why.to_string()), judgement: None, key: None },
            Ok(sequences) => sequences,
        };
        let unit = FastUnit::new(circuit, sequences);
        let mut unit = unit.with_tables(tables, faults.faults());
        let mut hash = Sha256::new();
        unit.fingerprint(|bytes| hash.update(bytes));
        let judgement = unit.learn(golden, |value| {
            hash.update(value.map_or([0; 5], |v| {
                let [a, b, c, d] = v.to_le_bytes();
                [1, a, b, c, d]
            }));
        });
        let key = Some(Key(hash.finalize().into()));
        Self { unit: Ok(unit), judgement: Some(judgement), key }
    }
}
