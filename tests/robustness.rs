//! No guest program can panic, hang or grow the host, and what a program does depends on nothing
//! but itself: not on how it is executed, observed or cut into pieces, and not on what ran before.

#[path = "common/cli.rs"]
mod cli;
mod common;
#[path = "common/mutate.rs"]
mod mutate;

#[path = "robustness/bench.rs"]
mod bench;
#[path = "robustness/checkpoints.rs"]
mod checkpoints;
#[path = "robustness/code.rs"]
#[macro_use]
mod code;
#[path = "robustness/command_line.rs"]
mod command_line;
#[path = "robustness/differential.rs"]
mod differential;
#[path = "robustness/edges.rs"]
mod edges;
#[path = "robustness/host.rs"]
mod host;
#[path = "robustness/programs.rs"]
mod programs;
#[path = "robustness/self_modifying.rs"]
mod self_modifying;
#[path = "bad_input/tiny_elf.rs"]
#[allow(dead_code)] // Made for tests that need more of it.
mod tiny_elf;
