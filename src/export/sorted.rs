//! The rows of a run directory sorted by scenario, without holding them.
//!
//! Results are appended in the order in which they come. One pass checks them all and notes where each begins; a second reads them in order.

use super::ExportError;
use crate::campaign::plan::Plan;
use crate::campaign::record::Record;
use crate::campaign::store::{StoreError, read_results};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

const FILE: &str = "results.jsonl";

/// Where each row is: fault, image, first byte, bytes.
#[derive(Debug)]
pub(super) struct Order(Vec<(u32, u32, u64, u32)>);

impl Order {
    pub fn of(dir: &Path, plan: &Plan) -> Result<Self, StoreError> {
        let mut rows = Vec::new();
        read_results(dir, plan, |record| {
            rows.push((record.fault as u32, record.image as u32, 0, 0));
        })?;
        let path = dir.join(FILE);
        if !rows.is_empty() {
            let unreadable =
                |cause| StoreError::Io { path: path.clone(), doing: "read", cause, hint: "" };
            let mut reader =
                BufReader::with_capacity(1 << 20, File::open(&path).map_err(unreadable)?);
            let (mut line, mut begin) = (Vec::new(), 0);
            for row in &mut rows {
                line.clear();
                reader.read_until(b'\n', &mut line).map_err(unreadable)?;
                (row.2, row.3) = (begin, line.len() as u32);
                begin += line.len() as u64;
            }
        }
        rows.sort_unstable();
        Ok(Self(rows))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn each(
        &self,
        dir: &Path,
        mut each: impl FnMut(Record) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let path = dir.join(FILE);
        let unreadable =
            |cause| StoreError::Io { path: path.clone(), doing: "read", cause, hint: "" };
        let mut file = BufReader::with_capacity(1 << 16, File::open(&path).map_err(unreadable)?);
        let (mut line, mut at) = (Vec::new(), 0_u64);
        for (_, _, begin, bytes) in &self.0 {
            // Rows of one fault mostly follow each other, so that most steps stay within the buffer.
            let step = *begin as i64 - at as i64;
            file.seek_relative(step).map_err(unreadable)?;
            line.resize(*bytes as usize, 0);
            file.read_exact(&mut line).map_err(unreadable)?;
            at = begin + u64::from(*bytes);
            let record = serde_json::from_slice(&line).map_err(|e| {
                unreadable(io::Error::other(format!("it has changed while it was read: {e}")))
            })?;
            each(record)?;
        }
        Ok(())
    }
}
