//! Random programs: of random bytes, of random legal instructions, lively ones, which set up a
//! trap handler, timers and interrupts, and then do everything that a program can do in an
//! arbitrary order, and loops that walk through memory.

use crate::bench::{Place, Program};
use crate::code::*;
use crate::common::Random;
use stuckat::isa::{decode, parcel_len};
use stuckat::soc::Bus;

/// Offsets from the start of RAM.
const VECTORS: u32 = 0x400;
const HANDLER: u32 = 0x500;
const BODY: u32 = 0x800;
const DATA: u32 = 0x1800;
const TOHOST: u32 = 0x1f00;

/// Registers that the body hardly ever writes.
const LINES: u32 = 21;
const MTIME: u32 = 22;
const MSIP: u32 = 20;
const START: u32 = 19;
const MAILBOX: u32 = 18;
const INSNS: [u32; 2] = [16, 17];
const MTIMECMP: u32 = 26;
const DATA_REG: u32 = 27;
const CODE_REG: u32 = 28;
const DEVICE: u32 = 29;
const EDGE: u32 = 30;
const CHANCE: u32 = 31;
/// Registers that the handler uses.
const H1: u32 = 24;
const H2: u32 = 25;

fn word(random: &mut Random) -> u32 {
    (random.next() >> 16) as u32
}

fn one_of<T: Copy>(random: &mut Random, of: &[T]) -> T {
    of[random.below(of.len())]
}

/// Random bytes from the start of RAM on.
pub fn bytes(place: &Place, random: &mut Random) -> Program {
    let len = 2 + 2 * random.below(400);
    let bytes = (0..len).map(|_| random.next() as u8).collect();
    Program { addr: place.ram, bytes, entry: place.ram }
}

/// Random legal instructions; the first ones set the trap vector, so that exceptions do not end the
/// run.
pub fn legal(place: &Place, random: &mut Random) -> Program {
    let mut code = Code::at(place.ram);
    let handler = place.ram + 4 * (random.below(64) as u32);
    code.words(asm![li(T0, handler), csrw(0x305, T0)]);
    while code.bytes.len() < 0x500 {
        legal_insn(&mut code, random);
    }
    Program { addr: place.ram, bytes: code.bytes, entry: place.ram }
}

fn legal_insn(code: &mut Code, random: &mut Random) {
    loop {
        let word = word(random);
        match (decode(word), parcel_len(word as u16)) {
            (Some(_), 4) => return code.word(word),
            (Some(_), _) => return code.half(word as u16),
            _ => {}
        }
    }
}

/// A program that sets everything up, and whose handler goes on somewhere in its body.
pub fn lively(place: &Place, random: &mut Random) -> Program {
    framed(place, random, |code, random| {
        let len = 40 + random.below(0x700) as u32;
        while code.here() < place.ram + BODY + len {
            piece(code, random);
        }
    })
}

/// A program of loops that walk through memory, near its ends and into the code too.
pub fn looping(place: &Place, random: &mut Random) -> Program {
    framed(place, random, |code, random| {
        for _ in 0..2 + random.below(4) {
            walk(code, place, random);
        }
    })
}

/// Set-up, vectors and handler around a body that is done again and again.
fn framed(
    place: &Place,
    random: &mut Random,
    body: impl FnOnce(&mut Code, &mut Random),
) -> Program {
    let ram = place.ram;
    let mut code = Code::at(ram);
    set_up(&mut code, place, random);
    code.skip_to(ram + VECTORS);
    for id in 0..64 {
        code.word(jal(ZERO, (HANDLER - VECTORS) as i32 - 4 * id));
    }
    code.skip_to(ram + HANDLER);
    handler(&mut code, random);
    code.skip_to(ram + BODY);
    body(&mut code, random);
    code.word(jal(ZERO, (ram + BODY).wrapping_sub(code.here()) as i32));
    Program { addr: ram, bytes: code.bytes, entry: ram }
}

/// Registers of [`walk`]: pointers, what is loaded and computed, and how often it still goes round.
const POINTERS: [u32; 4] = [8, 9, 12, 13];
const VALUES: [u32; 6] = [5, 6, 7, 10, 11, 15];
const LEFT: u32 = 14;

/// A loop.
fn walk(code: &mut Code, place: &Place, random: &mut Random) {
    let windows = place.pristine.code_windows();
    let len = windows.into_iter().find(|(base, _)| *base == place.ram).expect("a memory").1;
    let near_end = len - 0x200 + random.below(0x220) as u32;
    let some = random.below(0x600) as u32;
    let aligned = one_of(random, &[!3, !3, !3, !1, !0]);
    for rd in POINTERS {
        let at =
            one_of(random, &[DATA, DATA + some, DATA + some, near_end, BODY + some, some & 0xff]);
        code.words(li(rd, place.ram.wrapping_add(at & aligned)));
    }
    let times = one_of(random, &[4, 30, 200, 1000]);
    code.words(li(LEFT, 1 + random.below(times) as u32));
    if random.below(6) == 0 {
        // To an instruction in the middle.
        code.word(jal(ZERO, 8));
    }
    let top = code.here();
    let strict = random.below(3) > 0;
    for _ in 0..2 + random.below(7) {
        let (pointer, value) = (one_of(random, &POINTERS), one_of(random, &VALUES));
        let (one, other) = (one_of(random, &VALUES), one_of(random, &VALUES));
        let offset = random.below(16) as i32 - 4;
        let offset = if strict { offset & !3 } else { offset };
        match random.below(12) {
            0..3 => code.word(load(one_of(random, &[0, 1, 2, 2, 4, 5]), value, pointer, offset)),
            3..5 => code.word(store(one_of(random, &[0, 1, 2, 2]), value, pointer, offset)),
            5..8 => {
                let strides = if strict { [4, 4, 8, -4, 16] } else { [1, 2, 4, -1, 3] };
                code.word(addi(pointer, pointer, one_of(random, &strides)));
            }
            8 => code.word(r(one_of(random, &[0, 1, 1, 0x20]), 0, value, one, other)),
            9 => code.word(r(1, random.below(4) as u32, value, one, other)),
            10 => {
                // Past the next one.
                let by = one_of(random, &[8, 8, 8, 12]);
                code.word(branch(one_of(random, &[0, 1, 4, 5, 6, 7]), one, other, by));
            }
            _ => code.word(addi(value, one, offset)),
        }
    }
    code.word(addi(LEFT, LEFT, -1));
    code.word(branch(1, LEFT, ZERO, top.wrapping_sub(code.here()) as i32));
}

fn set_up(code: &mut Code, place: &Place, random: &mut Random) {
    let ram = place.ram;
    for rd in 1..32 {
        code.words(li(rd, corner(random)));
    }
    let edges = [
        ram,
        0,
        0xffff_fffe,
        0xffff_fff0,
        ram + 0x1_0000,
        ram + 0xfffc,
        ram + 0x1_1000,
        ram + 0x40,
    ];
    let middle = ram + BODY + 2 * random.below(0x200) as u32;
    for (rd, value) in [
        (2, ram + 0x1c00),
        (LINES, place.lines),
        (MTIME, place.mtime),
        (MSIP, place.msip),
        (START, ram + BODY),
        (MAILBOX, ram + TOHOST),
        (INSNS[0], one_of(random, &[NOP, WFI, FENCE_I, addi(9, 9, 1), branch(0, 0, 0, 8)])),
        (INSNS[1], word(random)),
        (MTIMECMP, place.mtimecmp),
        (DATA_REG, ram + DATA),
        (CODE_REG, middle),
        (DEVICE, one_of(random, place.devices)),
        (EDGE, one_of(random, &edges)),
        (CHANCE, word(random)),
    ] {
        code.words(li(rd, value));
    }
    let longest = one_of(random, &[20, 300, 5000]);
    let period = 1 + random.below(longest) as i32;
    code.words(asm![
        li(H1, ram + VECTORS + random.below(2) as u32),
        csrw(0x305, H1),
        addi(H2, ZERO, period.min(2047)),
        sw(ZERO, MTIMECMP, 4),
        sw(H2, MTIMECMP, 0),
        li(H1, one_of(random, &[0xffff_ffff, 0x888, 0x80, 0])),
        csrw(0x304, H1),
        li(H1, one_of(random, &[0x1888, 0x1888, 0x80, 0x20_0088, 0])),
        csrw(0x300, H1),
        jal(ZERO, 4),
    ]);
    let to_body = (ram + BODY).wrapping_sub(code.here());
    code.word(jal(ZERO, to_body as i32));
}

/// Most handlers are sound: of an interrupt, they quieten its sources and set the timer again; an
/// exception goes on somewhere in the body.
fn handler(code: &mut Code, random: &mut Random) {
    if random.below(12) == 0 {
        // An unsound one, which may fault itself.
        (0..8).for_each(|_| piece(code, random));
    }
    let period = one_of(random, &[1, 7, 31, 63, 255]);
    let quieten_lines = if random.below(8) == 0 { NOP } else { sw(ZERO, LINES, 0) };
    let again = asm![
        load(2, H1, MTIME, 0),
        i(0x13, 7, H2, CHANCE, period),
        r(0, 0, H1, H1, H2),
        addi(H1, H1, one_of(random, &[1, 10, 100])),
        sw(ZERO, MTIMECMP, 4),
        sw(H1, MTIMECMP, 0),
        quieten_lines,
        sw(ZERO, LINES, 4),
        sw(ZERO, MSIP, 0),
        MRET,
    ];
    code.words(asm![csr(2, H1, 0x342, ZERO), branch(5, H1, ZERO, 4 + 4 * again.len() as i32)]);
    code.words(again);
    let halfwords = one_of(random, &[0x1fe, 0x3fe, 0x7fe]);
    code.words(asm![
        i(0x13, 1, H1, CHANCE, 2),
        r(0, 0, CHANCE, CHANCE, H1),
        addi(CHANCE, CHANCE, 0x135),
        i(0x13, 5, H1, CHANCE, 8),
        i(0x13, 7, H1, H1, halfwords),
        r(0, 0, H1, H1, START),
        csrw(0x341, H1),
    ]);
    if random.below(3) == 0 {
        // Now and then into U-mode, or with interrupts off.
        code.words(asm![csrw(0x300, CHANCE)]);
    }
    code.word(MRET);
}

/// One instruction of the body, or a few that belong together.
fn piece(code: &mut Code, random: &mut Random) {
    let (rd, rs1, rs2) = (target(random), random.below(32) as u32, random.below(32) as u32);
    let small = random.below(64) as i32 - 16;
    match random.below(100) {
        0..14 => code.word(i(0x13, one_of(random, &[0, 2, 3, 4, 6, 7]), rd, rs1, small)),
        14..22 => code.word(r(one_of(random, &[0, 0, 0x20]), 0, rd, rs1, rs2)),
        22..32 => code.word(r(1, random.below(8) as u32, rd, rs1, rs2)),
        32..42 => compressed(code, random),
        42..52 => {
            let base = one_of(random, &[2, DATA_REG, DATA_REG, CODE_REG, DEVICE, EDGE, MTIME, rs1]);
            code.word(load(one_of(random, &[0, 1, 2, 4, 5]), rd, base, small));
        }
        52..62 => {
            let base = one_of(random, &[2, DATA_REG, DATA_REG, CODE_REG, DEVICE, EDGE, rs1]);
            code.word(store(random.below(3) as u32, rs2, base, small));
        }
        62..66 => {
            // Over instructions, and into the next ones.
            let base = one_of(random, &[CODE_REG, START]);
            let at = random.below(0x7f0) as i32 & one_of(random, &[-1, -2, -4]);
            let insn = one_of(random, &INSNS);
            code.word(store(random.below(3) as u32, insn, base, at));
        }
        66..74 => {
            let funct3 = one_of(random, &[0, 1, 4, 5, 6, 7]);
            code.word(branch(funct3, rs1, rs2, 2 * (random.below(50) as i32 - 15)));
        }
        74..76 => code.word(jal(target(random), 2 * (random.below(60) as i32 - 20))),
        76 => code.word(jalr(rd, one_of(random, &[CODE_REG, START, RA, EDGE]), small)),
        77..86 => system_register(code, random),
        86..88 => code.word(WFI),
        88 => code.word(one_of(random, &[ECALL, EBREAK, MRET])),
        89..91 => code.word(FENCE_I),
        91 => semihosting_call(code, random),
        92 => code.word(sw(rs2, MAILBOX, one_of(random, &[0, 4]))),
        93..96 => {
            // The sources of interrupts.
            let base = one_of(random, &[LINES, LINES, MTIMECMP, MTIME, MSIP]);
            code.word(sw(one_of(random, &[ZERO, rs2, 10]), base, one_of(random, &[0, 0, 4])));
        }
        96..98 => legal_insn(code, random),
        _ => code.word(word(random)),
    }
}

/// A register to write, hardly ever one that points somewhere.
fn target(random: &mut Random) -> u32 {
    let any = random.below(100) == 0;
    random.below(if any { 32 } else { 16 }) as u32
}

fn corner(random: &mut Random) -> u32 {
    let any = word(random);
    one_of(random, &[0, 1, 2, u32::MAX, 0x8000_0000, 0x7fff_ffff, 31, 0x8888, any, any & 0xff, any])
}

fn compressed(code: &mut Code, random: &mut Random) {
    loop {
        let half = random.next() as u16;
        let Some(insn) = decode(half.into()).filter(|_| parcel_len(half) == 2) else { continue };
        // Keeps the registers that point somewhere.
        if insn.rd < 16 || random.below(50) == 0 {
            return code.half(half);
        }
    }
}

fn system_register(code: &mut Code, random: &mut Random) {
    const COMMON: [u32; 22] = [
        0x300, 0x300, 0x304, 0x304, 0x306, 0x320, 0x340, 0x341, 0x342, 0x343, 0x344, 0x344, 0x7c0,
        0xb00, 0xb02, 0xb03, 0xb04, 0xb0b, 0xb80, 0xc00, 0xc01, 0xc02,
    ];
    let any = random.below(4096) as u32;
    let common = one_of(random, &COMMON);
    let number = one_of(random, &[common, common, any]);
    // The trap vector stays.
    if number == 0x305 {
        return code.word(csr(2, target(random), number, ZERO));
    }
    let funct3 = one_of(random, &[1, 2, 3, 5, 6, 7]);
    let any = random.below(32) as u32;
    let source = one_of(random, &[0, 0, 8, any]);
    code.word(csr(funct3, target(random), number, source));
}

fn semihosting_call(code: &mut Code, random: &mut Random) {
    // No exits: the run would be over.
    let operation = one_of(random, &[1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 16, 17, 19, 21, 22, 48, 49]);
    let block = one_of(random, &[DATA_REG, CODE_REG, EDGE, 2]);
    code.words(asm![addi(A0, ZERO, operation), addi(A1, block, 0), SEMIHOST]);
}

/// Firmware with some of its bytes changed, from its entry or somewhere in it on.
pub fn mutated(place: &Place, firmware: &Program, random: &mut Random) -> Program {
    let mut program = firmware.clone();
    for _ in 0..1 + random.below(60) {
        // Most of the firmware are weights; its code comes first.
        let within = one_of(random, &[0x400, 0x1000, program.bytes.len()]);
        let at = random.below(within);
        program.bytes[at] ^= 1 << random.below(8);
    }
    if random.below(3) > 0 {
        program.entry += 2 * random.below(0x2000) as u32;
    }
    program.addr = place.ram;
    program
}
