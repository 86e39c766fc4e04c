//! Mutations with a fixed seed: each damaged version of some bytes must be survived, whatever it is.
#![allow(dead_code)] // Each test file uses its own part.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// What one damaged input may take at the most.
const LIMIT: Duration = Duration::from_secs(20);
/// Bytes that mean something in one of the formats.
const MARKS: &[u8] = b"\0\xff'\"{}()[],;:/*09\n-x";

/// Gives `survive` so many damaged versions of `sound`, and fails if one of them panics or takes longer than 20 s.
#[track_caller]
pub fn survives(sound: &[u8], cases: u64, survive: impl Fn(&[u8]) + Send + 'static) {
    let sound = sound.to_vec();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for case in 0..cases {
            let damaged = damaged(&sound, case);
            let outcome = catch_unwind(AssertUnwindSafe(|| survive(&damaged)));
            if sender.send(outcome.is_ok()).is_err() {
                return;
            }
        }
    });
    for case in 0..cases {
        match receiver.recv_timeout(LIMIT) {
            Ok(true) => {}
            Ok(false) => panic!("mutation {case} panics"),
            Err(RecvTimeoutError::Timeout) => panic!("mutation {case} takes over {LIMIT:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("mutation {case} ends its thread"),
        }
    }
}

/// The bytes with one to four changes, each at a random place: another byte, a flipped bit, a piece cut out or doubled.
pub fn damaged(sound: &[u8], case: u64) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(case);
    let mut bytes = sound.to_vec();
    for _ in 0..1 + random.next_u32() % 4 {
        if bytes.is_empty() {
            return bytes;
        }
        let at = below(&mut random, bytes.len());
        let end = (at + 1 + below(&mut random, 16)).min(bytes.len());
        match random.next_u32() % 8 {
            0..=2 => bytes[at] = random.next_u32() as u8,
            3..=4 => bytes[at] ^= 1 << (random.next_u32() % 8),
            5 => bytes[at] = MARKS[below(&mut random, MARKS.len())],
            6 => drop(bytes.drain(at..end)),
            _ => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

fn below(random: &mut ChaCha8Rng, n: usize) -> usize {
    (random.next_u64() % n as u64) as usize
}
