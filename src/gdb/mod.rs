//! A server for gdb: the machine as a debug probe shows a board, and back in time besides.
//!
//! In: a loaded board, a multiplier, and the packets of gdb's remote serial protocol. Out: replies, what the program prints, and how it ended.
//!
//! | file | what it does |
//! |---|---|
//! | [`unit`](Switch) | a multiplier whose fault can be switched while the program runs |
//! | `hart.rs` | the machine, traced or not |
//! | `history.rs` | checkpoints and changes by the user: all that is needed to come to any earlier instruction again |
//! | `debuggee.rs`, `forwards.rs`, `backwards.rs` | what a debugger does to a program: continue, step, change, go back |
//! | `arch.rs` | registers, target description, memory map, as gdb wants them |
//! | `target.rs`, `monitor.rs` | gdb's packets and `monitor` commands -> the debuggee |
//! | `link.rs`, `server.rs` | sockets; one gdb at a time |
//!
//! Debugging alters nothing: the run has the same instructions, cycles and output as without gdb, until the user changes something.

mod arch;
mod backwards;
mod debuggee;
mod forwards;
mod hart;
mod history;
mod link;
mod monitor;
mod server;
mod target;
mod unit;

pub use debuggee::{Debuggee, Event, WatchKind, Wrong};
pub use history::Position;
pub use link::{Listen, ListenError, Listener, NoPlace};
pub use monitor::Choice;
pub use server::{Ended, Outlet, serve};
pub use target::Stub;
pub use unit::Switch;
