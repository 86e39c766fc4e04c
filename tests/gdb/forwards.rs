//! Going forwards under a debugger: stops where they belong, and a run that is none the wiser.

use super::*;
use crate::common::Random;
use std::collections::HashMap;
use stuckat::cpu::{Machine, Retired, Silent};
use stuckat::gdb::WatchKind;
use stuckat::unit::Exact;

#[test]
fn a_run_with_many_stops_ends_as_one_without() {
    let firmware = Firmware::new();
    let mut pcs: HashMap<u32, u64> = HashMap::new();
    let plain = firmware.run(|event: &Retired| *pcs.entry(event.pc).or_default() += 1);
    assert_eq!(plain.0, Stop::Exit(0));
    let mut debuggee = firmware.debuggee();
    // Instructions inside of loops that are compiled, each executed some hundred times.
    let mut busy: Vec<(u32, u64)> =
        pcs.into_iter().filter(|(_, n)| (300..3000).contains(n)).collect();
    busy.sort_unstable();
    let chosen: Vec<(u32, u64)> = busy.iter().step_by(busy.len() / 5).copied().collect();
    for (pc, _) in &chosen {
        debuggee.set_breakpoint(false, *pc, true);
    }
    let mut hits: HashMap<u32, u64> = HashMap::new();
    let mut console = Vec::new();
    let stop = loop {
        let event = go(&mut debuggee);
        console.extend(debuggee.take_console());
        match event {
            Event::Breakpoint => {
                let hits = hits.entry(debuggee.pc()).or_default();
                *hits += 1;
                if hits.is_multiple_of(100) {
                    assert_eq!(step(&mut debuggee), Event::Stepped);
                    assert!(!debuggee.at_breakpoint(false) || chosen.len() > 1);
                }
            }
            Event::Stop(stop) => break stop,
            other => panic!("{other:?}"),
        }
    };
    let (retired, cycles) = debuggee.time();
    assert_eq!((stop, retired, cycles, console), plain);
    // A step may end on the next breakpoint, which is then not come to by going.
    for (pc, count) in chosen {
        let found = hits.get(&pc).copied().unwrap_or(0);
        assert!(found <= count && found + 50 >= count, "{pc:#x}: {found} of {count}");
    }
}

#[test]
fn lively_programs_do_the_same_under_a_debugger() {
    const STEPS: u64 = 6000;
    for place in bench::places() {
        for (number, core) in profile::ALL.into_iter().enumerate() {
            let mut random = Random(77 + number as u64);
            let program = programs::lively(&place, &mut random);
            let mut board = place.pristine.clone();
            board.poke(program.addr, &program.bytes).unwrap();
            let reset = Reset { profile: core, entry: program.entry, vectors: place.vectors };
            let mut plain = Machine::new(board.clone(), Exact::new(Latency::FAST), Silent, reset);
            let stop = plain.run(STEPS);
            let unit = Switch::exact(Latency::FAST);
            let mut debuggee = Debuggee::new(board, unit, reset, true, STEPS);
            for offset in [0x500, 0x504, 0x820, 0x8a0, 0x900, 0xa00] {
                debuggee.set_breakpoint(offset & 4 != 0, place.ram + offset, true);
            }
            debuggee.add_watchpoint(place.ram + 0x1800, 16, WatchKind::Write);
            debuggee.add_watchpoint(place.ram + 0x1900, 4, WatchKind::Access);
            let mut stops = 0;
            let end = loop {
                let event = match random.below(4) {
                    0 => step(&mut debuggee),
                    1 if stops < 40 => back(&mut debuggee),
                    2 if stops < 40 => back_step(&mut debuggee),
                    _ => go(&mut debuggee),
                };
                stops += 1;
                if let Event::Stop(stop) = event {
                    break stop;
                }
                if stops > 400 {
                    debuggee.clear_stops();
                    debuggee.catch(0);
                }
            };
            let what = format!("{} on {core}, {stops} stops", place.name);
            assert_eq!(end, stop, "{what}");
            assert_eq!(debuggee.time(), (plain.retired(), plain.cycles()), "{what}");
            for i in 0..32 {
                assert_eq!(debuggee.reg(i), plain.reg(i), "{what}: x{i}");
            }
            for n in 0..4096 {
                assert_eq!(debuggee.csr(n), plain.csr(n), "{what}: CSR {n:#x}");
            }
            let mut memory = vec![0; 0x8000];
            assert_eq!(debuggee.read(place.ram, &mut memory), memory.len());
            assert!(plain.bus().peek(place.ram, 0x8000).unwrap() == memory, "{what}: memory");
            assert_eq!(debuggee.take_console(), plain.bus_mut().take_console(), "{what}");
        }
    }
}

#[test]
fn watchpoints_stop_before_each_access_that_an_observer_sees() {
    let firmware = Firmware::new();
    let output = firmware.symbol("conv2_output") + 40;
    let mut accesses = Vec::new();
    firmware.run(|event: &Retired| {
        let there = |addr: u32, len: u8| addr < output + 2 && output < addr + u32::from(len);
        if let Some(access) = event.access.filter(|access| there(access.addr, access.len)) {
            accesses.push((event.pc, access.store));
        }
    });
    assert!(accesses.iter().any(|(_, store)| *store) && accesses.iter().any(|(_, store)| !store));
    for (kind, stores, loads) in [
        (WatchKind::Write, true, false),
        (WatchKind::Read, false, true),
        (WatchKind::Access, true, true),
    ] {
        let wanted = |store: bool| if store { stores } else { loads };
        let expected: Vec<u32> =
            accesses.iter().filter(|(_, store)| wanted(*store)).map(|(pc, _)| *pc).collect();
        let mut debuggee = firmware.debuggee();
        debuggee.add_watchpoint(output, 2, kind);
        let mut found = Vec::new();
        while let Event::Watch { addr, .. } = go(&mut debuggee) {
            assert_eq!(addr, output);
            found.push(debuggee.pc());
        }
        assert_eq!(found, expected, "{kind:?}");
    }
}
