//! Reads a run directory and says what it shows.
//!
//! In: the files of a run directory ([`crate::campaign::store`]). Out: a [`Summary`], as JSON or as tables ([`table`]).

pub mod summary;
pub mod table;

pub use summary::{Summary, summarise};
