//! A netlist bound as a multiplier: ports found and checked, controls worked out, and its clock simulated.
//!
//! In: a binding, a netlist, a cell library. Out: a [`Circuit`], which knows how to set the sources of an evaluation
//! and what a clock edge does to the state. How an operation is clocked is in [`super::gate_unit`].

use super::binding::{Active, Binding, Controls};
use super::cells::{Library, LibraryError};
use super::eval::{Injection, Lanes, evaluate, splat};
use super::program::Program;
use super::sequence::Sequences;
use super::{Direction, Net, Netlist, NetlistError, screen, verilog};
use crate::unit::{Answer, Latency, MulOp, Tuple};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Clocks without an operation after reset, before the first one.
pub const IDLE_CLOCKS_AFTER_RESET: u32 = 2;
/// Clocks without an operation between two operations.
pub const IDLE_CLOCKS_BETWEEN: u32 = 1;

/// The default multiplier's files, part of the program so that it needs no installation.
const DEFAULT_BINDING: &str = include_str!("../../netlists/single_cycle.toml");
const DEFAULT_NETLIST: &str = include_str!("../../netlists/mapped/single_cycle.v");
const DEFAULT_CELLS: &str = include_str!("../../netlists/cells/nangate45.lib");
const DEFAULT_NAMES: [&str; 3] = ["single_cycle.toml", "single_cycle.v", "nangate45.lib"];

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

/// A register outside the netlist.
#[derive(Clone, Debug)]
pub struct ExternalRegister {
    /// Inputs that show its value, bit 0 first.
    pub q: Vec<Net>,
    /// Outputs that are written to it.
    pub d: Vec<Net>,
    /// Whether they are written at this clock's edge.
    pub write: Net,
    /// Value after reset.
    pub reset: u64,
    /// Whether the core's divider leaves its result in it.
    pub written_by_div: bool,
}

/// What flip-flops and external registers hold, per lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State<const N: usize> {
    /// One entry a flip-flop of the program.
    pub flops: Vec<Lanes<N>>,
    /// Bits of each external register.
    pub registers: Vec<Vec<Lanes<N>>>,
}

/// A netlist bound as a multiplier.
#[derive(Clone, Debug)]
pub struct Circuit {
    name: String,
    netlist: Netlist,
    program: Program,
    rs1: Vec<Net>,
    rs2: Vec<Net>,
    value: Vec<Net>,
    valid: Option<Net>,
    clock: Option<Net>,
    reset: Option<(Net, bool)>,
    idle: Vec<(Net, bool)>,
    operations: [Vec<(Net, bool)>; 4],
    registers: Vec<ExternalRegister>,
    max_clocks: u32,
    latency: Latency,
    sources: Vec<SourceFile>,
}

impl Circuit {
    /// The default multiplier: cve2's single-cycle unit in NanGate-45-named cells.
    ///
    /// # Panics
    /// If the files that this program was built with are broken.
    pub fn default_multiplier() -> Self {
        let [binding, netlist, cells] = DEFAULT_NAMES;
        let files =
            [(binding, DEFAULT_BINDING), (netlist, DEFAULT_NETLIST), (cells, DEFAULT_CELLS)];
        Self::build(files).expect("the built-in multiplier is sound")
    }

    /// Loads a binding and the files that it names; `netlist` replaces the netlist that it names.
    ///
    /// # Errors
    /// [`CircuitError`] naming the file and the cause.
    pub fn load(binding: Option<&Path>, netlist: Option<&Path>) -> Result<Self, CircuitError> {
        let (binding_name, binding_text) = match binding {
            Some(path) => (display(path), read(path)?),
            None => ("the built-in binding".to_owned(), DEFAULT_BINDING.to_owned()),
        };
        let parsed = Binding::parse(&binding_text)
            .map_err(|what| CircuitError::Binding { file: binding_name.clone(), what })?;
        let beside = |file: &str| binding.map(|b| b.with_file_name("").join(file));
        let netlist = netlist.map(Path::to_path_buf).or_else(|| beside(&parsed.netlist));
        let (netlist_name, netlist_text) = match &netlist {
            Some(path) => (display(path), read(path)?),
            None => ("the built-in netlist".to_owned(), DEFAULT_NETLIST.to_owned()),
        };
        let (cells_name, cells_text) = match beside(&parsed.cells) {
            Some(path) => (display(&path), read(&path)?),
            None => ("the built-in cell library".to_owned(), DEFAULT_CELLS.to_owned()),
        };
        let mut circuit = Self::build([
            (binding_name.as_str(), binding_text.as_str()),
            (&netlist_name, &netlist_text),
            (&cells_name, &cells_text),
        ])?;
        if let Some(what) = circuit.first_wrong_product(&sample_tuples()) {
            return Err(CircuitError::Binding { file: binding_name, what });
        }
        let builtin = [binding.is_none(), netlist.is_none(), binding.is_none()];
        for ((source, name), builtin) in circuit.sources.iter_mut().zip(DEFAULT_NAMES).zip(builtin)
        {
            if builtin {
                source.name = name.to_owned();
            }
        }
        Ok(circuit)
    }

    /// Builds a circuit from the named texts of binding, netlist and cell library. Does not look at products.
    ///
    /// # Errors
    /// [`CircuitError`] naming the file and the cause.
    pub fn build(files: [(&str, &str); 3]) -> Result<Self, CircuitError> {
        let [(binding_file, binding), (netlist_file, netlist), (cells_file, cells)] = files;
        let in_binding = |what| CircuitError::Binding { file: binding_file.to_owned(), what };
        let in_netlist = |cause| CircuitError::Netlist { file: netlist_file.to_owned(), cause };
        let binding = Binding::parse(binding).map_err(in_binding)?;
        let library = Library::parse(cells)
            .map_err(|cause| CircuitError::Library { file: cells_file.to_owned(), cause })?;
        let netlist = verilog::parse(netlist, &binding.module, &library).map_err(in_netlist)?;
        let program = Program::compile(&netlist).map_err(in_netlist)?;
        let mut circuit = Self::bind(&binding, netlist, program).map_err(in_binding)?;
        circuit.sources = files.map(|(name, text)| source_file(name, text)).to_vec();
        circuit.latency = circuit.measure_latency().map_err(in_binding)?;
        Ok(circuit)
    }

    fn bind(binding: &Binding, netlist: Netlist, program: Program) -> Result<Self, String> {
        if !(1..=1000).contains(&binding.max_clocks) {
            return Err(format!("max_clocks = {}; 1 to 1000 make sense", binding.max_clocks));
        }
        let ports = Ports { netlist: &netlist };
        let clock =
            binding.clock.as_ref().map(|c| ports.bit(&c.port, Direction::Input)).transpose()?;
        let reset = match &binding.reset {
            Some(r) => Some((ports.bit(&r.port, Direction::Input)?, r.active == Active::High)),
            None => None,
        };
        let rs1 = ports.wide(&binding.operands.rs1, Direction::Input, 32)?;
        let rs2 = ports.wide(&binding.operands.rs2, Direction::Input, 32)?;
        let value = ports.wide(&binding.answer.value, Direction::Output, 32)?;
        let valid = binding.answer.valid.as_deref();
        let valid = valid.map(|p| ports.bit(p, Direction::Output)).transpose()?;
        let registers: Vec<_> =
            binding.register.iter().map(|r| ports.register(r)).collect::<Result<_, _>>()?;
        if let Some(flop) = program.flops.iter().find(|f| Some(f.clock) != clock) {
            let net = netlist.net_name(flop.clock);
            return Err(format!(
                "a flip-flop is clocked by net '{net}', which is not [clock] port; gated and further clocks are not supported"
            ));
        }
        let mut given: Vec<Net> = rs1.iter().chain(&rs2).copied().collect();
        given.extend(registers.iter().flat_map(|r| r.q.iter().copied()));
        given.extend(clock.into_iter().chain(reset.map(|(net, _)| net)));
        let twice = given.iter().enumerate().find(|(i, net)| given[..*i].contains(net));
        if let Some((_, net)) = twice {
            let name = netlist.net_name(*net);
            return Err(format!(
                "input '{name}' has two roles among clock, reset, operands and registers"
            ));
        }
        let inactive = reset.map(|(net, active)| (net, !active));
        let controls = |section: &str, controls: &Controls| -> Result<Vec<(Net, bool)>, String> {
            ports.controls(section, controls, &given, inactive)
        };
        let ops = &binding.operation;
        let operations = [
            controls("[operation.mul]", &ops.mul)?,
            controls("[operation.mulh]", &ops.mulh)?,
            controls("[operation.mulhsu]", &ops.mulhsu)?,
            controls("[operation.mulhu]", &ops.mulhu)?,
        ];
        let idle = controls("[idle]", &binding.idle)?;
        Ok(Self {
            name: binding.name.clone(),
            rs1,
            rs2,
            value,
            valid,
            clock,
            reset,
            idle,
            operations,
            registers,
            max_clocks: binding.max_clocks,
            latency: Latency::SINGLE_CYCLE,
            sources: Vec::new(),
            netlist,
            program,
        })
    }

    /// The fault-free cycle counts; also refuses a unit that carries state even without a fault.
    fn measure_latency(&self) -> Result<Latency, String> {
        let sequences = Sequences::new(self, None)
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
        let sound = Sequences::new(self, None).ok()?;
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
        self.clock
    }

    /// The reset's net.
    pub fn reset_net(&self) -> Option<Net> {
        self.reset.map(|(net, _)| net)
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

    /// The registers outside the netlist.
    pub fn registers(&self) -> &[ExternalRegister] {
        &self.registers
    }

    /// Nets of the first and of the second operand, bit 0 first.
    pub fn operands(&self) -> (&[Net], &[Net]) {
        (&self.rs1, &self.rs2)
    }

    /// Nets of the answer, bit 0 first.
    pub fn value_nets(&self) -> &[Net] {
        &self.value
    }

    /// The net that says whether the answer stands; `None` if it always does.
    pub fn valid_net(&self) -> Option<Net> {
        self.valid
    }

    /// The values of all other inputs during an operation.
    pub fn operation_controls(&self, op: MulOp) -> &[(Net, bool)] {
        &self.operations[op.index()]
    }

    /// The values of all other inputs between operations.
    pub fn idle_controls(&self) -> &[(Net, bool)] {
        &self.idle
    }

    /// Values for all slots, to be given to [`Circuit::set_sources`]; constants are in place.
    pub fn new_values<const N: usize>(&self) -> Vec<Lanes<N>> {
        let mut values = vec![[0; N]; self.program.slots];
        for (net, value) in self.netlist.constants() {
            values[net.index()] = splat(*value);
        }
        values
    }

    /// Writes controls and state into `values`. Operands are the caller's.
    pub fn set_sources<const N: usize>(
        &self,
        values: &mut [Lanes<N>],
        controls: &[(Net, bool)],
        state: &State<N>,
    ) {
        for (net, value) in controls {
            values[net.index()] = splat(*value);
        }
        for (flop, state) in self.program.flops.iter().zip(&state.flops) {
            if let Some(q) = flop.q {
                values[q.index()] = *state;
            }
            if let Some(qn) = flop.qn {
                values[qn.index()] = state.map(|w| !w);
            }
        }
        for (register, bits) in self.registers.iter().zip(&state.registers) {
            for (net, bit) in register.q.iter().zip(bits) {
                values[net.index()] = *bit;
            }
        }
    }

    /// What the clock edge after an evaluation does to the state.
    pub fn clock_edge<const N: usize>(&self, values: &[Lanes<N>], state: &mut State<N>) {
        for (flop, state) in self.program.flops.iter().zip(&mut state.flops) {
            *state = values[flop.next as usize];
        }
        for (register, bits) in self.registers.iter().zip(&mut state.registers) {
            let write = values[register.write.index()];
            for (net, bit) in register.d.iter().zip(bits) {
                let d = values[net.index()];
                *bit = std::array::from_fn(|i| (d[i] & write[i]) | (bit[i] & !write[i]));
            }
        }
    }

    /// One clock with idle inputs and operands 0.
    pub fn idle_clock<const N: usize>(
        &self,
        values: &mut [Lanes<N>],
        state: &mut State<N>,
        injections: &[Injection<N>],
    ) {
        for net in self.rs1.iter().chain(&self.rs2) {
            values[net.index()] = [0; N];
        }
        self.set_sources(values, &self.idle, state);
        evaluate(&self.program, values, injections);
        self.clock_edge(values, state);
    }

    /// The state after reset and the idle clocks that follow it. A flip-flop without a reset starts at 0.
    pub fn reset_state<const N: usize>(
        &self,
        values: &mut [Lanes<N>],
        injections: &[Injection<N>],
    ) -> State<N> {
        let after_reset = |r: &ExternalRegister| -> Vec<Lanes<N>> {
            (0..r.q.len()).map(|i| splat(i < 64 && r.reset >> i & 1 == 1)).collect()
        };
        let mut state = State {
            flops: vec![[0; N]; self.program.flops.len()],
            registers: self.registers.iter().map(after_reset).collect(),
        };
        if let Some((net, active)) = self.reset {
            let registers = state.registers.clone();
            for net in self.rs1.iter().chain(&self.rs2) {
                values[net.index()] = [0; N];
            }
            self.set_sources(values, &self.idle, &state);
            values[net.index()] = splat(active);
            evaluate(&self.program, values, injections);
            self.clock_edge(values, &mut state);
            // The registers outside are held by the same reset.
            state.registers = registers;
        }
        for _ in 0..IDLE_CLOCKS_AFTER_RESET {
            self.idle_clock(values, &mut state, injections);
        }
        state
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

/// Finds ports and checks their directions and widths.
struct Ports<'n> {
    netlist: &'n Netlist,
}

impl Ports<'_> {
    fn port(&self, name: &str, direction: Direction) -> Result<&[Net], String> {
        let port = self.netlist.port(name).ok_or_else(|| {
            let all: Vec<_> = self.netlist.ports.iter().map(|p| p.name.as_str()).collect();
            let module = &self.netlist.module;
            format!("module '{module}' has no port '{name}'; it has: {}", all.join(", "))
        })?;
        if port.direction == direction {
            Ok(&port.bits)
        } else {
            let is = if port.direction == Direction::Input { "an input" } else { "an output" };
            Err(format!("port '{name}' is {is}, which does not fit its use here"))
        }
    }

    fn wide(&self, name: &str, direction: Direction, width: usize) -> Result<Vec<Net>, String> {
        let bits = self.port(name, direction)?;
        if bits.len() == width {
            Ok(bits.to_vec())
        } else {
            Err(format!("port '{name}' has {} bits; {width} are needed", bits.len()))
        }
    }

    fn bit(&self, name: &str, direction: Direction) -> Result<Net, String> {
        self.wide(name, direction, 1).map(|bits| bits[0])
    }

    fn register(&self, r: &super::binding::Register) -> Result<ExternalRegister, String> {
        let q = self.port(&r.q, Direction::Input)?.to_vec();
        if q.len() < 64 && r.reset >> q.len() != 0 {
            let (reset, bits) = (r.reset, q.len());
            return Err(format!(
                "[[register]] {}: reset = {reset} does not fit its {bits} bits",
                r.q
            ));
        }
        let d = self.wide(&r.d, Direction::Output, q.len())?;
        let write = self.bit(&r.write, Direction::Output)?;
        Ok(ExternalRegister { q, d, write, reset: r.reset, written_by_div: r.written_by_div })
    }

    /// Turns a section of control values into nets; every input that nothing else gives must be in it.
    fn controls(
        &self,
        section: &str,
        controls: &Controls,
        given: &[Net],
        always: Option<(Net, bool)>,
    ) -> Result<Vec<(Net, bool)>, String> {
        let mut nets: Vec<(Net, bool)> = always.into_iter().collect();
        for (name, value) in controls {
            let bits = self.port(name, Direction::Input).map_err(|e| format!("{section}: {e}"))?;
            if bits.len() < 64 && value >> bits.len() != 0 {
                let n = bits.len();
                return Err(format!(
                    "{section}: {name} = {value} does not fit the port's {n} bits"
                ));
            }
            if bits.iter().any(|net| given.contains(net)) {
                return Err(format!(
                    "{section}: '{name}' already has another role in this binding"
                ));
            }
            nets.extend(
                bits.iter().enumerate().map(|(i, net)| (*net, i < 64 && value >> i & 1 == 1)),
            );
        }
        let inputs = self.netlist.ports.iter().filter(|p| p.direction == Direction::Input);
        for port in inputs {
            let set = |net: &Net| given.contains(net) || nets.iter().any(|(n, _)| n == net);
            if !port.bits.iter().all(set) {
                return Err(format!("{section}: input '{}' has no value; add it", port.name));
            }
        }
        Ok(nets)
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

fn read(path: &Path) -> Result<String, CircuitError> {
    std::fs::read_to_string(path)
        .map_err(|cause| CircuitError::Read { file: path.to_owned(), cause })
}

fn source_file(name: &str, text: &str) -> SourceFile {
    let name = Path::new(name).file_name().map_or(name.to_owned(), |n| n.to_string_lossy().into());
    SourceFile { name, sha256: crate::hex(&Sha256::digest(text)) }
}
