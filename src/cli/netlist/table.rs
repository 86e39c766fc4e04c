//! `stuckat netlist table`: all products of a range of operands under a fault.

use super::super::{Multiplier, faults, file, print};
use super::words::{counted, operation};
use crate::netlist::range::Range;
use crate::netlist::table::Tables;
use crate::npy;
use crate::report::table::grouped;
use crate::unit::{MulOp, ProductForm};
use anyhow::{Context, bail};
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLE: &str = "\
The file is an array for numpy.load: little-endian, in C order, of shape
(2^B1, 2^B2) for the range B1xB2. Rows are rs1, columns are rs2, both from the
most negative number to the most positive: the product of a and b is element
[a + 2^(B1-1), b + 2^(B2-1)]. Elements are uint32: the 32 bits of the result
register. With --errors they are int32: the faulty result minus the exact one,
modulo 2^32. Operands are sign-extended to 32 bits, also for operations that
take them as unsigned.

A fault under which products depend on earlier operations, or never come, has
no table: exit code 3. A file that is there already is kept: exit code 5.

Example:
  stuckat netlist table --op mul --range 9x8 --fault 'op_a_i[3]/SA1' \\
      --errors --out errors.npy
  python3 -c \"import numpy; print(numpy.load('errors.npy')[5 + 256, 3 + 128])\"
prints 24: instead of 5 times 3 the netlist multiplies 13 by 3.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(in super::super) struct Args {
    /// The operation
    #[arg(long, value_name = "OP", value_parser = operation())]
    op: MulOp,
    /// Bits of rs1 and of rs2 as signed numbers, e.g. 9x8: 2 to 16 each, 12 to 24 together
    #[arg(long, value_name = "B1xB2", value_parser = range)]
    range: Range,
    /// A fault, e.g. 'op_a_i[3]/SA1' (see 'stuckat netlist faults'); may be given several times for several faults at
    /// once
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// Write the table to this file (.npy); without it only the summary is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write errors (faulty minus exact) instead of products
    #[arg(long, requires = "out")]
    errors: bool,
    /// Replace the file if it is there already
    #[arg(long, requires = "out")]
    force: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    multiplier: Multiplier,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'c> {
    /// The multiplier's name, from its binding.
    multiplier: &'c str,
    /// `mul`, `mulh`, `mulhsu` or `mulhu`.
    op: &'static str,
    /// Bits of rs1 as a signed number.
    rs1_bits: u32,
    /// Bits of rs2 as a signed number.
    rs2_bits: u32,
    /// The faults, as `--fault` takes them.
    faults: Vec<String>,
    /// Products in the table: 2 to the sum of the bits.
    pairs: usize,
    /// The smallest form in which a campaign can keep the table: `exact` (no product is wrong), `mask` (all wrong ones by the
    /// same amount), `dictionary` (by one of up to 255 amounts), or `table`.
    form: &'static str,
    /// The amounts, where the form is `mask` or `dictionary`: faulty minus exact, modulo 2^32 as a signed number.
    errors: Vec<i32>,
    /// The form's size in bytes.
    form_bytes: usize,
    /// How many products are wrong.
    wrong: usize,
    /// Mean of |faulty - exact| over all pairs.
    mean_abs_error: f64,
    /// The largest |faulty - exact|.
    max_abs_error: u32,
    /// The file that was written; `null` without `--out`.
    file: Option<String>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(path) = args.out.as_ref().filter(|_| !args.force) {
        file::must_be_new(path)?;
    }
    let circuit = args.multiplier.load()?;
    let faults = faults(&args.fault, &circuit)?;
    let (op, range) = (args.op, args.range);
    let mut tables = Tables::new(&circuit, op, range).with_context(|| op.name())?;
    let form = tables.form(faults.faults()).with_context(|| faults.name(circuit.netlist()))?;
    let mut products = Vec::new();
    tables.products(faults.faults(), &mut products)?;
    let exact = |index: usize| {
        let (rs1, rs2) = range.pair(index);
        op.product(rs1, rs2)
    };
    for (index, product) in products.iter().enumerate() {
        // The form is made from differences to the sound netlist, the products are not.
        if form.product(index, exact(index)) != *product {
            let (rs1, rs2) = range.pair(index);
            bail!(
                "without a fault, {op} of {rs1:#010x} and {rs2:#010x} is not exact; see 'stuckat netlist check'"
            );
        }
    }
    let error = |index: usize| products[index].wrapping_sub(exact(index)).cast_signed();
    let sizes = || (0..products.len()).map(|index| error(index).unsigned_abs());
    let sum: u64 = sizes().map(u64::from).sum();
    let (form_name, errors) = match &form {
        ProductForm::Exact => ("exact", Vec::new()),
        ProductForm::Mask { error, .. } => ("mask", vec![*error]),
        ProductForm::Dictionary { errors, .. } => ("dictionary", errors[1..].to_vec()),
        ProductForm::Table(_) => ("table", Vec::new()),
    };
    let report = Report {
        multiplier: circuit.name(),
        op: op.name(),
        rs1_bits: range.rs1_bits,
        rs2_bits: range.rs2_bits,
        faults: faults.faults().iter().map(|fault| fault.name(circuit.netlist())).collect(),
        pairs: products.len(),
        form: form_name,
        errors: errors.into_iter().map(u32::cast_signed).collect(),
        form_bytes: form.bytes(),
        wrong: sizes().filter(|size| *size != 0).count(),
        mean_abs_error: sum as f64 / products.len() as f64,
        max_abs_error: sizes().max().unwrap_or(0),
        file: args.out.as_ref().map(|path| path.display().to_string()),
    };
    if let Some(path) = &args.out {
        if !args.force {
            file::must_be_new(path)?;
        }
        let shape = [1 << range.rs1_bits, 1 << range.rs2_bits];
        file::write_whole(path, |out| match args.errors {
            true => npy::write(out, shape, ascending(range).map(error)),
            false => npy::write(out, shape, ascending(range).map(|index| products[index])),
        })?;
    }
    if args.json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    } else {
        print(&text(&report))?;
    }
    Ok(())
}

/// Reads a range.
fn range(text: &str) -> Result<Range, String> {
    let bits = text.split_once(['x', 'X']);
    let bits = bits.and_then(|(rs1, rs2)| Some((rs1.parse().ok()?, rs2.parse().ok()?)));
    let (rs1, rs2) = bits.ok_or("write the bits of rs1 and of rs2, as 9x8")?;
    Range::new(rs1, rs2)
}

/// The indices of a range in the order of the file: rs1 and in it rs2, from the most negative to the most positive number.
fn ascending(range: Range) -> impl Iterator<Item = usize> {
    // In two's complement the negative half follows the positive one; turning the sign bits over exchanges them.
    let signs = 1 << (range.rs1_bits + range.rs2_bits - 1) | 1 << (range.rs2_bits - 1);
    (0..range.pairs()).map(move |place| place ^ signs)
}

fn text(report: &Report) -> String {
    let Report { rs1_bits, rs2_bits, op, .. } = report;
    let faults = match report.faults.as_slice() {
        [] => "no fault".to_owned(),
        faults => faults.join(" + "),
    };
    let bytes = counted(report.form_bytes, "byte");
    let form = match (report.form, report.errors.as_slice()) {
        ("mask", [error]) => format!("mask, {bytes}: every wrong product is wrong by {error}"),
        ("dictionary", errors) => {
            format!("dictionary of {}, {bytes}", counted(errors.len(), "error"))
        }
        (form, _) => format!("{form}, {bytes}"),
    };
    let share = 100.0 * report.wrong as f64 / report.pairs as f64;
    let mut text = format!(
        "{op} by '{}', {rs1_bits} x {rs2_bits} bits, signed; {faults}\n\
         products    {}\n\
         wrong       {} ({share:.2} %)\n\
         |error|     mean {:.4} over all products, at most {}\n\
         form        {form}\n",
        report.multiplier,
        grouped(report.pairs),
        grouped(report.wrong),
        report.mean_abs_error,
        grouped(report.max_abs_error as usize),
    );
    if let Some(file) = &report.file {
        text += &format!("written to  {file}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_goes_from_the_most_negative_operands_to_the_most_positive() {
        let range = Range::new(5, 7).expect("a range");
        let pairs = ascending(range).map(|index| range.pair(index));
        let signed = pairs.map(|(rs1, rs2)| (rs1.cast_signed(), rs2.cast_signed()));
        let expected = (-16..16).flat_map(|a| (-64..64).map(move |b| (a, b)));
        assert!(signed.eq(expected));
    }

    #[test]
    fn ranges_are_read_with_their_limits() {
        assert_eq!(range("9x8"), Ok(Range::WIDE_NARROW));
        assert_eq!(range("8X9"), Ok(Range::NARROW_WIDE));
        for text in ["", "9", "x", "9x", "9x8x7", "1x12", "17x6", "5x6", "13x12", "-9x8", "9 x 8"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
