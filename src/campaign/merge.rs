//! Shards of one campaign become the run directory that one process would have made.
//!
//! In: run directories. Out: a new one with each of their scenarios once. Everything is looked at before anything is written.

use super::record::{GoldenRecord, Record};
use super::session::{Session, Shard};
use super::store::{Claim, StoreError, read_faults, read_lines, read_plan, read_results};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// How many scenarios [`merge`] has put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// In all.
    pub scenarios: usize,
    /// That the plan has.
    pub planned: usize,
}

/// Puts shards of one plan into a new run directory. A scenario that several of them hold counts once, if they agree on it.
///
/// # Errors
/// [`StoreError`] if they are of different plans or golden runs, disagree on a scenario, are damaged, or if `out` cannot be written or
/// holds something already.
pub fn merge(out: &Path, dirs: &[PathBuf], session: &Session) -> Result<Merged, StoreError> {
    let Some((first, rest)) = dirs.split_first() else {
        return Ok(Merged { scenarios: 0, planned: 0 });
    };
    let plan = read_plan(first)?;
    let golden: Vec<GoldenRecord> = read_lines(&first.join("golden.jsonl"))?;
    for dir in rest {
        let not_one = |what: String| StoreError::NotOne { path: dir.clone(), what };
        if let Some(difference) = plan.difference(&read_plan(dir)?) {
            return Err(not_one(format!("{difference} differs from {}", first.display())));
        }
        if read_lines::<GoldenRecord>(&dir.join("golden.jsonl"))? != golden {
            return Err(not_one(format!("its golden runs differ from {}", first.display())));
        }
    }
    // All of it is looked at before anything is written: of each scenario a hash of its result, so that two can be compared.
    let images = plan.images.len();
    let mut seen: Vec<u64> = vec![0; plan.scenarios()];
    let place = |record: &Record| {
        let image = plan.images.binary_search(&record.image).unwrap_or(0);
        record.fault * images + image
    };
    let mut conflict = None;
    for dir in dirs {
        read_results(dir, &plan, |record| {
            let (at, hash) = (place(&record), digest(&record));
            if seen[at] != 0 && seen[at] != hash && conflict.is_none() {
                let what = format!(
                    "it has another result for fault {} and image {}",
                    record.name, record.image
                );
                conflict = Some(StoreError::NotOne { path: dir.clone(), what });
            }
            seen[at] = hash;
        })?;
    }
    if let Some(conflict) = conflict {
        return Err(conflict);
    }
    // Under another name until it is whole.
    if out.exists() {
        return Err(StoreError::Exists(out.to_owned()));
    }
    let partial = out.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(StoreError::io(&partial, "remove"))?;
    }
    let claim = Claim::new(&partial, &plan, Shard::default(), false)?;
    let (mut run, _) = claim.begin(&plan, &golden)?;
    run.append_session(session)?;
    let mut told = vec![false; plan.faults.len()];
    let mut done = vec![false; plan.scenarios()];
    for dir in dirs {
        let mut failure = Ok(());
        read_faults(dir, &plan, |fault| {
            if failure.is_ok() && !std::mem::replace(&mut told[fault.fault], true) {
                failure = run.append_fault(&fault);
            }
        })?;
        failure?;
        let mut failure = Ok(());
        read_results(dir, &plan, |record| {
            if failure.is_ok() && !std::mem::replace(&mut done[place(&record)], true) {
                failure = run.append_result(&record);
            }
        })?;
        failure?;
    }
    drop(run);
    fs::rename(&partial, out).map_err(StoreError::io(out, "make this folder"))?;
    let scenarios = done.iter().filter(|done| **done).count();
    Ok(Merged { scenarios, planned: plan.scenarios() })
}

/// A number other than 0 that two records share only if they have the same result, but for one chance in 2^64.
fn digest(record: &Record) -> u64 {
    let text = serde_json::to_vec(&record.result()).unwrap_or_default();
    let hash = Sha256::digest(&text);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(bytes).max(1)
}
