//! Platform files that are none, or contradict themselves or the program, and programs for no
//! platform.

use crate::cli::{BAD_INPUT, file, folder, stuckat};
use crate::tiny_elf::{EXIT_0, RAM, TinyElf};

/// A description, RAM and the device that ends a run; what is wrong comes behind it, in line 11.
const SOUND: &str = r#"description = "a test"

[[memory]]
base = 0x80000000
size = 0x1000

[[device]]
type = "finisher"
base = 0x00100000

"#;

/// Both commands that read a platform file refuse the text with one line that names the file and
/// contains all of `parts`.
#[track_caller]
fn text_is_refused(text: impl AsRef<[u8]>, parts: &[&str]) {
    let folder = folder();
    let elf = file(&folder, "sound.elf", TinyElf::default().bytes());
    let path = file(&folder, "board.toml", text);
    let parts: Vec<&str> = [&path[..]].iter().chain(parts).copied().collect();
    stuckat(["run", "--platform", &path, &elf]).is_refused(BAD_INPUT, &parts);
    stuckat(["platform", "show", &path]).is_refused(BAD_INPUT, &parts);
}

/// As [`text_is_refused`], with the sound text before it.
#[track_caller]
fn refused(more: &str, parts: &[&str]) {
    text_is_refused(SOUND.to_owned() + more, parts);
}

#[test]
fn the_sound_platform_is_sound_unless_a_test_breaks_it() {
    let folder = folder();
    let elf = file(&folder, "sound.elf", TinyElf::default().bytes());
    let path = file(&folder, "board.toml", SOUND);
    assert_eq!(stuckat(["run", "--platform", &path, &elf]).succeeds().stderr, "");
    assert_eq!(stuckat(["platform", "show", &path]).succeeds().stdout, SOUND);
}

#[test]
fn what_is_no_platform_description_is_refused_with_its_line() {
    let example = "platform show";
    text_is_refused("This is a text file.\n", &["line 1", example]);
    text_is_refused("", &["line 1", "description", example]);
    refused("[[memory\n", &["line 11", example]);
    refused("[htif]\n[htif]\n", &["line 12", "duplicate"]);
    text_is_refused(b"\xff\xfe\x00", &["UTF-8", "TOML"]);
    text_is_refused(vec![b'#'; (1 << 20) + 1], &["1 MiB"]);
    text_is_refused(&SOUND[SOUND.find("[[memory]]").unwrap()..], &["description"]);
    text_is_refused("description = \"nothing\"\n", &["line 1", "[[memory]]"]);
}

#[test]
fn a_key_that_nobody_reads_is_refused_with_its_line() {
    text_is_refused("colour = 1\n".to_owned() + SOUND, &["line 1", "`colour`", "boot-address"]);
    refused(
        "[[memory]]\nbase = 0\nsize = 0x1000\nreadonly = true",
        &["line 14", "`readonly`", "`read-only`"],
    );
    refused("[htif]\ntohots = 0x80000000\n", &["`tohots`", "`tohost`"]);
    let device = |kind: &str, line: &str, parts: &[&str]| {
        refused(&format!("[[device]]\nbase = 0\ntype = \"{kind}\"\n{line}\n"), parts);
    };
    device("exit", "shfit = 3", &["line 14", "`shfit`", "`shift`"]);
    // Types without settings, and types whose settings are a list of their own.
    for kind in ["uart-16550", "finisher", "console", "simulator-control", "ibex-timer"] {
        device(kind, "shift = 3", &["line 14", "`shift`", "remove it"]);
    }
    device("timer", "mtime = 0\nmtimecmp = 8\npresclae = 8", &["line 16", "`presclae`"]);
    device("registers", "size = 16\nname = \"spi\"\nshift = 0", &["`shift`"]);
}

#[test]
fn a_device_that_does_not_exist_or_lacks_something_is_refused_with_its_line() {
    refused("[[device]]\nbase = 0\ntype = \"usb\"\n", &["line 11", "`usb`", "`uart-16550`"]);
    refused("[[device]]\nbase = 0\n", &["line 11", "`type`"]);
    refused("[[device]]\ntype = \"console\"\n", &["line 11", "`base`"]);
    let timer = "[[device]]\nbase = 0\ntype = \"timer\"\n";
    refused(&format!("{timer}mtime = 0\n"), &["line 11", "`mtimecmp`"]);
    let registers = "[[device]]\nbase = 0\ntype = \"registers\"\n";
    refused(registers, &["line 11", "`name`"]);
    refused(&format!("{registers}name = \"spi\"\n"), &["line 11", "0x00000000", "size"]);
}

#[test]
fn a_setting_out_of_its_range_is_refused() {
    let device = |kind: &str, settings: &str, parts: &[&str]| {
        refused(&format!("[[device]]\nbase = 0\ntype = \"{kind}\"\n{settings}\n"), parts);
    };
    device("exit", "shift = 32", &["line 11", "32", "0 to 31"]);
    device("exit", "shift = -1", &["line 11", "-1"]);
    device("timer", "mtime = 0\nmtimecmp = 8\nprescale = 0", &["line 11", "prescale 0"]);
    for registers in [
        "mtime = 0\nmtimecmp = 4",
        "mtime = 0\nmtimecmp = 8\nmsip = 12",
        "mtime = 0\nmtimecmp = 8\nmsip = 16\nsize = 16",
        "mtime = 2\nmtimecmp = 12",
        "mtime = 0\nmtimecmp = 0xbff8\nsize = 0x4000",
    ] {
        device("timer", registers, &["line 11", "wrong registers", "mtimecmp", "apart"]);
    }
    device("timer", "mtime = 0\nmtimecmp = 0xfffffff8", &["line 11", "64 MiB"]);
}

#[test]
fn ranges_that_cannot_be_are_refused_with_their_line_and_address() {
    let memory = |base: &str, size: &str, parts: &[&str]| {
        refused(&format!("[[memory]]\nbase = {base}\nsize = {size}\n"), parts);
    };
    memory("0x20000000", "0", &["line 11", "0x20000000", "not 0"]);
    memory("0x20000010", "0x1000", &["line 11", "0x20000010", "multiples of 4096"]);
    memory("0x20000000", "0x1010", &["line 11", "0x1010", "multiples of 4096"]);
    memory("0xfffff000", "0x2000", &["line 11", "0xfffff000", "4 GiB"]);
    memory("-4096", "0x1000", &["line 12", "-4096"]);
    memory("0x100000000", "0x1000", &["line 12", "4294967296"]);
    memory("\"0x20000000\"", "0x1000", &["line 12", "u32"]);
    memory("0", "0x80000000", &["2 GiB", "smaller"]);
    let device = |base: &str, parts: &[&str]| {
        refused(&format!("[[device]]\ntype = \"console\"\nbase = {base}\n"), parts);
    };
    device("0x20000001", &["line 11", "0x20000001", "multiples of 4"]);
    device("0x20000000\nsize = 0", &["line 11", "0x20000000", "size"]);
    device("0x20000000\nsize = 0x10000000", &["line 11", "64 MiB"]);
}

#[test]
fn ranges_that_overlap_are_refused_and_both_are_named() {
    let first = ["0x80000000", "0x80000ffc", "overlaps", "move it"];
    refused("[[device]]\ntype = \"console\"\nbase = 0x80000ffc\n", &first);
    let memories = ["0x7ffff000", "0x80000000", "overlaps"];
    refused("[[memory]]\nbase = 0x7ffff000\nsize = 0x2000\n", &memories);
    let devices = ["0x00100000", "[[device]]", "overlaps"];
    refused("[[device]]\ntype = \"console\"\nbase = 0x00100000\n", &devices);
}

#[test]
fn an_htif_mailbox_outside_memory_is_refused() {
    for (name, addr) in [("tohost", 0x5000_0000_u32), ("fromhost", 0x8000_0ffc), ("tohost", 1)] {
        let parts = ["line 11", "[htif]", name, &format!("{addr:#010x}")];
        refused(&format!("[htif]\n{name} = {addr}\n"), &parts);
    }
}

#[test]
fn a_folder_or_nothing_in_place_of_a_platform_is_refused() {
    let folder = folder();
    let elf = file(&folder, "sound.elf", TinyElf::default().bytes());
    let itself = folder.path().display().to_string();
    let missing = folder.path().join("missing.toml").display().to_string();
    for (path, cause) in [(&*itself, "directory"), (&missing, "no such file"), ("", "built in")] {
        let parts = [path, cause, "simple-system"];
        stuckat(["run", "--platform", path, &elf]).is_refused(BAD_INPUT, &parts);
        stuckat(["platform", "show", path]).is_refused(BAD_INPUT, &parts);
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_in_place_of_a_platform_is_refused() {
    stuckat(["platform", "show", "/dev/zero"]).is_refused(BAD_INPUT, &["/dev/zero", "1 MiB"]);
}

#[test]
fn a_program_that_fits_no_memory_of_the_platform_is_refused() {
    let folder = folder();
    let path = file(&folder, "sound.elf", TinyElf::default().bytes());
    for platform in ["simple-system", "x-heep"] {
        let line = stuckat(["run", "--platform", platform, &path]);
        let parts = [&path, platform, "0x80000000..0x80000014", "link", "--platform"];
        line.is_refused(BAD_INPUT, &parts);
    }
    // One byte more than the platform's memory.
    let board = file(&folder, "board.toml", SOUND);
    let long = TinyElf { mem_len: 0x1001, ..TinyElf::default() };
    let long = file(&folder, "long.elf", long.bytes());
    let parts = [&*long, &*board, "0x80000000..0x80001001", "(0x80000000..0x80001000)"];
    stuckat(["run", "--platform", &board, &long]).is_refused(BAD_INPUT, &parts);
}

#[test]
fn a_program_for_no_built_in_platform_is_refused_unless_the_platform_is_named() {
    let folder = folder();
    for addr in [0x4000_0000, 0x2000_0000, 0x7fff_f000] {
        let elf = TinyElf { addr, entry: addr, ..TinyElf::default() };
        let path = file(&folder, "elsewhere.elf", elf.bytes());
        let parts = [&*path, &format!("{addr:#010x}"), "--platform", "simple-system", "TOML"];
        stuckat(["run", &path]).is_refused(BAD_INPUT, &parts);
        let text = SOUND.replace("0x80000000", &format!("{addr:#x}"));
        let board = file(&folder, "board.toml", text);
        stuckat(["run", "--platform", &board, &path]).succeeds();
    }
}

#[test]
fn a_program_without_tohost_is_refused_on_a_platform_that_needs_it() {
    let folder = folder();
    let path = file(&folder, "sound.elf", TinyElf::default().bytes());
    let line = stuckat(["run", "--platform", "htif", &path]);
    line.is_refused(BAD_INPUT, &[&path, "tohost", "--platform"]);
}

#[test]
fn memory_that_grows_ends_where_something_else_begins() {
    let folder = folder();
    let growing = SOUND.replace("size = 0x1000\n", "size = 0x1000\ngrows = true\n");
    let console = "[[device]]\ntype = \"console\"\nbase = 0x80100000\n";
    let board = file(&folder, "board.toml", growing + console);
    let run = |mem_len: u32| {
        // lui t0, 0x80100; li t1, '!'; sb t1, 0(t0); exit with 0
        let words = [0x8010_02b7, 0x0210_0313, 0x0062_8023].into_iter().chain(EXIT_0);
        let data = words.flat_map(u32::to_le_bytes).collect();
        let elf = TinyElf { data, mem_len, ..TinyElf::default() };
        let path = file(&folder, "program.elf", elf.bytes());
        stuckat(["run", "--platform", &board, &path])
    };
    for mem_len in [0x20, 0x1001, 0xff001, 0x0010_0000] {
        assert_eq!(run(mem_len).succeeds().stdout, "!", "{mem_len:#x} bytes at {RAM:#x}");
    }
    run(0x0010_0001).is_refused(BAD_INPUT, &["outside", "0x80100001"]);
}
