//! Binary traces that are cut off, changed or made up: whatever is there, reading ends with the good part and a reason.

use crate::common::Random;
use crate::lines::watch;
use stuckat::cpu::Retired;
use stuckat::trace::binary::{Encoder, Header, ReadError, Reader, Writer};

/// A trace of so many instructions in blocks of 500, its events, and where each block ends.
fn sound(budget: u64) -> (Vec<u8>, Vec<Retired>, Vec<Vec<u8>>) {
    let (mut events, mut blocks, mut encoder) = (Vec::new(), Vec::new(), Encoder::new());
    watch(budget, |event| events.push(*event));
    for event in &events {
        encoder.push(event);
        if encoder.len() == 500 {
            let mut block = Vec::new();
            encoder.take(&mut block);
            blocks.push(block);
        }
    }
    (file(&blocks, "exit code 0"), events, blocks)
}

fn file(blocks: &[Vec<u8>], stop: &str) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file, &Header::default()).unwrap();
    blocks.iter().for_each(|block| writer.block(500, block).unwrap());
    writer.finish(stop).unwrap();
    file
}

/// The events up to the end or to an error, and the error.
fn read(bytes: &[u8]) -> (Vec<Retired>, Result<(), ReadError>) {
    let (mut events, mut some) = (Vec::new(), Vec::new());
    let mut reader = match Reader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => return (events, Err(error)),
    };
    loop {
        match reader.block(&mut some) {
            Ok(true) => events.append(&mut some),
            Ok(false) => return (events, Ok(())),
            Err(error) => return (events, Err(error)),
        }
    }
}

#[test]
fn a_trace_that_is_cut_anywhere_is_read_up_to_its_last_whole_block() {
    let (file, events, blocks) = sound(3_000);
    assert_eq!(blocks.len(), 6);
    assert!(matches!(read(&file), (all, Ok(())) if all == events));
    let mut lengths = Vec::new();
    for len in 0..file.len() {
        let (read, error) = read(&file[..len]);
        assert_eq!(read, events[..read.len()], "cut to {len} bytes");
        assert!(read.len() % 500 == 0);
        lengths.push(read.len());
        match error {
            Err(ReadError::CutOff(good, _)) => assert_eq!(good, read.len() as u64),
            Err(ReadError::NoTrace) => assert!(len < 16),
            Err(ReadError::Header) => assert!(read.is_empty()),
            other => panic!("cut to {len} bytes: {other:?}"),
        }
    }
    lengths.dedup();
    assert_eq!(lengths, [0, 500, 1000, 1500, 2000, 2500, 3000]);
}

#[test]
fn a_changed_byte_is_noticed_and_what_is_before_its_block_is_good() {
    let (file, events, _) = sound(3_000);
    let mut random = Random(9);
    for _ in 0..3_000 {
        let mut file = file.clone();
        let at = random.below(file.len());
        file[at] ^= 1 << random.below(8);
        let (read, error) = read(&file);
        assert!(error.is_err(), "byte {at}");
        assert_eq!(read, events[..read.len()], "byte {at}");
    }
}

#[test]
fn made_up_blocks_with_right_checks_never_panic() {
    let (_, _, blocks) = sound(3_000);
    let mut random = Random(10);
    let mut accepted = 0;
    for round in 0..4_000 {
        let mut block = blocks[random.below(blocks.len())].clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(block.len());
            match random.below(4) {
                0 => block[at] = random.next() as u8,
                1 => block[at] ^= 1 << random.below(8),
                2 => block.truncate(at.max(1)),
                // The lengths of the sections.
                _ => {
                    let at = (145 + random.below(24)).min(block.len() - 1);
                    block[at] = 0xff;
                }
            }
            if block.len() < 200 {
                break;
            }
        }
        let (events, _) = read(&file(&[block], "made up"));
        accepted += usize::from(!events.is_empty());
        // Whatever was accepted can be written in every format.
        for format in [
            stuckat::trace::Format::Ibex,
            stuckat::trace::Format::Spike,
            stuckat::trace::Format::Json,
            stuckat::trace::Format::Rvfi,
        ] {
            if round % 10 == 0 {
                let mut lines = format.lines(stuckat::trace::Names::default()).unwrap();
                let mut text = Vec::new();
                events.iter().for_each(|event| lines.line(event, &mut text));
            }
        }
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn an_announced_length_takes_no_memory_that_is_not_there() {
    let (file, _, _) = sound(1_000);
    let header = file.windows(4).position(|w| w == b"BLCK").unwrap();
    for (from, announced) in [(8, 0xffff_ffff_u32), (12, 0xffff_ffff), (12, 1 << 24), (8, 1 << 24)]
    {
        let mut file = file.clone();
        file[header + from..header + from + 4].copy_from_slice(&announced.to_le_bytes());
        let error = read(&file).1.unwrap_err();
        assert!(matches!(error, ReadError::Damaged(0, _) | ReadError::CutOff(0, _)), "{error}");
    }
    let mut long = file.clone();
    long[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read(&long).1, Err(ReadError::Header)));
    let mut other = file;
    other[8] = 2;
    assert!(matches!(read(&other).1, Err(ReadError::Version(2))));
}
