//! Reads a run directory and says what it shows.
//!
//! In: the files of a run directory ([`crate::campaign::store`]). [`run`] holds them in a compact form, [`summary`] computes
//! every number once, with [`estimates`] for intervals. Out: a [`Summary`] as JSON, as tables for a terminal ([`table`],
//! [`compare`]), as charts ([`figures`], drawn by [`svg`]), or as one HTML file ([`html`]).

pub mod by_fault;
pub mod compare;
pub mod estimates;
pub mod figures;
pub mod fired;
pub mod groups;
pub mod harmful;
pub mod html;
pub mod provenance;
pub mod run;
pub mod summary;
pub mod svg;
pub mod table;

pub use summary::{Summary, summarise};

/// A run with the name under which it is shown.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// What it shows.
    pub summary: Summary,
}
