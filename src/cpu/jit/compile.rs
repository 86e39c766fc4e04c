//! When code is compiled, and when compiled code is given up.
//!
//! In: how often the interpreter has executed a block, and how compiled code was left. Out: functions in a [`Jit`], or fewer of them.

use super::super::Machine;
use super::super::block::fetch;
use super::super::probe::Probe;
use super::super::timing;
use super::context::Code;
use super::region::{self, Region};
use super::{
    ASTRAY, Entry, Function, Jit, LONGEST, LOOKED_AT, RENEWALS, halves_of, kind_of, lower,
};
use crate::native::Assembler;
use crate::soc::Bus;
use crate::unit::Unit;
use cranelift_codegen::ir::types;

/// So many times as many executions of a block that is in some function, not as an entry, make it one.
const STILL_HOT: u64 = 8;
/// Executions in a run that are remembered in the next.
const WORTH_KEEPING: u64 = 8;
/// Times in a row that a function may be entered and left at once before it is given up. A few are nothing: the first store into a page of memory
/// since a reset is the interpreter's.
const FRUITLESS: u32 = 32;
/// Bytes of host code after which all is made anew, so that no program can grow the host.
const CODE_LIMIT: usize = 64 << 20;
/// Functions likewise.
const FUNCTION_LIMIT: usize = 1 << 12;

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// Remembers, before all blocks are forgotten, which of them are worth compiling in the next run.
    pub(in crate::cpu) fn keep_heat(&mut self) {
        let Some(jit) = &mut self.jit else { return };
        for (pc, runs) in self.blocks.executed().filter(|(_, runs)| *runs >= WORTH_KEEPING) {
            let heat = jit.heat.entry(pc).or_default();
            *heat += runs;
            if *heat >= self.hot {
                jit.roots.insert(pc);
            }
        }
    }

    /// Makes a function anew, with the targets of jumps that were seen since.
    #[cold]
    pub(super) fn renew(&mut self, function: u32) {
        let Some(jit) = &mut self.jit else { return };
        let found = &jit.functions[function as usize];
        let renewals = jit.renewals.entry(found.root).or_default();
        if found.gone || found.strays < ASTRAY + LOOKED_AT || *renewals >= RENEWALS {
            return;
        }
        *renewals += 1;
        let root = found.root;
        jit.drop_function(function as usize);
        self.compile(root);
    }

    /// A function was entered and left at once.
    #[cold]
    pub(super) fn fruitless(&mut self, function: u32) {
        let Some(jit) = &mut self.jit else { return };
        let found = &mut jit.functions[function as usize];
        found.fruitless += 1;
        if found.fruitless > FRUITLESS {
            jit.drop_function(function as usize);
        }
    }

    /// A block has been executed so often: perhaps it is worth compiling.
    #[inline(always)]
    pub(in crate::cpu) fn heat(&mut self, pc: u32, runs: u64) {
        if !P::ACTIVE && (runs == self.hot || runs == self.hot.saturating_mul(STILL_HOT)) {
            self.hot_block(pc, runs == self.hot);
        }
    }

    /// Compiles a block that is executed often, or where a function is to begin.
    #[cold]
    pub(super) fn hot_block(&mut self, pc: u32, first: bool) {
        // A block of a function is executed by the interpreter until control comes to an entry: not for long, as a rule. At an
        // entry it is executed only where there is no time for compiled code.
        let known = self.jit.as_ref().is_some_and(|jit| {
            let Some(kind) = jit.kind else { return false };
            let kind = jit.kinds[kind].0;
            let usable = |function: &&Function| !function.gone && !function.barred;
            let has = |function: &Function| {
                let expected = function.entries.contains(&pc);
                expected || first && function.blocks.contains(&pc)
            };
            jit.functions
                .iter()
                .filter(usable)
                .any(|function| function.kind == kind && has(function))
        });
        if !known {
            self.compile(pc);
        }
    }

    /// Compiles the code from `pc` on for the present kind.
    #[cold]
    fn compile(&mut self, pc: u32) {
        let Some(mut jit) = self.jit.take() else { return };
        // Where nothing can be compiled, all goes on as before.
        let _ = self.compile_with(&mut jit, pc);
        self.jit = Some(jit);
    }

    fn compile_with(&mut self, jit: &mut Jit, pc: u32) -> Option<()> {
        let bytes = jit.assembler.as_ref().map_or(0, Assembler::bytes);
        if bytes > CODE_LIMIT || jit.functions.len() > FUNCTION_LIMIT {
            jit.clear();
        }
        let watched = self.first_difference.is_none();
        let kind = kind_of(&self.unit, watched, self.all_outside);
        let kind_number = jit.choose(kind);
        let region = Region::new(
            pc,
            |pc| fetch(&self.bus, pc).ok().map(|(insn, _)| insn),
            |pc| jit.warm.contains(&pc) || self.blocks.runs_at(pc) > 0,
            |pc| jit.targets.get(&pc).cloned().unwrap_or_default(),
            &jit.barriers,
        )?;
        let scope = self.blocks.scope();
        let outside = |op, pc| scope.is_some_and(|scope| !scope.contains(op, pc));
        let runs = |pc| self.blocks.runs_at(pc);
        let machine = lower::Machine { memory: jit.memory, kind, outside: &outside, runs: &runs };
        let longest = lower::longest(&region, &machine);
        // The answers' cycles have 16 bits.
        if longest > LONGEST {
            return None;
        }
        if jit.assembler.is_none() {
            jit.assembler = Some(Assembler::new().ok()?);
        }
        let assembler = jit.assembler.as_mut()?;
        let pointer = types::I64;
        let asked =
            assembler.signature(&[pointer, types::I32, types::I32, types::I32], Some(types::I64));
        let signature = assembler.signature(&[pointer, types::I32], Some(types::I32));
        let before = (std::time::Instant::now(), assembler.bytes());
        let address = assembler.function(signature, |builder| {
            lower::write(builder, &region, &machine, [asked.clone(), asked]);
        });
        let address = address.inspect_err(|error| log::warn!("{error}")).ok()?;
        log::debug!(
            "compiled {pc:#x}: {} instructions in {} blocks, {} entries, {} bytes, {:?}, {kind:?}",
            region.blocks.iter().map(|block| block.insns.len()).sum::<usize>(),
            region.blocks.len(),
            region.entries.len(),
            assembler.bytes() - before.1,
            before.0.elapsed(),
        );
        // SAFETY: the function was written with this signature, and lives as long as the assembler beside it.
        let code: Code = unsafe { std::mem::transmute::<*const u8, Code>(address) };
        let function = jit.functions.len() as u32;
        let entries = &mut jit.kinds[kind_number].1;
        for (number, pc) in region.entries.iter().enumerate() {
            let unaligned = region.block(*pc).is_some_and(region::Block::unaligned);
            let entry = Entry {
                code,
                number: number as u32,
                function,
                longest: longest as u32,
                unaligned: if unaligned { timing::UNALIGNED_TARGET as u32 } else { 0 },
            };
            // The latest knows most of what is executed.
            entries.all.insert(*pc, entry);
        }
        entries.forget_front();
        jit.roots.insert(pc);
        jit.warm.extend(region.blocks.iter().map(region::Block::pc));
        self.blocks.keep_guarded(&region.ranges, &mut self.bus);
        jit.functions.push(Function {
            halves: halves_of(&self.bus, &region.ranges).collect(),
            ranges: region.ranges,
            entries: region.entries,
            blocks: region.blocks.iter().map(region::Block::pc).collect(),
            kind,
            root: pc,
            strays: 0,
            fruitless: 0,
            gone: false,
            barred: false,
        });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use crate::campaign::images::Images;
    use crate::cpu::profile::CVE2;
    use crate::unit::{Exact, Latency};
    use crate::workload::{Program, Runner, ScopeSpec};
    use std::collections::HashMap;

    #[test]
    fn a_program_that_is_run_again_and_again_is_not_compiled_again_and_again() {
        // Each run finds all pages of memory untouched, so that a function which begins with a store is left at once now and then.
        let file = |path: &str| {
            let path = format!("{}/firmware/{path}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read(path).expect("the file")
        };
        let program = Program::new(&file("prebuilt/tflm-optimised.elf"), &CVE2, None);
        let network = file("models/mnist_cnn/mnist_cnn.tflite");
        let program = program.and_then(|program| program.with_model(&network, 784, 10));
        let scope = ScopeSpec { layers: vec![0], ..ScopeSpec::default() };
        let program = program.expect("it follows the contract").with_scope(&scope, &[]);
        let program = program.expect("it marks its layers");
        let input = Images::builtin().expect("images").input(0);
        let mut runner = Runner::new(&program, Exact::new(Latency::SINGLE_CYCLE));
        for _ in 0..300 {
            runner.run(&input, u64::MAX);
        }
        let jit = runner.machine().jit.as_ref().expect("this host has compiled code");
        let mut made: HashMap<u32, usize> = HashMap::new();
        jit.functions.iter().for_each(|function| *made.entry(function.root).or_default() += 1);
        let most = made.values().max();
        assert!(most <= Some(&3) && most.is_some(), "{made:?}");
    }
}
