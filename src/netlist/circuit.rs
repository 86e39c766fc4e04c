//! A netlist bound as a multiplier.
//!
//! In: a binding, a netlist, a cell library. Out: a [`Circuit`], which knows what drives every input in every clock, and which
//! of its flip-flops hold data. What a clock edge does is in [`super::clocking`], how an operation is clocked in
//! [`super::gate_unit`].

use super::binding::Binding;
use super::cells::{Library, LibraryError};
use super::files::{File, Files};
use super::ports::{self, Drive, Operation, Register, RegisterPlace, Roles};
use super::program::Program;
use super::sequence::Sequences;
use super::unroll::data_flops;
use super::words::{Word, words};
use super::{Net, Netlist, NetlistError, read as read_netlist, screen};
use crate::unit::{Answer, Latency, MulOp, Part, Tuple};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use thiserror::Error;

/// Why a binding, a netlist or a cell library cannot be used. Names the file.
#[derive(Debug, Error)]
pub enum CircuitError {
    /// A file cannot be read.
    #[error("{file}: cannot be read: {cause}")]
    Read {
        /// The file.
        file: PathBuf,
        /// The operating system's words.
        cause: std::io::Error,
    },
    /// The binding is not right.
    #[error("{file}: {what}")]
    Binding {
        /// The file.
        file: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The cell library is not right.
    #[error("{file}: {cause}")]
    Library {
        /// The file.
        file: String,
        /// What is wrong.
        cause: LibraryError,
    },
    /// The netlist is not right.
    #[error("{file}: {cause}")]
    Netlist {
        /// The file.
        file: String,
        /// What is wrong.
        cause: NetlistError,
    },
}

/// A file that the circuit was made from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SourceFile {
    /// Its name, without its folder.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A netlist bound as a multiplier.
#[derive(Clone, Debug)]
pub struct Circuit {
    name: String,
    netlist: Netlist,
    program: Program,
    roles: Roles,
    /// For each flip-flop, whether it holds data: what an operation leaves there, no later one looks at.
    data: Vec<bool>,
    max_clocks: u32,
    latency: Latency,
    sources: Vec<SourceFile>,
    /// What [`Circuit::words`] gives, once it was asked.
    words: OnceLock<[Vec<Word>; 4]>,
}

impl Circuit {
    /// The default multiplier: cve2's single-cycle unit in NanGate-45-named cells.
    ///
    /// # Panics
    /// If the files that this program was built with are broken.
    pub fn default_multiplier() -> Self {
        let files = Files::find(None, None).expect("it is built in");
        Self::build_from(&files).expect("the built-in multiplier is sound")
    }

    /// Loads a binding (a file, or the name of a built-in multiplier; the default one if there is none) and what it names;
    /// `netlist` replaces the netlist that it names.
    ///
    /// # Errors
    /// [`CircuitError`] naming the file and the cause.
    pub fn load(binding: Option<&Path>, netlist: Option<&Path>) -> Result<Self, CircuitError> {
        let files = Files::find(binding, netlist)?;
        let circuit = Self::build_from(&files)?;
        match circuit.first_wrong_product(&sample_tuples()) {
            Some(what) => Err(CircuitError::Binding { file: files.binding.shown, what }),
            None => Ok(circuit),
        }
    }

    /// Builds a circuit from the named texts of binding, netlist and cell library. Does not look at products.
    ///
    /// # Errors
    /// [`CircuitError`] naming the file and the cause.
    pub fn build(files: [(&str, &str); 3]) -> Result<Self, CircuitError> {
        let [binding, netlist, cells] = files.map(|(name, text)| File::given(name, text));
        Self::build_from(&Files { binding, netlist, cells: vec![cells] })
    }

    fn build_from(files: &Files) -> Result<Self, CircuitError> {
        let in_binding = |what| CircuitError::Binding { file: files.binding.shown.clone(), what };
        let in_netlist = |cause| CircuitError::Netlist { file: files.netlist.shown.clone(), cause };
        let binding = Binding::parse(&files.binding.text).map_err(in_binding)?;
        let mut library = Library::default();
        for file in &files.cells {
            let added = Library::parse(&file.text).and_then(|more| library.add(more));
            added.map_err(|cause| CircuitError::Library { file: file.shown.clone(), cause })?;
        }
        let File { shown, text, .. } = &files.netlist;
        let netlist = read_netlist(shown, text, &binding.module, &library).map_err(in_netlist)?;
        let program = Program::compile(&netlist).map_err(in_netlist)?;
        let mut circuit = Self::bind(&binding, netlist, program).map_err(in_binding)?;
        let all = [&files.binding, &files.netlist].into_iter().chain(&files.cells);
        circuit.sources = all.map(source_file).collect();
        circuit.latency = circuit.measure_latency().map_err(in_binding)?;
        Ok(circuit)
    }

    fn bind(binding: &Binding, netlist: Netlist, program: Program) -> Result<Self, String> {
        if !(1..=1000).contains(&binding.max_clocks) {
            return Err(format!("max_clocks = {}; 1 to 1000 make sense", binding.max_clocks));
        }
        let roles = ports::resolve(binding, &netlist, &program)?;
        let mut data = vec![false; program.flops.len()];
        for register in &roles.registers {
            if let RegisterPlace::Inside(flops) = &register.place {
                flops.iter().for_each(|flop| data[*flop] = true);
            }
        }
        let mut circuit = Self {
            name: binding.name.clone(),
            netlist,
            program,
            roles,
            data,
            max_clocks: binding.max_clocks,
            latency: Latency::SINGLE_CYCLE,
            sources: Vec::new(),
            words: OnceLock::new(),
        };
        circuit.data = data_flops(&circuit);
        Ok(circuit)
    }

    /// The fault-free cycle counts; also refuses a unit that carries state even without a fault.
    fn measure_latency(&self) -> Result<Latency, String> {
        let sequences = Sequences::new(self, &[])
            .map_err(|why| format!("even without a fault the unit is not usable: {why}"))?;
        let cycles = MulOp::ALL.map(|op| sequences.of(op).cycles());
        match cycles {
            [Some(low), Some(a), Some(b), Some(c)] if a == b && b == c => {
                Ok(Latency { low, high: a, early_out: false })
            }
            [Some(_), Some(_), Some(_), Some(_)] => {
                Err("mulh, mulhsu and mulhu take different numbers of clocks".into())
            }
            _ => {
                let op = MulOp::ALL[cycles.iter().position(Option::is_none).unwrap_or(0)];
                Err(format!(
                    "without a fault, {op} has no answer within max_clocks = {}; check [operation.{op}] and [answer] valid",
                    self.max_clocks
                ))
            }
        }
    }

    /// Says, if it is so, which of the operations the sound unit answers wrongly, and how.
    pub fn first_wrong_product(&self, tuples: &[Tuple]) -> Option<String> {
        let sound = Sequences::new(self, &[]).ok()?;
        let judged = tuples.iter().zip(screen::answers(&sound, tuples));
        judged.into_iter().find_map(|(Tuple { op, rs1, rs2 }, answer)| {
            let right = op.product(*rs1, *rs2);
            match answer {
                Answer::Done { value, .. } if value == right => None,
                _ => Some(format!(
                    "without a fault, {op} of {rs1:#010x} and {rs2:#010x} gives {answer:x?}, not {right:#010x}; check the ports, [operation.{op}], and that the netlist multiplies"
                )),
            }
        })
    }

    /// What the multiplier is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its netlist.
    pub fn netlist(&self) -> &Netlist {
        &self.netlist
    }

    /// Its gates in the order of evaluation.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The clock's net.
    pub fn clock(&self) -> Option<Net> {
        self.roles.clock
    }

    /// The reset's net.
    pub fn reset_net(&self) -> Option<Net> {
        self.roles.reset.map(|(net, _)| net)
    }

    /// The reset's net and the value at which it resets.
    pub fn reset(&self) -> Option<(Net, bool)> {
        self.roles.reset
    }

    /// The fault-free cycle counts.
    pub fn latency(&self) -> Latency {
        self.latency
    }

    /// An operation without an answer after so many clocks never answers.
    pub fn max_clocks(&self) -> u32 {
        self.max_clocks
    }

    /// The files that it was made from, with their hashes.
    pub fn sources(&self) -> &[SourceFile] {
        &self.sources
    }

    /// The registers that the binding names.
    pub fn registers(&self) -> &[Register] {
        &self.roles.registers
    }

    /// For each flip-flop, whether it holds data, not control: a sound unit never looks at what an earlier operation left in it.
    pub fn data_flops(&self) -> &[bool] {
        &self.data
    }

    /// How an operation is done.
    pub fn operation(&self, op: MulOp) -> &Operation {
        &self.roles.operations[op.index()]
    }

    /// Which nets of the sound unit are the bits of a number.
    pub(super) fn words(&self, op: MulOp) -> &[Word] {
        &self.words.get_or_init(|| MulOp::ALL.map(|op| words(self, op)))[op.index()]
    }

    /// Nets of an operation's answer, bit 0 first.
    pub fn answer_nets(&self, op: MulOp) -> &[Net] {
        &self.roles.answers[usize::from(op.part == Part::High)]
    }

    /// The net that says whether the answer stands, if there is one.
    pub fn valid_net(&self) -> Option<Net> {
        self.roles.valid
    }

    /// All inputs between operations.
    pub fn idle_drives(&self) -> &[(Net, Drive)] {
        &self.roles.idle
    }

    /// Every output net that the binding gives a role: what a fault must reach to be seen.
    pub fn observed(&self) -> Vec<Net> {
        let used = MulOp::ALL
            .into_iter()
            .filter(|op| matches!(self.operation(*op), Operation::Netlist { .. }));
        let mut nets: Vec<Net> = used.flat_map(|op| self.answer_nets(op)).copied().collect();
        nets.extend(self.roles.valid);
        for register in &self.roles.registers {
            if let RegisterPlace::Outside(r) = &register.place {
                nets.extend(r.d.iter().chain([&r.write]));
            }
        }
        nets.sort_unstable();
        nets.dedup();
        nets
    }
}

/// Operands on which a netlist has to multiply before it is used: all pairs of corners, and a few thousand mixed ones.
fn sample_tuples() -> Vec<Tuple> {
    let mut operands = vec![0, 1, 2, 3, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000];
    operands.extend([0x8000_0001, u32::MAX, u32::MAX - 1, 0xffff_8000, 0x5555_5555, 0xaaaa_aaaa]);
    // Multiplying by an odd constant visits bits in no order that a circuit could follow.
    operands.extend((1..48_u32).map(|i| i.wrapping_mul(0x9e37_79b9)));
    let mut tuples = Vec::new();
    for op in MulOp::ALL {
        for rs1 in &operands {
            tuples.extend(operands.iter().map(|rs2| Tuple { op, rs1: *rs1, rs2: *rs2 }));
        }
    }
    tuples
}

fn source_file(file: &File) -> SourceFile {
    SourceFile {
        name: file.name.clone(),
        sha256: crate::hex(&Sha256::digest(file.text.as_bytes())),
    }
}
