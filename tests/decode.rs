//! The decoder against what the real core's decoder accepts.

mod common;

use stuckat::isa::{decode, rv32, rvc};

#[test]
fn every_compressed_halfword_is_accepted_refused_and_expanded_as_by_the_real_decoder() {
    let Some(path) = common::shared("facts/decode/rvc_expand.csv.gz") else { return };
    let mut halfwords = 0;
    for line in common::gunzip(&path).lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        let half = u16::from_str_radix(fields[0], 16).unwrap();
        let word = u32::from_str_radix(fields[2], 16).unwrap();
        let expected = (fields[1] == "1").then_some(word);
        assert_eq!(rvc::expand(half), expected, "halfword {half:04x}");
        if let Some(word) = expected {
            assert!(
                rv32::decode(word).is_some(),
                "{half:04x} expands to {word:08x}, which is refused"
            );
        }
        halfwords += 1;
    }
    assert_eq!(halfwords, 49_152);
}

#[test]
fn listed_words_are_accepted_and_refused_as_by_the_real_decoder() {
    let Some(path) = common::shared("facts/decode/rv32_illegal.csv.gz") else { return };
    // The list calls DRET legal as an encoding; outside debug mode, which we do not have, it traps.
    const DRET: u32 = 0x7b20_0073;
    let mut words = 0;
    let mut wrong = Vec::new();
    for line in common::gunzip(&path).lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        let word = u32::from_str_radix(fields[0], 16).unwrap();
        if word != DRET && decode(word).is_some() != (fields[1] == "1") {
            wrong.push(line.to_owned());
        }
        words += 1;
    }
    assert_eq!(words, 76_680);
    assert!(
        wrong.is_empty(),
        "{} wrong, the first: {:?}",
        wrong.len(),
        &wrong[..wrong.len().min(9)]
    );
}

#[test]
fn compressed_instructions_expand_as_the_manual_says() {
    // Encoded by hand from the tables of the manual's chapter "C".
    let cases = [
        (0x0001, Some(0x0000_0013)), // c.nop               -> addi x0, x0, 0
        (0x4501, Some(0x0000_0513)), // c.li a0, 0          -> addi a0, x0, 0
        (0x852e, Some(0x00b0_0533)), // c.mv a0, a1         -> add a0, x0, a1
        (0x8082, Some(0x0000_8067)), // c.jr ra             -> jalr x0, 0(ra)
        (0x9002, Some(0x0010_0073)), // c.ebreak            -> ebreak
        (0x1101, Some(0xfe01_0113)), // c.addi sp, -32      -> addi sp, sp, -32
        (0x7179, Some(0xfd01_0113)), // c.addi16sp sp, -48  -> addi sp, sp, -48
        (0xce06, Some(0x0011_2e23)), // c.swsp ra, 28(sp)   -> sw ra, 28(sp)
        (0x40f2, Some(0x01c1_2083)), // c.lwsp ra, 28(sp)   -> lw ra, 28(sp)
        (0x0000, None),              // defined illegal
        (0x8002, None),              // c.jr x0: reserved
        (0x1002, None),              // c.slli x0, 32: RV128/NSE
    ];
    for (half, expected) in cases {
        assert_eq!(rvc::expand(half), expected, "halfword {half:04x}");
    }
}
