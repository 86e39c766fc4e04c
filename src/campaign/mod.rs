//! Campaigns: which fault meets which image, what came of it, and keeping it.
//!
//! In: a program, a multiplier, labelled images, a [`Plan`](plan::Plan). Out: a run directory of [`Record`](record::Record)s.
//! [`images`] reads data, [`plan`] draws the sample, [`golden`] runs without a fault, [`lab`] runs the scenarios on all
//! cores, [`outcome`] classifies, [`store`] keeps, [`stats`] estimates.

pub mod golden;
pub mod images;
pub mod lab;
pub mod merge;
pub mod outcome;
pub mod plan;
pub mod record;
pub mod screen;
pub mod session;
pub mod stats;
pub mod store;
pub mod strata;
