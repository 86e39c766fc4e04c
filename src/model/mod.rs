//! Networks as users bring them: `.tflite` files, and the pictures that they look at.
//!
//! In: the bytes of a file. Out: a [`Model`]: what goes in, what comes out, which operators there are. The host does not compute the
//! network; the firmware does, from the same file. The host only needs to know how to make its input and read its output.
//!
//! Format: TensorFlow Lite's schema, version 3 (`schema.fbs`); field numbers below are those of its tables.

mod flatbuffer;
pub mod input;
mod operators;

use flatbuffer::{Damaged, Table};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// Tensors, operators and dimensions that one file may have: far more than a microcontroller's network has.
const LIMIT: usize = 1 << 16;

/// Why a file is no model for this program.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ModelError {
    /// No TFLite file.
    #[error("not a .tflite file (bytes 4 to 7 are not 'TFL3')")]
    NotTflite,
    /// The file contradicts itself.
    #[error("a damaged .tflite file: {0}")]
    Damaged(#[from] Damaged),
    /// Something in it refers to what is not there, or makes no sense.
    #[error("a damaged .tflite file: {0}")]
    Inconsistent(String),
    /// A sound file that this program does not handle.
    #[error("{0}")]
    Unsupported(String),
}

/// Types of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// 32-bit floating point.
    F32,
    /// 32-bit integers.
    I32,
    /// 8-bit unsigned integers, with scale and zero point.
    U8,
    /// 64-bit integers.
    I64,
    /// 16-bit integers.
    I16,
    /// 8-bit signed integers, with scale and zero point.
    I8,
    /// Another one, by its number in the schema.
    Other(i8),
}

impl Type {
    fn new(number: i8) -> Self {
        match number {
            0 => Self::F32,
            2 => Self::I32,
            3 => Self::U8,
            4 => Self::I64,
            7 => Self::I16,
            9 => Self::I8,
            other => Self::Other(other),
        }
    }

    /// Bytes of an element, where known.
    pub fn bytes(self) -> Option<usize> {
        match self {
            Self::I8 | Self::U8 => Some(1),
            Self::I16 => Some(2),
            Self::F32 | Self::I32 => Some(4),
            Self::I64 => Some(8),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F32 => f.write_str("float32"),
            Self::I32 => f.write_str("int32"),
            Self::U8 => f.write_str("uint8"),
            Self::I64 => f.write_str("int64"),
            Self::I16 => f.write_str("int16"),
            Self::I8 => f.write_str("int8"),
            Self::Other(number) => write!(f, "type {number}"),
        }
    }
}

/// How numbers stand for real values: `real = scale * (number - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantisation {
    /// Real value of one step.
    pub scale: f32,
    /// The number that stands for 0.
    pub zero_point: i64,
}

/// What is known of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name in the file.
    pub name: String,
    /// Extents, the last one fastest.
    pub shape: Vec<usize>,
    /// Type of the elements.
    pub kind: Type,
    /// Of a tensor with one scale.
    pub quantisation: Option<Quantisation>,
    /// Whether the file has its content.
    pub constant: bool,
}

impl Tensor {
    /// Elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes, where its type is known.
    pub fn bytes(&self) -> Option<usize> {
        Some(self.len() * self.kind.bytes()?)
    }

    /// The shape, as in `1 x 32 x 32 x 3`.
    pub fn shape_text(&self) -> String {
        let extents: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        if extents.is_empty() { "scalar".into() } else { extents.join(" x ") }
    }
}

/// One operator, in the order of execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Its name in TFLite, e.g. `CONV_2D`; of a custom one, the name that it was given.
    pub name: String,
    /// Tensors that it reads; absent ones left out.
    pub inputs: Vec<usize>,
    /// Tensors that it writes.
    pub outputs: Vec<usize>,
    /// Multiply-accumulate operations, taps in the padding included; 0 for operators that have none.
    pub macs: u64,
}

/// A network.
#[derive(Clone, Debug)]
pub struct Model {
    bytes: Vec<u8>,
    /// All tensors.
    pub tensors: Vec<Tensor>,
    /// What goes in.
    pub inputs: Vec<usize>,
    /// What comes out.
    pub outputs: Vec<usize>,
    /// What is done, in order.
    pub operators: Vec<Operator>,
}

impl Model {
    /// Reads a `.tflite` file.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ModelError> {
        if bytes.get(4..8) != Some(b"TFL3") {
            return Err(ModelError::NotTflite);
        }
        let root = Table::root(&bytes)?;
        let version: u32 = root.scalar(0, 0)?;
        if version != 3 {
            return Err(ModelError::Unsupported(format!(
                "schema version {version} of TFLite; only version 3 is read"
            )));
        }
        let graphs = root.tables(2)?;
        let [graph] = graphs.as_slice() else {
            let what = format!(
                "the file has {} subgraphs; only files with one are run, convert without control flow",
                graphs.len()
            );
            return Err(ModelError::Unsupported(what));
        };
        let buffers = root.tables(4)?;
        let filled = buffers.iter().map(|b| Ok(!b.bytes(0)?.is_empty()));
        let filled = filled.collect::<Result<Vec<bool>, Damaged>>()?;
        let tables = graph.tables(0)?;
        if tables.len() > LIMIT {
            return Err(ModelError::Inconsistent(format!("{} tensors", tables.len())));
        }
        let tensors = tables.iter().enumerate().map(|(i, t)| tensor(i, t, &filled));
        let tensors = tensors.collect::<Result<Vec<_>, _>>()?;
        let names = root.tables(1)?.iter().map(operators::name).collect::<Result<Vec<_>, _>>()?;
        let operators = graph.tables(3)?;
        let operators = operators.iter().enumerate().map(|(i, t)| operator(i, t, &names, &tensors));
        let operators = operators.collect::<Result<Vec<_>, _>>()?;
        let inputs = indices(&graph.scalars(1)?, &tensors, "an input of the network", false)?;
        let outputs = indices(&graph.scalars(2)?, &tensors, "an output of the network", false)?;
        if inputs.is_empty() || outputs.is_empty() {
            return Err(ModelError::Inconsistent("the network has no input or no output".into()));
        }
        for i in inputs.iter().chain(&outputs) {
            let t = &tensors[*i];
            if !matches!(t.kind, Type::I8 | Type::U8 | Type::F32) {
                return Err(ModelError::Unsupported(format!(
                    "tensor '{}' is of {}; networks with int8, uint8 or float32 inputs and outputs are run",
                    t.name, t.kind
                )));
            }
        }
        Ok(Self { tensors, inputs, outputs, operators, bytes })
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file, in hexadecimal.
    pub fn sha256(&self) -> String {
        crate::hex(&Sha256::digest(&self.bytes))
    }

    /// Bytes of all inputs, one after the other.
    pub fn input_len(&self) -> usize {
        self.inputs.iter().filter_map(|i| self.tensors[*i].bytes()).sum()
    }

    /// Bytes of all outputs, one after the other.
    pub fn output_len(&self) -> usize {
        self.outputs.iter().filter_map(|i| self.tensors[*i].bytes()).sum()
    }

    /// The first input.
    pub fn input(&self) -> &Tensor {
        &self.tensors[self.inputs[0]]
    }

    /// The first output.
    pub fn output(&self) -> &Tensor {
        &self.tensors[self.outputs[0]]
    }

    /// Multiply-accumulate operations of one inference.
    pub fn macs(&self) -> u64 {
        self.operators.iter().map(|op| op.macs).sum()
    }
}

fn tensor(index: usize, table: &Table, filled: &[bool]) -> Result<Tensor, ModelError> {
    let wrong = |what: String| ModelError::Inconsistent(format!("tensor {index}: {what}"));
    let name = String::from_utf8_lossy(table.bytes(3)?).into_owned();
    let shape: Vec<i32> = table.scalars(0)?;
    let extents = shape.iter().map(|n| usize::try_from(*n));
    let extents = extents.collect::<Result<Vec<_>, _>>();
    let extents = extents.map_err(|_| wrong(format!("its shape is {shape:?}")))?;
    let size = extents.iter().try_fold(1_usize, |size, n| size.checked_mul(*n));
    if size.is_none_or(|size| size > 1 << 31) || extents.len() > LIMIT {
        return Err(wrong(format!("its shape {shape:?} has too many elements")));
    }
    let buffer: u32 = table.scalar(2, 0)?;
    let constant = *filled
        .get(buffer as usize)
        .ok_or_else(|| wrong(format!("buffer {buffer} of {}", filled.len())))?;
    let mut quantisation = None;
    if let Some(q) = table.table(4)? {
        let (scales, zeros) = (q.scalars::<f32>(2)?, q.scalars::<i64>(3)?);
        if let ([scale], [zero_point]) = (scales.as_slice(), zeros.as_slice()) {
            quantisation = Some(Quantisation { scale: *scale, zero_point: *zero_point });
        }
    }
    let kind = Type::new(table.scalar(1, 0)?);
    Ok(Tensor { name, shape: extents, kind, quantisation, constant })
}

/// Tensor indices of a list; -1, where it may be, stands for an absent tensor.
fn indices(
    list: &[i32],
    tensors: &[Tensor],
    what: &str,
    absent: bool,
) -> Result<Vec<usize>, ModelError> {
    let there = list.iter().filter(|i| !(absent && **i == -1));
    there
        .map(|i| {
            let index = usize::try_from(*i).ok().filter(|i| *i < tensors.len());
            index.ok_or_else(|| {
                ModelError::Inconsistent(format!("{what} is tensor {i} of {}", tensors.len()))
            })
        })
        .collect()
}

fn operator(
    index: usize,
    table: &Table,
    names: &[String],
    tensors: &[Tensor],
) -> Result<Operator, ModelError> {
    let code: u32 = table.scalar(0, 0)?;
    let name = names.get(code as usize).ok_or_else(|| {
        ModelError::Inconsistent(format!(
            "operator {index}: operator code {code} of {}",
            names.len()
        ))
    })?;
    let what = format!("a tensor of operator {index} ({name})");
    let all: Vec<i32> = table.scalars(1)?;
    let inputs = indices(&all, tensors, &what, true)?;
    let outputs = indices(&table.scalars(2)?, tensors, &what, false)?;
    let macs = operators::macs(name, &inputs, &outputs, tensors);
    Ok(Operator { name: name.clone(), inputs, outputs, macs })
}
