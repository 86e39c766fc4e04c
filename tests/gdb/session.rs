//! A session of gdb itself: what it prints is what is known from elsewhere.

use super::*;
use crate::cli::folder;
use crate::common::tool;
use crate::protocol::Server;
use std::process::Command;
use stuckat::cpu::Retired;

/// What gdb prints for these commands, in a session of a server; also how the server ends.
fn gdb(commands: &str, more: &[&str]) -> (String, (Option<i32>, String, String)) {
    let server = Server::start(more);
    let folder = folder();
    let script = format!(
        "set pagination off\nset confirm off\nset width 0\nset remotetimeout 20\n\
         target remote :{}\n{commands}",
        server.port
    );
    let file = cli::file(&folder, "script.gdb", script);
    let output = Command::new("gdb-multiarch")
        .args(["--batch", "-nx", "-x", &file, cli::ELF])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (text + &said, server.end())
}

/// The value after a mark that the script prints.
fn value<'t>(text: &'t str, mark: &str) -> &'t str {
    let line = text.lines().find_map(|line| line.strip_prefix(mark));
    line.unwrap_or_else(|| panic!("no {mark} in:\n{text}")).trim()
}

#[test]
fn a_session_in_a_convolution_goes_to_the_first_write_and_back() {
    if tool("gdb-multiarch").is_none() {
        return;
    }
    let firmware = Firmware::new();
    let output = firmware.symbol("conv0_output");
    let conv = firmware.symbol("conv_2d");
    // An observer of a plain run knows when the convolution begins, who writes its first output and when, and when it is over.
    let (mut number, mut begun, mut written, mut over) = (0_u64, None, None, None);
    let mut caller = 0;
    firmware.run(|event: &Retired| {
        number += 1;
        if event.pc == conv {
            begun.get_or_insert(number - 1);
        }
        if event.next_pc == conv && caller == 0 {
            caller = event.pc + u32::from(event.len);
        }
        if event.access.is_some_and(|access| access.store && access.addr == output) {
            written.get_or_insert((number - 1, event.pc, access_byte(event)));
        }
        if event.next_pc == caller && written.is_some() {
            over.get_or_insert(number);
        }
    });
    let (begun, over) = (begun.unwrap(), over.unwrap());
    let (writing, writer, byte) = written.unwrap();
    let commands = "\
break conv_2d
continue
printf \"begun %u %#x\\n\", $minstret, $pc
print/d p->output.c
watch *(unsigned char *)&conv0_output
continue
printf \"written %u %#x %d\\n\", $minstret, $pc, *(unsigned char *)&conv0_output
frame function conv_2d
finish
printf \"over %u %#x\\n\", $minstret, $pc
reverse-continue
printf \"back %u %#x %d\\n\", $minstret, $pc, *(unsigned char *)&conv0_output
reverse-stepi
printf \"earlier %u\\n\", $minstret
stepi
printf \"again %u\\n\", $minstret
monitor fault
monitor fault op_a_i[3]/SA1
monitor fault off
monitor stats
delete
detach
";
    let (text, (code, stdout, stderr)) = gdb(commands, &[]);
    assert_eq!(value(&text, "begun "), format!("{begun} {conv:#x}"), "{text}");
    // gdb tells of a write when it is made: one instruction later.
    let behind = writer + 4;
    assert_eq!(value(&text, "written "), format!("{} {behind:#x} {byte}", writing + 1), "{text}");
    assert_eq!(value(&text, "over "), format!("{over} {caller:#x}"), "{text}");
    assert_eq!(value(&text, "back "), format!("{writing} {writer:#x} 0"), "{text}");
    assert_eq!(value(&text, "earlier "), (writing - 1).to_string(), "{text}");
    assert_eq!(value(&text, "again "), writing.to_string(), "{text}");
    assert!(text.contains("the multiplier is sound"), "{text}");
    assert!(text.contains("the multiplier has the fault op_a_i[3]/SA1"), "{text}");
    assert!(text.contains(&format!("\n{writing} instructions, ")), "{text}");
    // After `detach` it runs to its end, as if nothing had been.
    let plain = cli::stuckat(["run", cli::ELF, "--stats"]).succeeds();
    assert_eq!((code, stdout, stderr), (Some(0), plain.stdout, plain.stderr));
}

/// The byte that an instruction has stored.
fn access_byte(event: &Retired) -> u32 {
    event.access.map_or(0, |access| access.data)
}

#[test]
fn loading_registers_and_signals_work_in_gdb() {
    if tool("gdb-multiarch").is_none() {
        return;
    }
    // `load` puts the program in again; an illegal instruction stops at its handler, and the program goes on to report it.
    let commands = "\
load
info mem
info registers csr
set $mscratch = 0x1234
printf \"mscratch %#x\\n\", $mscratch
printf \"pc %#x\\n\", $pc
stepi
next
x/2xw $pc
tbreak main
continue
monitor reset
printf \"reset %#x\\n\", $pc
break conv_2d
continue
set *(int *)$pc = 0
delete
continue
printf \"cause %u at %#x\\n\", $mcause, $mepc
continue
";
    let (text, (code, ..)) = gdb(commands, &[]);
    let firmware = Firmware::new();
    assert_eq!(value(&text, "mscratch "), "0x1234", "{text}");
    assert_eq!(value(&text, "pc "), "0x80000000", "{text}");
    assert_eq!(value(&text, "reset "), "0x80000000", "{text}");
    assert!(text.contains("Transfer rate"), "{text}");
    assert!(text.contains("0x80000000 0x80100000 rw"), "{text}");
    assert!(text.contains("mhpmcounter3h"), "{text}");
    assert!(text.contains("Program received signal SIGILL"), "{text}");
    // mcause 2 is an illegal instruction.
    let conv = firmware.symbol("conv_2d");
    assert_eq!(value(&text, "cause "), format!("2 at {conv:#x}"), "{text}");
    // The firmware's handler ends with 0x40 + mcause (`EXIT_EXCEPTION` in its start-up code).
    assert!(text.contains("exited with code 0102"), "{text}");
    assert_eq!(code, Some(0x42));
}
