//! A run directory's scenarios as tables that other programs read: CSV, JSON lines, SQLite.
//!
//! In: a run directory. Out: a [`Row`] a scenario, sorted by fault and image, in which everything that is known of it is joined: the scenario's own
//! record, its fault's, and its golden run's. One row is in memory at a time.

mod row;
mod sorted;
mod sqlite;

pub use row::{COLUMNS, Column, Kind, Row, Value};
pub use sqlite::{SqliteError, write_sqlite};

use crate::campaign::plan::Plan;
use crate::campaign::record::{FaultRecord, GoldenRecord, Record};
use crate::campaign::session::{Session, Shard};
use crate::campaign::store::{StoreError, read_faults, read_lines, read_plan, read_shard};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Where the rows of a run directory come from.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// SHA-256 of the plan; every row has it too.
    pub plan_sha256: String,
    /// Which part of the plan.
    pub shard: String,
    /// Scenarios that have ended.
    pub scenarios: usize,
    /// The plan, without its lists of faults and images, which the rows have.
    pub plan: Plan,
    /// Every process that worked on it.
    pub sessions: Vec<Session>,
}

/// A run directory, to be read row by row.
#[derive(Debug)]
pub struct Source {
    dir: PathBuf,
    plan: Plan,
    plan_sha256: String,
    shard: Shard,
    sessions: Vec<Session>,
    /// By their place in the plan.
    faults: Vec<Option<FaultRecord>>,
    /// In the order of the plan's images.
    golden: Vec<GoldenRecord>,
    order: sorted::Order,
}

/// Why an export stops.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The run directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file that is written.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// The database that is written.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
}

impl Source {
    /// Opens a run directory, and finds the order of its rows.
    ///
    /// # Errors
    /// [`StoreError`] if it is none or is damaged.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let plan = read_plan(dir)?;
        let mut faults = vec![None; plan.faults.len()];
        read_faults(dir, &plan, |fault| {
            let place = fault.fault;
            faults[place] = Some(fault);
        })?;
        let golden: Vec<GoldenRecord> = read_lines(&dir.join("golden.jsonl"))?;
        Ok(Self {
            order: sorted::Order::of(dir, &plan)?,
            plan_sha256: plan.hash(),
            shard: read_shard(dir)?,
            sessions: read_lines(&dir.join("sessions.jsonl"))?,
            dir: dir.to_owned(),
            plan,
            faults,
            golden,
        })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// Where they come from.
    pub fn provenance(&self) -> Provenance {
        Provenance {
            plan_sha256: self.plan_sha256.clone(),
            shard: self.shard.to_string(),
            scenarios: self.rows(),
            plan: Plan { faults: Vec::new(), images: Vec::new(), ..self.plan.clone() },
            sessions: self.sessions.clone(),
        }
    }

    /// Hands all rows to `each`, sorted by fault and image.
    ///
    /// # Errors
    /// [`ExportError`] if they cannot be read, or what `each` returns.
    pub fn each(
        &self,
        mut each: impl FnMut(&Row) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        self.order.each(&self.dir, |record: Record| {
            let fault = self.faults[record.fault].as_ref();
            let golden = self.plan.images.binary_search(&record.image).ok();
            let golden = golden.and_then(|i| self.golden.get(i));
            each(&Row::new(&self.plan_sha256, &record, fault, golden))
        })
    }

    /// Writes rows as CSV (RFC 4180, a header line, absent values empty).
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        let mut csv = csv::Writer::from_writer(out);
        let failed = |e: csv::Error| ExportError::Write(io::Error::other(e));
        csv.write_record(COLUMNS.iter().map(|column| column.name)).map_err(failed)?;
        self.each(|row| csv.write_record(row.values().iter().map(Value::text)).map_err(failed))?;
        csv.flush()?;
        Ok(())
    }

    /// Writes rows as JSON, a line each, absent values null.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn write_jsonl(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        self.each(|row| {
            let names = COLUMNS.iter().map(|column| column.name.to_owned());
            let fields: serde_json::Map<_, _> =
                names.zip(row.values().iter().map(Value::json)).collect();
            serde_json::to_writer(&mut *out, &fields).map_err(io::Error::other)?;
            Ok(out.write_all(b"\n")?)
        })
    }
}
