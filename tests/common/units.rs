//! The multipliers of this repository, what they should answer, and operands to ask them about.
#![allow(dead_code)] // Each test file uses its own part.

use crate::common::Random;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stuckat::netlist::Circuit;
use stuckat::unit::{MulOp, Tuple};

/// A multiplier of `netlists/`, with the clocks that it takes for MUL and for the other operations.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    pub name: &'static str,
    pub clocks: [u32; 2],
    /// What its netlist does; other hardware does the rest.
    pub operations: &'static [MulOp],
}

/// All of them. The latencies stand in `netlists/README.md`.
pub const ALL: [Named; 5] = [
    Named { name: "single_cycle", clocks: [1, 2], operations: &MulOp::ALL },
    Named { name: "fast", clocks: [3, 4], operations: &MulOp::ALL },
    Named { name: "single_cycle_mul", clocks: [1, 2], operations: &[MulOp::MUL] },
    Named { name: "array32", clocks: [1, 1], operations: &MulOp::ALL },
    Named { name: "booth32", clocks: [1, 1], operations: &MulOp::ALL },
];

impl Named {
    pub fn clocks(self, op: MulOp) -> u32 {
        self.clocks[usize::from(op != MulOp::MUL)]
    }

    pub fn circuit(self) -> Arc<Circuit> {
        let path = folder().join(format!("{}.toml", self.name));
        Arc::new(Circuit::load(Some(&path), None).expect("the multiplier is sound"))
    }
}

/// `netlists/`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists")
}

/// With 128-bit integers, which is not how the crate computes exact products.
pub fn wide_product(t: Tuple) -> u32 {
    let widen = |x: u32, signed: bool| if signed { i128::from(x as i32) } else { i128::from(x) };
    let product = widen(t.rs1, t.op.signed_rs1) * widen(t.rs2, t.op.signed_rs2);
    if t.op == MulOp::MUL { product as u32 } else { (product >> 32) as u32 }
}

pub const CORNERS: [u32; 20] = [
    0,
    1,
    2,
    3,
    0x7fff,
    0x8000,
    0x8001,
    0xffff,
    0x1_0000,
    0x1_0001,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_ffff,
    0xffff_fffe,
    0xffff_8000,
    0xffff_0000,
    0x5555_5555,
    0xaaaa_aaaa,
    0xff80_007f,
];

/// All pairs of corners, of powers of two, of what is opposite to these and what lies around, for one operation.
pub fn corner_pairs(op: MulOp) -> Vec<Tuple> {
    let mut corners = CORNERS.to_vec();
    corners.extend((0..32).flat_map(|i| [1 << i, (1_u32 << i).wrapping_neg(), !(1 << i)]));
    let pairs = corners.iter().flat_map(|rs1| corners.iter().map(|rs2| (*rs1, *rs2)));
    pairs.map(|(rs1, rs2)| Tuple { op, rs1, rs2 }).collect()
}

/// What tests ask of the generator.
pub trait Operands {
    fn operand(&mut self) -> u32;
    fn tuple(&mut self) -> Tuple;
    fn tuples(&mut self, count: usize) -> Vec<Tuple> {
        (0..count).map(|_| self.tuple()).collect()
    }
}

impl Operands for Random {
    /// Often a corner or a small number, as firmware has them; else anything.
    fn operand(&mut self) -> u32 {
        match self.below(4) {
            0 => CORNERS[self.below(CORNERS.len())],
            1 => (self.next() as i8) as u32,
            _ => self.next() as u32,
        }
    }

    fn tuple(&mut self) -> Tuple {
        Tuple { op: MulOp::ALL[self.below(4)], rs1: self.operand(), rs2: self.operand() }
    }
}
