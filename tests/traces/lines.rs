//! Lines of each format, against what the formats' own sources say.

use regex::Regex;
use std::sync::Arc;
use stuckat::cpu::profile::IBEX;
use stuckat::cpu::{Access, CsrWrite, Machine, Reset, Retired};
use stuckat::debug::DebugInfo;
use stuckat::elf::Image;
use stuckat::isa;
use stuckat::soc::Platform;
use stuckat::trace::{Format, Names};
use stuckat::unit::{Exact, Latency};

/// An instruction at 0x80000000 that retires in cycle 10 and does nothing else.
pub fn event(word: u32) -> Retired {
    let len = isa::parcel_len(word as u16);
    Retired {
        number: 1,
        pc: 0x8000_0000,
        word,
        len,
        op: isa::decode(word).map(|insn| insn.op),
        rs1: (0, 0),
        rs2: (0, 0),
        rd: (0, 0),
        csr: None,
        access: None,
        trapped: false,
        enters_handler: false,
        interrupted: false,
        next_pc: 0x8000_0000 + u32::from(len),
        mode: 3,
        cycles: 10,
    }
}

fn line(format: Format, event: &Retired) -> String {
    let mut out = Vec::new();
    format.lines(Names::default()).unwrap().line(event, &mut out);
    String::from_utf8(out).unwrap()
}

fn load(addr: u32, len: u8, data: u32) -> Option<Access> {
    Some(Access { addr, len, store: false, data })
}

fn store(addr: u32, len: u8, data: u32) -> Option<Access> {
    Some(Access { addr, len, store: true, data })
}

#[test]
fn lines_are_those_of_spikes_commit_log() {
    // Words encoded by hand from Volume I; forms from `commit_log_print_insn` of riscv/execute.cc.
    let cases = [
        // lw x5, 24(x5)
        (
            Retired {
                pc: 0x8000_100c,
                rs1: (5, 0x1000),
                rd: (5, 0x8000_0000),
                access: load(0x1018, 4, 0x8000_0000),
                ..event(0x0182_a283)
            },
            "core   0: 3 0x8000100c (0x0182a283) x5  0x80000000 mem 0x00001018\n",
        ),
        // c.li x10, 0 in U-mode
        (
            Retired { rd: (10, 0), mode: 0, ..event(0x4501) },
            "core   0: 0 0x80000000 (0x4501) x10 0x00000000\n",
        ),
        // sb x6, 9(x2)
        (
            Retired { access: store(0x10_0819, 1, 0xcc), ..event(0x0061_04a3) },
            "core   0: 3 0x80000000 (0x006104a3) mem 0x00100819 0xcc\n",
        ),
        // sh x13, 1(x2)
        (
            Retired { access: store(0x10_0811, 2, 0x5678), ..event(0x00d1_10a3) },
            "core   0: 3 0x80000000 (0x00d110a3) mem 0x00100811 0x5678\n",
        ),
        // csrrw x0, mtvec, x5
        (
            Retired {
                csr: Some(CsrWrite { number: 0x305, value: 0x8000_0101 }),
                ..event(0x3052_9073)
            },
            "core   0: 3 0x80000000 (0x30529073) c773_mtvec 0x80000101\n",
        ),
        // csrrw x6, mscratch, x5
        (
            Retired {
                rd: (6, 7),
                csr: Some(CsrWrite { number: 0x340, value: 8 }),
                ..event(0x3402_9373)
            },
            "core   0: 3 0x80000000 (0x34029373) x6  0x00000007 c832_mscratch 0x00000008\n",
        ),
        // beq x10, x1, +8
        (event(0x0015_0463), "core   0: 3 0x80000000 (0x00150463)\n"),
        // What traps is not committed.
        (Retired { trapped: true, ..event(0x0000_0073) }, ""),
    ];
    for (event, expected) in cases {
        assert_eq!(line(Format::Spike, &event), expected);
    }
}

/// What riscv-isac's parser of Spike's logs asks of a line, in an expression of our own: a digit (the mode), the address, the bits in
/// brackets; behind them a register with a number of two characters, and its value.
#[test]
fn lines_in_spikes_format_have_the_grammar_that_parsers_ask_for() {
    let insn = Regex::new(r"\d\s(0x[0-9a-f]{8})\s\((0x(?:[0-9a-f]{4}|[0-9a-f]{8}))\)").unwrap();
    let commit = Regex::new(r"\)\s([xf])([\s\d][\s\d])\s(0x[0-9a-f]{8})").unwrap();
    let whole = Regex::new(
        r"^core   0: [03] 0x[0-9a-f]{8} \(0x(?:[0-9a-f]{4}){1,2}\)(?: x[0-9 ]{2} 0x[0-9a-f]{8})?(?: c\d+_\w+ 0x[0-9a-f]{8}){0,2}(?: mem 0x[0-9a-f]{8}(?: 0x(?:[0-9a-f]{2}){1,4})?)?\n$",
    )
    .unwrap();
    let mut lines = Format::Spike.lines(Names::default()).unwrap();
    let (mut text, mut seen) = (Vec::new(), 0);
    watch(20_000, |event| {
        text.clear();
        lines.line(event, &mut text);
        let line = std::str::from_utf8(&text).unwrap();
        if event.trapped {
            return assert_eq!(line, "");
        }
        seen += 1;
        assert!(whole.is_match(line), "{line:?}");
        let parts = insn.captures(line).unwrap();
        assert_eq!(parts[1], format!("{:#010x}", event.pc));
        assert_eq!(
            parts[2],
            format!("{:#0width$x}", event.word, width = 2 + 2 * event.len as usize)
        );
        let written = commit.captures(line).map(|c| c[2].trim().parse::<u8>().unwrap());
        assert_eq!(written, Some(event.rd.0).filter(|rd| *rd != 0));
    });
    assert!(seen > 10_000, "{seen}");
}

/// Runs the default network's firmware for so many instructions.
pub fn watch(budget: u64, mut see: impl FnMut(&Retired)) {
    let image = Image::parse(&std::fs::read(crate::cli::ELF).unwrap()).unwrap();
    let platform = Platform::guess(&image).unwrap();
    let reset = Reset { profile: &IBEX, entry: image.entry, vectors: platform.boot_address() };
    let board = platform.board(&image).unwrap();
    let unit = Exact::new(Latency::FAST);
    Machine::new(board, unit, |event: &Retired| see(event), reset).run(budget);
}

#[test]
fn lines_are_those_of_ibexs_tracer_where_the_logs_of_the_rtl_have_none() {
    // From rtl/ibex_tracer.sv: which registers a compressed instruction shows depends on its format.
    let (a0, a1) = ((10, 0x11), (11, 0x22));
    let head = "             28\t        10\t80000000\t";
    let cases = [
        // c.mv x10, x11 reads x0 too; c.add reads its rd.
        (
            Retired { rs2: a1, rd: a0, ..event(0x852e) },
            "    852e\tc.mv\tx10,x11\t  x0:0x00000000 x11:0x00000022 x10=0x00000011",
        ),
        // c.li x10, 1 shows the result alone, and so does c.addi4spn.
        (Retired { rd: a0, ..event(0x4505) }, "    4505\tc.li\tx10,1\t x10=0x00000011"),
        (
            Retired { rs1: (2, 1), rd: (8, 0x11), ..event(0x0800) },
            "    0800\tc.addi4spn\tx8,x2,16\t  x8=0x00000011",
        ),
        // c.jr x1 and c.jalr x10.
        (Retired { rs1: (1, 0x40), ..event(0x8082) }, "    8082\tc.jr\tx1\t  x1:0x00000040"),
        (
            Retired { rs1: a0, rd: (1, 2), ..event(0x9502) },
            "    9502\tc.jalr\tx10\t x10:0x00000011  x1=0x00000002",
        ),
        // c.lwsp x1, 12(x2), c.swsp x1, 12(x2).
        (
            Retired { rs1: (2, 0x100), rd: (1, 5), access: load(0x10c, 4, 5), ..event(0x40b2) },
            "    40b2\tc.lwsp\tx1,12(x2)\t  x2:0x00000100  x1=0x00000005 PA:0x0000010c load:0x00000005",
        ),
        (
            Retired { rs1: (2, 0x100), rs2: (1, 5), access: store(0x10c, 4, 5), ..event(0xc606) },
            "    c606\tc.swsp\tx1,12(x2)\t  x2:0x00000100  x1:0x00000005 PA:0x0000010c store:0x00000005",
        ),
        // lb x5, 0(x6): the loaded byte is shown as it is extended.
        (
            Retired {
                rs1: (6, 0x100),
                rd: (5, 0xffff_ff80),
                access: load(0x100, 1, 0x80),
                ..event(0x0003_0283)
            },
            "00030283\tlb\tx5,0(x6)\t  x6:0x00000100  x5=0xffffff80 PA:0x00000100 load:0xffffff80",
        ),
        // csrrci x10, mstatus, 5 reads no register.
        (
            Retired { rd: a0, ..event(0x3002_f573) },
            "3002f573\tcsrrci\tx10,mstatus,5\t x10=0x00000011",
        ),
        // The first of an interrupt's handler; that of an exception's has no mark.
        (
            Retired { enters_handler: true, interrupted: true, ..event(0x3020_0073) },
            "30200073\t==>mret\t",
        ),
        (Retired { enters_handler: true, ..event(0x3020_0073) }, "30200073\tmret\t"),
        // A word that is no instruction.
        (Retired { trapped: true, ..event(0xffff_ffff) }, "ffffffff\t-->INVALID\t"),
    ];
    for (event, expected) in cases {
        assert_eq!(line(Format::Ibex, &event), format!("{head}{expected}\n"));
    }
}

#[test]
fn every_json_line_holds_the_event() {
    let mut lines = Format::Json.lines(Names::default()).unwrap();
    let mut text = Vec::new();
    let hex = |value: &serde_json::Value| {
        u32::from_str_radix(value.as_str().unwrap().strip_prefix("0x").unwrap(), 16).unwrap()
    };
    watch(20_000, |event| {
        text.clear();
        lines.line(event, &mut text);
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (json["n"].as_u64(), json["cycle"].as_u64()),
            (Some(event.number), Some(event.cycles))
        );
        assert_eq!(
            (hex(&json["pc"]), hex(&json["insn"]), hex(&json["next"])),
            (event.pc, event.word, event.next_pc)
        );
        assert_eq!(json["mode"], event.mode);
        assert_eq!(json["trap"].as_bool().unwrap_or(false), event.trapped);
        for (name, register) in [("rs1", event.rs1), ("rs2", event.rs2), ("rd", event.rd)] {
            let shown = json.get(name).map(|r| (r["x"].as_u64().unwrap() as u8, hex(&r["value"])));
            assert_eq!(shown, Some(register).filter(|(number, _)| *number != 0), "{json}");
        }
        let shown = json.get("csr").map(|c| (hex(&c["number"]), hex(&c["value"])));
        assert_eq!(shown, event.csr.map(|c| (c.number.into(), c.value)));
        let (name, other) = match event.access {
            Some(access) if access.store => ("store", "load"),
            _ => ("load", "store"),
        };
        let shown = json
            .get(name)
            .map(|a| (hex(&a["addr"]), a["bytes"].as_u64().unwrap(), hex(&a["data"])));
        assert_eq!(shown, event.access.map(|a| (a.addr, a.len.into(), a.data)));
        assert!(json.get(other).is_none());
    });
}

#[test]
fn symbols_stand_behind_the_lines_and_change_nothing_else() {
    let elf = std::fs::read(crate::cli::ELF).unwrap();
    let info = Arc::new(DebugInfo::new(&elf));
    for format in [Format::Ibex, Format::Spike, Format::Json, Format::Rvfi] {
        let mut plain = format.lines(Names::default()).unwrap();
        let mut named = format.lines(Names::new(info.clone())).unwrap();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        watch(5_000, |event| {
            (a.clear(), b.clear());
            plain.line(event, &mut a);
            named.line(event, &mut b);
            let (a, b) = (std::str::from_utf8(&a).unwrap(), std::str::from_utf8(&b).unwrap());
            let a = a.trim_end_matches(['\n', '}']);
            let rest = b.strip_prefix(a).unwrap_or_else(|| panic!("{a:?} {b:?}"));
            let function = info.function(event.pc).unwrap();
            assert!(rest.contains(function), "{rest:?} {function}");
            if let Some(location) = info.location(event.pc) {
                assert!(rest.contains(&location.file) && rest.contains(&location.line.to_string()));
            }
        });
    }
}
