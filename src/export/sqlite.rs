//! A run directory as one SQLite file.
//!
//! Tables: `provenance` (key, value: what [`Provenance`](super::Provenance) holds, a row each, lists and objects as JSON),
//! `columns` (name, meaning), `scenarios` (the columns of [`COLUMNS`], primary key fault and image).

use super::{COLUMNS, ExportError, Kind, Source, Value};
use rusqlite::{Connection, params_from_iter};
use std::path::Path;
use thiserror::Error;

/// SQLite refuses.
#[derive(Debug, Error)]
#[error("the database cannot be written: {0}")]
pub struct SqliteError(#[from] rusqlite::Error);

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(SqliteError(error))
    }
}

/// Makes the database. What is at `path` must be an empty file, or nothing.
///
/// # Errors
/// [`ExportError`].
pub fn write_sqlite(source: &Source, path: &Path) -> Result<(), ExportError> {
    let mut connection = Connection::open(path)?;
    // Nobody else sees it before it is whole.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(&schema())?;
    {
        let mut insert = transaction.prepare("INSERT INTO provenance VALUES (?1, ?2)")?;
        let provenance =
            serde_json::to_value(source.provenance()).map_err(std::io::Error::other)?;
        for (key, value) in provenance.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            insert.execute([key.as_str(), text.as_str()])?;
        }
        let mut insert = transaction.prepare("INSERT INTO columns VALUES (?1, ?2)")?;
        for column in &COLUMNS {
            insert.execute([column.name, column.meaning])?;
        }
        let places = vec!["?"; COLUMNS.len()].join(", ");
        let mut insert =
            transaction.prepare(&format!("INSERT INTO scenarios VALUES ({places})"))?;
        source.each(|row| {
            insert.execute(params_from_iter(row.values().iter().map(sql)))?;
            Ok(())
        })?;
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn sql(value: &Value) -> rusqlite::types::Value {
    use rusqlite::types::Value as Sql;
    match value {
        Value::Absent => Sql::Null,
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Integer(n) => Sql::Integer(*n),
        Value::Real(x) => Sql::Real(*x),
        Value::Flag(flag) => Sql::Integer(i64::from(*flag)),
    }
}

fn schema() -> String {
    let column = |column: &super::row::Column| {
        let kind = match column.kind {
            Kind::Text => "TEXT",
            Kind::Integer | Kind::Flag => "INTEGER",
            Kind::Real => "REAL",
        };
        format!("\"{}\" {kind}", column.name)
    };
    let columns: Vec<String> = COLUMNS.iter().map(column).collect();
    format!(
        "CREATE TABLE provenance (key TEXT PRIMARY KEY, value TEXT);\n\
         CREATE TABLE columns (name TEXT PRIMARY KEY, meaning TEXT);\n\
         CREATE TABLE scenarios ({}, PRIMARY KEY (fault, image)) WITHOUT ROWID;",
        columns.join(", ")
    )
}
