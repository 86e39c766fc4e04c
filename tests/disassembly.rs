//! The disassembler against GNU binutils and Ibex's tracer: mnemonics and operands of the same
//! words at the same addresses.
//!
//! Where only one of the two knows a word, there must be a written reason, and their counts are
//! fixed: a new kind of difference fails.

mod common;

use common::Random;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use stuckat::debug::DebugInfo;
use stuckat::isa::text::{Style, text};
use stuckat::isa::{decode, parcel_len};

const ADDR2LINE: &str = "riscv64-unknown-elf-addr2line";
const OBJDUMP: &str = "riscv64-unknown-elf-objdump";
const AS: &str = "riscv64-unknown-elf-as";
const OBJCOPY: &str = "riscv64-unknown-elf-objcopy";
const BASE: u32 = 0x8000_0000;
const DRET: u32 = 0x7b20_0073;

/// The address of the word with this index: each has a slot of four bytes.
fn pc(index: usize) -> u32 {
    BASE + 4 * index as u32
}

/// Whether a tool of GNU binutils is here in the version that [`Style::Objdump`] follows; says that
/// the test is skipped if not. Where the environment has `STUCKAT_NO_SKIP`, as in CI, that fails.
fn binutils(name: &str) -> bool {
    let Some(name) = common::tool(name) else { return false };
    let version = run(Command::new(name).arg("--version"));
    let first = version.lines().next().unwrap_or_default();
    let fits = first.split(|c| "( -+)".contains(c)).any(|word| word == "2.40");
    assert!(fits || std::env::var_os("STUCKAT_NO_SKIP").is_none(), "not 2.40: {first}");
    if !fits {
        eprintln!("skipped: not version 2.40: {first}");
    }
    fits
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the tool starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).expect("the tool writes UTF-8")
}

/// What objdump prints for each word, or `None` where it does not know it. In its slot, a halfword
/// is followed by `c.nop`.
fn objdump(words: &[u32], style: Style) -> Vec<Option<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.bin");
    let slot = |word: &u32| if parcel_len(*word as u16) == 2 { 0x0001_0000 | word } else { *word };
    let bytes: Vec<u8> = words.iter().flat_map(|word| slot(word).to_le_bytes()).collect();
    std::fs::write(&path, bytes).unwrap();
    let options = if style == Style::Numeric { "no-aliases,numeric" } else { "no-aliases" };
    let listing = run(Command::new(OBJDUMP)
        .args(["-b", "binary", "-m", "riscv:rv32", "-M", options, "-D", "-z"])
        .arg(format!("--adjust-vma={BASE:#x}"))
        .arg(&path));
    let mut found = vec![None; words.len()];
    let mut slots = 0;
    for (address, word, text) in lines(&listing) {
        if address % 4 == 0 {
            let index = ((address - BASE) / 4) as usize;
            assert_eq!(word, words[index], "what stands at {address:08x}");
            found[index] = text;
            slots += 1;
        }
    }
    assert_eq!(slots, words.len(), "every slot is in objdump's listing");
    found
}

/// Address, word and text of each instruction in a listing; no text for what objdump does not know.
/// Its remarks are left out, and so is the symbol of a target, or the `0x` where there is none.
fn lines(listing: &str) -> impl Iterator<Item = (u32, u32, Option<String>)> {
    listing.lines().filter_map(|line| {
        let (address, rest) = line.trim_start().split_once(":\t")?;
        let address = u32::from_str_radix(address, 16).ok()?;
        let (word, text) = rest.split_once('\t').unwrap_or((rest, ""));
        let word = u32::from_str_radix(word.trim(), 16).ok()?;
        let text = text.split(" #").next().unwrap().split(" <").next().unwrap().trim_end();
        let (mnemonic, operands) = text.split_once('\t').unwrap_or((text, ""));
        if mnemonic.starts_with('.') {
            return Some((address, word, None));
        }
        let text = match mnemonic.trim_start_matches("c.") {
            "beq" | "bne" | "blt" | "bge" | "bltu" | "bgeu" | "beqz" | "bnez" | "jal" | "j" => {
                format!("{mnemonic}\t{}", operands.replace("0x", ""))
            }
            _ => text.to_owned(),
        };
        Some((address, word, Some(text)))
    })
}

/// Why objdump knows a word that the core refuses; `None` for no known reason.
fn refused_by_the_core(word: u32, theirs: &str) -> Option<&'static str> {
    let mnemonic = theirs.split('\t').next().unwrap();
    if parcel_len(word as u16) == 2 {
        return match (word & 3, word >> 13, mnemonic) {
            (0 | 2, 1 | 3 | 5 | 7, _) if mnemonic.starts_with("c.f") => Some("floating point"),
            (1, 4, "c.srli" | "c.srai" | "c.srli64" | "c.srai64")
            | (2, 0, "c.slli" | "c.slli64")
                if word >> 12 & 1 == 1 =>
            {
                Some("shift by 32 or more")
            }
            (1, 3, "c.addi16sp") if theirs.ends_with(",0") => Some("reserved: adds 0"),
            _ => None,
        };
    }
    match (word & 0x7f, mnemonic) {
        (0x07 | 0x27 | 0x43 | 0x47 | 0x4b | 0x4f | 0x53, _) => Some("floating point"),
        (0x2f, _) => Some("atomic"),
        (0x13, "slli" | "srli" | "srai") if word >> 25 & 1 == 1 => Some("shift by 32 or more"),
        (0x73, "sret" | "uret" | "hret" | "sfence.vm" | "sfence.vma") => {
            Some("other privilege modes")
        }
        _ => None,
    }
}

/// Why the core takes a word that objdump does not know; `None` for no known reason.
fn unknown_to_objdump(word: u32) -> Option<&'static str> {
    // The core ignores these fields, as the manual asks (Volume I, "Memory Ordering Instructions").
    match (word & 0x7f, word >> 12 & 7) {
        (0x0f, 0) if word & 0xf00f_8f80 != 0 => Some("reserved fields of fence"),
        (0x0f, 1) if word & 0xffff_8f80 != 0 => Some("reserved fields of fence.i"),
        _ => None,
    }
}

/// Compares all words in both of objdump's styles; fails on a difference without a reason. Returns
/// how many are the same, are refused by both, or differ for each reason.
fn compare(words: &[u32]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for style in [Style::Objdump, Style::Numeric] {
        counts.clear();
        let mut wrong = Vec::new();
        for ((index, word), theirs) in words.iter().enumerate().zip(objdump(words, style)) {
            let ours = text(*word, pc(index), style);
            let by_name = *word == 0 || *word == DRET;
            assert_eq!(ours.is_some(), by_name || decode(*word).is_some(), "word {word:08x}");
            let ours = ours.map(|text| text.to_string());
            let kind = match (&ours, &theirs) {
                (Some(ours), Some(theirs)) if ours == theirs => Some("the same"),
                (Some(_), Some(_)) => None,
                (None, None) => Some("refused by both"),
                (None, Some(theirs)) => refused_by_the_core(*word, theirs),
                (Some(_), None) => unknown_to_objdump(*word),
            };
            match kind {
                Some(kind) => *counts.entry(kind).or_default() += 1,
                None => wrong.push(format!("{word:08x}: ours {ours:?}, objdump's {theirs:?}")),
            }
        }
        let first = &wrong[..wrong.len().min(9)];
        assert!(wrong.is_empty(), "{} differ, the first: {first:#?}", wrong.len());
    }
    counts
}

#[test]
fn every_compressed_halfword_is_written_as_objdump_writes_it() {
    if !binutils(OBJDUMP) {
        return;
    }
    let halfwords: Vec<u32> = (0..=0xffff).filter(|half| half & 3 != 3).collect();
    assert_eq!(halfwords.len(), 49_152);
    let expected = [
        ("floating point", 16_384),
        ("refused by both", 2_407),
        ("reserved: adds 0", 1),
        ("shift by 32 or more", 1_536),
        ("the same", 28_824),
    ];
    assert_eq!(compare(&halfwords), expected.into());
}

#[test]
fn listed_words_are_written_as_objdump_writes_them() {
    if !binutils(OBJDUMP) {
        return;
    }
    let Some(path) = common::shared("facts/decode/rv32_illegal.csv.gz") else { return };
    let csv = common::gunzip(&path);
    let listed: Vec<u32> = csv
        .lines()
        .skip(1)
        .map(|line| u32::from_str_radix(line.split(',').next().unwrap(), 16).unwrap())
        .collect();
    assert_eq!(listed.len(), 76_680);
    // These begin an instruction of more than 32 bits, so objdump reads on.
    let (long, words): (Vec<u32>, Vec<u32>) =
        listed.into_iter().partition(|word| word & 0x1f == 0x1f);
    assert!(long.iter().all(|word| text(*word, 0, Style::Objdump).is_none()));
    assert_eq!(long.len(), 8_192);
    let expected = [
        ("atomic", 84),
        ("floating point", 5_326),
        ("other privilege modes", 38),
        ("refused by both", 44_730),
        ("reserved fields of fence", 2_555),
        ("reserved fields of fence.i", 2_598),
        ("shift by 32 or more", 6),
        ("the same", 13_151),
    ];
    assert_eq!(compare(&words), expected.into());
}

/// Legal 32-bit instructions with random fields: some of each operation.
fn random_words(count: usize) -> Vec<u32> {
    const OPCODES: [u32; 10] = [0x03, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6f, 0x73];
    const FUNCT7: [u32; 3] = [0x00, 0x01, 0x20];
    let mut random = Random(20_261_122);
    let mut words = Vec::with_capacity(count);
    while words.len() < count {
        let opcode = OPCODES[random.below(OPCODES.len())];
        let mut word = (random.next() >> 32) as u32 & !0x7f | opcode;
        if opcode == 0x33 || opcode == 0x13 && matches!(word >> 12 & 7, 1 | 5) {
            word = word & !0xfe00_0000 | FUNCT7[random.below(3)] << 25;
        }
        if decode(word).is_some() {
            words.push(word);
        }
    }
    words
}

#[test]
fn random_words_are_written_as_objdump_writes_them() {
    if !binutils(OBJDUMP) {
        return;
    }
    let mut words = random_words(400_000);
    let mut by_op: BTreeMap<String, usize> = BTreeMap::new();
    for word in &words {
        *by_op.entry(format!("{:?}", decode(*word).unwrap().op)).or_default() += 1;
    }
    // All operations but FENCE, FENCE.I, ECALL, EBREAK, MRET and WFI, which follow.
    assert_eq!(by_op.len(), 51);
    assert!(by_op.values().all(|count| *count >= 1_000), "{by_op:?}");
    words.extend([0x0000_0073, 0x0010_0073, 0x3020_0073, 0x1050_0073, 0x0000_100f]);
    // Every CSR with every kind of access to it (`csrrw zero,cycle,zero` is `unimp`).
    for csr in 0..0x1000 {
        words.extend([1, 2, 3, 5, 6, 7].map(|funct3| csr << 20 | funct3 << 12 | 0x73));
    }
    // Every FENCE with rd and rs1 0: objdump knows 256, and `fence.tso`.
    words.extend((0..0x1000).map(|fields| fields << 20 | 0x0f));
    let expected = [("reserved fields of fence", 3_839), ("the same", 424_838)];
    assert_eq!(compare(&words), expected.into());
}

#[test]
fn the_default_firmware_is_written_as_objdump_writes_it() {
    if !binutils(OBJDUMP) {
        return;
    }
    let elf = Path::new(env!("CARGO_MANIFEST_DIR")).join("firmware/prebuilt/mnist-cnn.elf");
    let listing = run(Command::new(OBJDUMP).args(["-d", "-M", "no-aliases"]).arg(elf));
    let mut instructions = 0;
    for (address, word, theirs) in lines(&listing) {
        let ours = text(word, address, Style::Objdump).map(|text| text.to_string());
        assert_eq!(ours, theirs, "{word:08x} at {address:08x}");
        instructions += 1;
    }
    assert!(instructions > 1_000, "{instructions} instructions");
}

#[test]
fn what_is_written_assembles_to_the_same_bytes() {
    if !(binutils(AS) && binutils(OBJCOPY)) {
        return;
    }
    let mut words = random_words(20_000);
    // A FENCE with an empty set cannot be assembled.
    words.extend((0..0x100).filter(|s| s & 0xf != 0 && s >> 4 != 0).map(|s| s << 20 | 0x0f));
    words.extend((0..=0xffff).filter(|half| half & 3 != 3 && decode(*half).is_some()));

    let mut source = String::from(".option norelax\n");
    let mut expected = Vec::new();
    for word in &words {
        let compressed = parcel_len(*word as u16) == 2;
        let text = text(*word, 0, Style::Objdump).unwrap();
        let mut line = text.to_string();
        if let Some(target) = text.target() {
            let operands = line.len() - format!("{target:x}").len();
            line.truncate(operands);
            line += &format!(".{:+}", target as i32);
        }
        let rvc = if compressed { "rvc" } else { "norvc" };
        source += &format!(".option {rvc}\n{line}\n");
        expected.extend_from_slice(&word.to_le_bytes()[..if compressed { 2 } else { 4 }]);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("words.s"), source).unwrap();
    run(Command::new(AS)
        .args(["-march=rv32imc_zicsr_zifencei", "-mabi=ilp32", "-o"])
        .args([path("words.o"), path("words.s")]));
    run(Command::new(OBJCOPY)
        .args(["-O", "binary", "-j", ".text"])
        .args([path("words.o"), path("words.bin")]));
    let assembled = std::fs::read(path("words.bin")).unwrap();
    assert_eq!(assembled.len(), expected.len());
    let differs = assembled.iter().zip(&expected).position(|(a, b)| a != b);
    assert_eq!(differs, None, "the first byte that differs");
}

#[test]
fn decoded_instructions_of_ibex_traces_are_written_as_its_tracer_writes_them() {
    let Some(folder) = common::shared("facts/rtl-traces") else { return };
    let mut instructions = 0;
    for name in ["micro", "ret"] {
        let log = std::fs::read_to_string(folder.join(format!("{name}.ibex-trace.log"))).unwrap();
        // Time, cycle, pc, instruction, mnemonic, operands if it has any, registers and memory.
        // A line without end was cut off with the simulation.
        for line in log.split_inclusive('\n').skip(1).filter(|line| line.ends_with('\n')) {
            let fields: Vec<_> = line.split('\t').collect();
            let [pc, word] = [2, 3].map(|i| u32::from_str_radix(fields[i].trim(), 16).unwrap());
            let theirs = fields[4..fields.len() - 1].join("\t");
            let ours = text(word, pc, Style::Ibex).expect("the tracer names it");
            let ours = match theirs.strip_prefix("-->") {
                Some(_) => format!("-->{}", ours.trapped()),
                None => ours.to_string(),
            };
            assert_eq!(ours, theirs, "{line}");
            instructions += 1;
        }
    }
    assert_eq!(instructions, 737);
}

/// The frames of each address as binutils' addr2line has them: function, then `file:line`, `??` where it knows none.
fn addr2line(elf: &Path, addresses: &[u32]) -> Vec<Vec<(String, String)>> {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("addresses");
    let text: String = addresses.iter().map(|a| format!("{a:#x}\n")).collect();
    std::fs::write(&list, text).unwrap();
    let listing = run(Command::new(ADDR2LINE)
        .args(["-a", "-f", "-i", "-e"])
        .arg(elf)
        .stdin(std::fs::File::open(&list).unwrap()));
    let mut frames: Vec<Vec<(String, String)>> = Vec::new();
    let mut lines = listing.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("0x") {
            frames.push(Vec::new());
        } else {
            let place = lines.next().unwrap().split(" (").next().unwrap().to_owned();
            frames.last_mut().unwrap().push((line.to_owned(), place));
        }
    }
    frames
}

#[test]
fn functions_and_source_lines_are_those_of_gnu_addr2line() {
    if !binutils(ADDR2LINE) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("firmware/prebuilt");
    let back = regex::Regex::new("[^/.][^/]*/[.][.]/").unwrap();
    for name in ["mnist-cnn.elf", "tflm-optimised.elf"] {
        let path = folder.join(name);
        let bytes = std::fs::read(&path).unwrap();
        let info = DebugInfo::new(&bytes);
        let functions = info.functions().all();
        let addresses: Vec<u32> =
            functions.iter().flat_map(|f| (f.addr..f.addr + f.len).step_by(2)).collect();
        assert!(addresses.len() > 100, "{name}");
        let (mut places, mut inlined, mut mistaken) = (0, 0, 0);
        for (pc, theirs) in addresses.iter().zip(addr2line(&path, &addresses)) {
            let ours = info.frames(*pc);
            let ours: Vec<_> = ours
                .into_iter()
                .map(|f| (f.function, f.location.map_or("??:?".to_owned(), |at| at.to_string())))
                .collect();
            let tidy = |place: &String| {
                let mut place = place.replace("/./", "/");
                while back.is_match(&place) {
                    place = back.replace(&place, "").into_owned();
                }
                place
            };
            let theirs: Vec<_> = theirs
                .iter()
                .map(|(function, place)| (function.clone(), tidy(place).replace("??:0", "??:?")))
                .collect();
            // Binutils 2.40 gives the first instruction of some inlined functions the file of the function around them, in which there is no such line.
            let impossible = |(_, place): &(String, String)| {
                let (file, line) = place.rsplit_once(':').unwrap();
                let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
                line.parse::<usize>().is_ok_and(|line| line > source.lines().count())
            };
            if ours != theirs && theirs.iter().any(impossible) {
                mistaken += 1;
                continue;
            }
            assert_eq!(ours, theirs, "{name}: {pc:#x}");
            places += usize::from(ours[0].1 != "??:?");
            inlined += usize::from(ours.len() > 1);
        }
        eprintln!("{name}: {} addresses, {places} with lines, {inlined} inlined", addresses.len());
        assert!(
            places * 2 > addresses.len() && mistaken * 500 < addresses.len(),
            "{name}: {mistaken}"
        );
    }
}
