//! Going back: the state that is there then is the state that was there, in all that can be seen of it.

use super::*;
use crate::common::Random;
use stuckat::cpu::Retired;
use stuckat::gdb::WatchKind;

#[test]
fn stepping_back_shows_every_earlier_state_of_lively_programs() {
    for place in bench::places() {
        for (number, core) in profile::ALL.into_iter().enumerate() {
            let mut random = Random(5 + number as u64);
            let program = programs::lively(&place, &mut random);
            let mut board = place.pristine.clone();
            board.poke(program.addr, &program.bytes).unwrap();
            let reset = Reset { profile: core, entry: program.entry, vectors: place.vectors };
            let unit = Switch::exact(Latency::FAST);
            let mut debuggee = Debuggee::new(board, unit, reset, true, u64::MAX);
            debuggee.show_interrupts(true);
            let memory = (place.ram, 0x2000);
            let mut states = vec![Seen::of(&debuggee, memory)];
            for _ in 0..250 {
                if let Event::Stop(_) = step(&mut debuggee) {
                    break;
                }
                states.push(Seen::of(&debuggee, memory));
            }
            let what = format!("{} on {core}", place.name);
            let interrupts = states.last().unwrap().position.interrupts;
            let exceptions = states.iter().filter(|s| s.pc == place.ram + 0x500).count();
            println!("{what}: {} states, {interrupts} interrupts, {exceptions}", states.len());
            if debuggee.ended().is_none() {
                states.pop();
            }
            for state in states.iter().rev().step_by(3) {
                while debuggee.position() > state.position {
                    assert_eq!(back_step(&mut debuggee), Event::Stepped, "{what}");
                }
                let seen = Seen::of(&debuggee, memory);
                assert!(seen == *state, "{what}: {:?}\n{seen:?}\n{state:?}", state.position);
            }
            while back_step(&mut debuggee) == Event::Stepped {}
            assert_eq!(debuggee.position(), Position::default(), "{what}");
            // And forwards again to the same.
            for state in &states[1..] {
                step(&mut debuggee);
                assert_eq!(debuggee.position(), state.position, "{what}");
            }
            assert!(Seen::of(&debuggee, memory) == *states.last().unwrap(), "{what}");
        }
    }
}

/// Numbers and addresses of the instructions that store into a byte.
fn stores(firmware: &Firmware, addr: u32) -> Vec<(u64, u32)> {
    let (mut number, mut stores) = (0, Vec::new());
    firmware.run(|event: &Retired| {
        number += 1;
        let hit = |a: &stuckat::cpu::Access| a.store && addr.wrapping_sub(a.addr) < a.len.into();
        if event.access.as_ref().is_some_and(hit) {
            stores.push((number, event.pc));
        }
    });
    stores
}

#[test]
fn going_back_from_the_end_finds_the_last_store_and_the_first() {
    let firmware = Firmware::new();
    let memory = (0x8000_0000, 0x1_0000);
    // A byte of the stack, written again and again, and one of an output, written once.
    for addr in [firmware.symbol("conv0_output") + 100, 0x8010_0000 - 36] {
        let stores = stores(&firmware, addr);
        assert!(!stores.is_empty());
        let mut debuggee = firmware.debuggee();
        assert_eq!(go(&mut debuggee), Event::Stop(Stop::Exit(0)));
        let end = Seen::of(&debuggee, memory);
        debuggee.add_watchpoint(addr, 1, WatchKind::Write);
        for (number, pc) in stores.iter().rev().take(20) {
            let event = back(&mut debuggee);
            assert_eq!(event, Event::Watch { kind: WatchKind::Write, addr });
            // Seen from behind the store has just been made; one step further back it is the next.
            assert_eq!(debuggee.time().0, *number);
            back_step(&mut debuggee);
            assert_eq!((debuggee.time().0, debuggee.pc()), (*number - 1, *pc));
        }
        debuggee.clear_stops();
        assert_eq!(go(&mut debuggee), Event::Stop(Stop::Exit(0)));
        assert!(Seen::of(&debuggee, memory) == end);
        // What is executed again prints nothing again.
        let printed = String::from_utf8(debuggee.take_console()).unwrap();
        assert_eq!(printed.matches("class").count(), 1, "{printed}");
        debuggee.add_watchpoint(addr, 1, WatchKind::Write);
        while matches!(back(&mut debuggee), Event::Watch { .. }) && stores.len() <= 20 {}
        if stores.len() <= 20 {
            assert_eq!(debuggee.position(), Position::default());
        }
    }
}

#[test]
fn going_back_stops_at_breakpoints_in_the_order_of_time() {
    let firmware = Firmware::new();
    let [conv, pool] = ["conv_2d", "max_pool_2d"].map(|name| firmware.symbol(name));
    let mut expected = Vec::new();
    let mut number = 0;
    firmware.run(|event: &Retired| {
        number += 1;
        if event.pc == conv || event.pc == pool {
            expected.push((number - 1, event.pc));
        }
    });
    assert_eq!(expected.len(), 4, "two layers of each kind");
    let mut debuggee = firmware.debuggee();
    assert_eq!(go(&mut debuggee), Event::Stop(Stop::Exit(0)));
    debuggee.set_breakpoint(false, conv, true);
    debuggee.set_breakpoint(true, pool, true);
    for (number, pc) in expected.iter().rev() {
        assert_eq!(back(&mut debuggee), Event::Breakpoint);
        assert_eq!((debuggee.time().0, debuggee.pc()), (*number, *pc));
    }
    assert_eq!(back(&mut debuggee), Event::Beginning);
    assert_eq!(debuggee.position(), Position::default());
    assert_eq!(back_step(&mut debuggee), Event::Beginning);
}

#[test]
fn what_the_user_changed_is_changed_again_where_it_was_changed() {
    let firmware = Firmware::new();
    let [conv, pool] = ["conv_2d", "max_pool_2d"].map(|name| firmware.symbol(name));
    let mut debuggee = firmware.debuggee();
    debuggee.set_breakpoint(false, conv, true);
    debuggee.set_breakpoint(false, pool, true);
    assert_eq!(go(&mut debuggee), Event::Breakpoint);
    let before = Seen::of(&debuggee, (0x8000_0000, 0x1_0000));
    // Another picture, another counter, another register that nobody reads.
    assert!(debuggee.write(firmware.symbol("stuckat_input") + 300, &[0x55; 64]));
    assert!(debuggee.write_csr(0x340, 0x1234));
    debuggee.write_reg(4, 77);
    let changed = Seen::of(&debuggee, (0x8000_0000, 0x1_0000));
    assert!(before != changed);
    assert_eq!(go(&mut debuggee), Event::Breakpoint);
    let later = Seen::of(&debuggee, (0x8000_0000, 0x1_0000));
    for _ in 0..2 {
        assert_eq!(back(&mut debuggee), Event::Breakpoint);
        assert!(Seen::of(&debuggee, (0x8000_0000, 0x1_0000)) == changed);
        back_step(&mut debuggee);
        assert_eq!(debuggee.reg(4), 0);
        assert_eq!(go(&mut debuggee), Event::Breakpoint);
        assert_eq!(go(&mut debuggee), Event::Breakpoint);
        assert!(Seen::of(&debuggee, (0x8000_0000, 0x1_0000)) == later);
    }
    // A change in the past has another future.
    assert_eq!(back(&mut debuggee), Event::Breakpoint);
    assert!(debuggee.write(firmware.symbol("stuckat_input") + 300, &[0; 64]));
    assert_eq!(go(&mut debuggee), Event::Breakpoint);
    assert!(Seen::of(&debuggee, (0x8000_0000, 0x1_0000)) != later);
}
