//! Random programs on all platforms and cores. The blocks of an unobserved machine, those of an
//! observed one, compiled code, and runs cut into pieces must all end in the same state.

use crate::bench::{Bench, Pair, Place, Program, pairs, places};
use crate::common::Random;
use crate::programs;
use stuckat::cpu::Retired;
use stuckat::elf::Image;
use stuckat::trace::binary::{Encoder, Header, Reader, Writer};

const BUDGET: u64 = 10_000;
/// Without optimisation, fewer.
/// Runs: 6 platforms, 3 cores and 10 ways for each.
const PROGRAMS: usize = if cfg!(debug_assertions) { 6 } else { 42 };

/// Runs a program on one core in every way.
fn check(pair: &mut Pair<'_>, program: &Program, random: &mut Random, what: &str) {
    let fast = pair.fast.run(program, BUDGET);
    let steps = fast.retired + fast.traps.count();
    assert!(steps <= BUDGET, "{what}: {steps} steps");
    let same = |end: &crate::bench::End, how: &str| {
        if let Some(unlike) = fast.unlike(end) {
            panic!("{what}, {how}: {unlike}");
        }
    };
    same(&pair.watched.run(program, BUDGET), "watched");
    let events = std::mem::take(&mut pair.watched.machine.probe_mut().0);
    let longest = [2, 10, 100, 3000][random.below(4)];
    let mut piece = || 1 + random.below(longest) as u64;
    same(&pair.fast.run_in_pieces(program, BUDGET, &mut piece), "in pieces");
    same(&pair.compiled.run(program, BUDGET), "compiled");
    same(&pair.compiled.run_in_pieces(program, BUDGET, &mut piece), "compiled, in pieces");
    same(&pair.later.run(program, BUDGET), "compiled later");
    let mut piece = || BUDGET / 10 + random.below(1000) as u64;
    same(&pair.later.run_in_pieces(program, BUDGET, &mut piece), "compiled later, in pieces");
    // With a budget of one instruction after the other, each is a block of its own.
    same(&pair.watched.run_in_pieces(program, BUDGET, || 1), "watched, one instruction at a time");
    let one_by_one = std::mem::take(&mut pair.watched.machine.probe_mut().0);
    let unlike = events.iter().zip(&one_by_one).find(|(a, b)| a != b);
    assert_eq!(unlike, None, "{what}: an event depends on how the program is run");
    assert_eq!(events.len(), one_by_one.len(), "{what}");
    if random.below(3) == 0 {
        check_packed(&events, what);
    }
    let numbers = events.iter().map(|event| event.number);
    assert!(numbers.eq(1..=events.len() as u64), "{what}: an instruction is not counted");
    // Boards are large, so these go on a few times a run, with one program in six.
    if random.below(6) == 0 {
        let mut rarely = || BUDGET / 8 + random.below(3000) as u64;
        same(&pair.compiled.run_with_saves(program, BUDGET, &mut rarely), "saved and put back");
        let (place, profile) = (pair.fast.place, pair.fast.profile);
        let end = Bench::run_by_turns(place, profile, program, BUDGET, &mut rarely);
        same(&end, "watched now and then");
    }
}

/// A binary trace of these events has them all, field by field.
fn check_packed(events: &[Retired], what: &str) {
    let (mut file, mut block, mut encoder) = (Vec::new(), Vec::new(), Encoder::new());
    let mut writer = Writer::new(&mut file, &Header::default()).unwrap();
    for event in events {
        // Blocks of a full file are longer; here they begin anywhere.
        if encoder.push(event) | (encoder.len() == 1000) {
            let count = encoder.take(&mut block);
            writer.block(count, &block).unwrap();
        }
    }
    let count = encoder.take(&mut block);
    if count > 0 {
        writer.block(count, &block).unwrap();
    }
    writer.finish("done").unwrap();
    let mut reader = Reader::new(&file[..]).unwrap();
    let (mut read, mut some) = (Vec::new(), Vec::new());
    while reader.block(&mut some).unwrap() {
        read.append(&mut some);
    }
    let unlike = events.iter().zip(&read).find(|(a, b)| a != b);
    assert_eq!(unlike, None, "{what}: a binary trace changes an event");
    assert_eq!(events.len(), read.len(), "{what}");
}

/// Runs programs made by `make` on every core of the given platforms.
fn run_all(
    seed: u64,
    on: impl Fn(&Place) -> bool,
    programs: usize,
    mut make: impl FnMut(&Place, &mut Random) -> Program,
) {
    for place in places().iter().filter(|place| on(place)) {
        let mut pairs = pairs(place);
        for number in 0..programs {
            let mut random = Random(seed ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let program = make(place, &mut random);
            for (core, pair) in pairs.iter_mut().enumerate() {
                let what = format!("{} core {core}, program {number}", place.name);
                check(pair, &program, &mut random, &what);
            }
        }
    }
}

#[test]
fn programs_of_random_bytes_end_the_same_however_they_are_run() {
    run_all(1, |_| true, PROGRAMS / 3, programs::bytes);
}

#[test]
fn programs_of_legal_instructions_end_the_same_however_they_are_run() {
    run_all(2, |_| true, PROGRAMS / 3, programs::legal);
}

#[test]
fn lively_programs_end_the_same_however_they_are_run() {
    run_all(3, |_| true, PROGRAMS, programs::lively);
}

#[test]
fn loops_end_the_same_however_they_are_run() {
    run_all(7, |_| true, PROGRAMS / 2, programs::looping);
}

/// 6 platforms with 2,200 programs each.
#[test]
#[ignore = "13,200 programs: about forty minutes in release mode"]
fn thirteen_thousand_programs_end_the_same_however_they_are_run() {
    run_all(5, |_| true, 1500, programs::lively);
    run_all(6, |_| true, 200, programs::legal);
    run_all(8, |_| true, 500, programs::looping);
}

#[test]
fn damaged_firmware_ends_the_same_however_it_is_run() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/firmware/prebuilt/mnist-cnn.elf");
    let image = Image::parse(&std::fs::read(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    for segment in &image.segments {
        let at = (segment.addr - image.segments[0].addr) as usize;
        bytes.resize(bytes.len().max(at + segment.data.len()), 0);
        bytes[at..at + segment.data.len()].copy_from_slice(&segment.data);
    }
    let firmware = Program { addr: image.segments[0].addr, bytes, entry: image.entry };
    let fits = |place: &Place| ["mcu", "virt", "htif"].contains(&place.name);
    run_all(4, fits, PROGRAMS / 2, |place, random| programs::mutated(place, &firmware, random));
}
