//! Writes a [`Wave`] in the formats that viewers read: VCD (IEEE Std 1364-2005, clause 18) and FST, GTKWave's compressed format (by the crate
//! `fst-writer`, whose author also writes the reader that Surfer uses).

use super::{Kind, Variable, Wave};
use fst_writer::{
    FstFileType, FstHeaderWriter, FstInfo, FstScopeType, FstSignalId, FstSignalType,
    FstVarDirection, FstVarType,
};
use std::io::{self, Cursor, Write};
use vcd::{ReferenceIndex, TimescaleUnit, Value, VarType, Writer};

const VERSION: &str = concat!("stuckat ", env!("CARGO_PKG_VERSION"));
/// A cycle of the core's clock is 1 ns.
const NANOSECONDS: i8 = -9;

/// A step in a tree of scopes.
enum Move<'v> {
    Down(&'v str),
    Up,
    Here(&'v Variable),
}

impl Wave {
    /// How to walk through the scopes, so that each is entered once.
    fn moves(&self) -> Vec<Move<'_>> {
        let mut moves = Vec::new();
        let mut open: &[String] = &[];
        for variable in &self.variables {
            let same = open.iter().zip(&variable.scopes).take_while(|(a, b)| a == b).count();
            moves.extend(open[same..].iter().map(|_| Move::Up));
            moves.extend(variable.scopes[same..].iter().map(|scope| Move::Down(scope)));
            open = &variable.scopes;
            moves.push(Move::Here(variable));
        }
        moves.extend(open.iter().map(|_| Move::Up));
        moves
    }

    /// Values by time, without those that repeat what the variable has.
    fn changes(&self) -> impl Iterator<Item = (u64, usize, &[u8])> {
        let mut last: Vec<Option<&[u8]>> = vec![None; self.variables.len()];
        // Of several values at one time the last one holds.
        let final_ones = self.values.iter().enumerate().filter(|(i, value)| {
            self.values
                .get(i + 1)
                .is_none_or(|next| (next.time, next.variable) != (value.time, value.variable))
        });
        final_ones.filter_map(move |(_, value)| {
            let before = last[value.variable].replace(&value.value);
            (before != Some(value.value.as_slice())).then_some((
                value.time,
                value.variable,
                value.value.as_slice(),
            ))
        })
    }

    /// Writes a value change dump.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn vcd(&self, out: impl Write) -> io::Result<()> {
        let mut writer = Writer::new(out);
        writer.version(VERSION)?;
        // The word that ends a comment may be part of a name.
        writer.comment(&self.comment.replace("$end", "\\$end"))?;
        writer.comment("One time unit is one cycle of the core's clock.")?;
        writer.timescale(1, TimescaleUnit::NS)?;
        let mut ids = Vec::new();
        for step in self.moves() {
            match step {
                Move::Down(scope) => writer.add_module(scope)?,
                Move::Up => writer.upscope()?,
                Move::Here(variable) => {
                    let (kind, width) = match variable.kind {
                        Kind::Bits(width) => (VarType::Wire, width),
                        Kind::Text(_) => (VarType::String, 1),
                    };
                    ids.push(writer.add_var(kind, width, &variable.name, variable.index)?);
                }
            }
        }
        writer.enddefinitions()?;
        let mut now = None;
        for (time, variable, value) in self.changes() {
            if now != Some(time) {
                writer.timestamp(time)?;
                now = Some(time);
            }
            let bit = |bit: &u8| match bit {
                b'0' => Value::V0,
                b'1' => Value::V1,
                _ => Value::X,
            };
            match self.variables[variable].kind {
                // A blank would end it.
                Kind::Text(_) => {
                    let text = String::from_utf8_lossy(value).replace(' ', "_");
                    writer
                        .change_string(ids[variable], if text.is_empty() { "-" } else { &text })?;
                }
                Kind::Bits(1) => writer.change_scalar(ids[variable], bit(&value[0]))?,
                Kind::Bits(_) => writer.change_vector(ids[variable], value.iter().map(bit))?,
            }
        }
        writer.timestamp(self.end)?;
        writer.flush()
    }

    /// Writes an FST file.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn fst(&self, mut out: impl Write) -> io::Result<()> {
        let bytes = self.fst_bytes().map_err(io::Error::other)?;
        out.write_all(&bytes)
    }

    fn fst_bytes(&self) -> fst_writer::Result<Vec<u8>> {
        let info = FstInfo {
            start_time: 0,
            timescale_exponent: NANOSECONDS,
            version: VERSION.to_owned(),
            // The same run gives the same file.
            date: String::new(),
            file_type: FstFileType::Verilog,
        };
        let mut header = FstHeaderWriter::new(Cursor::new(Vec::new()), &info)?;
        let mut ids: Vec<FstSignalId> = Vec::new();
        for step in self.moves() {
            match step {
                Move::Down(scope) => header.scope(scope, "", FstScopeType::Module)?,
                Move::Up => header.up_scope()?,
                Move::Here(variable) => {
                    let name = match variable.index {
                        None => variable.name.clone(),
                        Some(ReferenceIndex::BitSelect(bit)) => {
                            format!("{} [{bit}]", variable.name)
                        }
                        Some(ReferenceIndex::Range(high, low)) => {
                            format!("{} [{high}:{low}]", variable.name)
                        }
                    };
                    let width = FstSignalType::bit_vec(width(variable));
                    let (kind, direction) = (FstVarType::Wire, FstVarDirection::Implicit);
                    ids.push(header.var(name, width, kind, direction, None)?);
                }
            }
        }
        let mut body = header.finish()?;
        let mut now = 0;
        for (time, variable, value) in self.changes() {
            if time > now {
                body.time_change(time)?;
                now = time;
            }
            match self.variables[variable].kind {
                Kind::Bits(_) => body.signal_change(ids[variable], value)?,
                Kind::Text(letters) => {
                    body.signal_change(ids[variable], &letters_as_bits(value, letters))?;
                }
            }
        }
        body.time_change(self.end)?;
        Ok(body.finish()?.into_inner())
    }
}

/// Bits of a variable in an FST.
fn width(variable: &Variable) -> u32 {
    match variable.kind {
        Kind::Bits(width) => width,
        Kind::Text(letters) => 8 * letters,
    }
}

/// Text as a vector: its letters at the end, zeros before them.
fn letters_as_bits(text: &[u8], letters: u32) -> Vec<u8> {
    let letters = letters as usize;
    let text = &text[..text.len().min(letters)];
    let zeros = std::iter::repeat_n(&0_u8, letters - text.len());
    let bit = |byte: &u8, bit: u32| if byte >> bit & 1 == 1 { b'1' } else { b'0' };
    zeros.chain(text).flat_map(|byte| (0..8).rev().map(move |b| bit(byte, b))).collect()
}
