//! Bad input of every kind gives one line that names the file and the cause, a documented exit code, and no panic.

#[path = "common/cli.rs"]
mod cli;
#[path = "common/mutate.rs"]
mod mutate;

#[path = "bad_input/binding.rs"]
mod binding;
#[path = "bad_input/disk.rs"]
mod disk;
#[path = "bad_input/elf.rs"]
mod elf;
#[path = "bad_input/fault.rs"]
mod fault;
#[path = "bad_input/images.rs"]
mod images;
#[path = "bad_input/liberty.rs"]
mod liberty;
#[path = "bad_input/mutation.rs"]
mod mutation;
#[path = "bad_input/netlist.rs"]
mod netlist;
#[path = "bad_input/place.rs"]
mod place;
#[path = "bad_input/platform.rs"]
mod platform;
#[path = "bad_input/tiny_elf.rs"]
mod tiny_elf;
