//! Instruction traces: what lines look like, that a binary trace is the same as text, and that damaged ones do no harm.

#[path = "common/cli.rs"]
mod cli;
mod common;

#[path = "traces/command_line.rs"]
mod command_line;
#[path = "traces/damaged.rs"]
mod damaged;
#[path = "traces/lines.rs"]
mod lines;
#[path = "traces/profiles.rs"]
mod profiles;
