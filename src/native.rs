//! Code for the host, made while the program runs: the one place that knows how it gets into memory.
//!
//! In: a signature and a closure that writes Cranelift IR. Out: the address of a function, valid as long as the [`Assembler`] that
//! made it. Calling it is `unsafe` and up to those who wrote the IR: [`crate::cpu`] for guest code, [`crate::netlist`] for gates.

use cranelift_codegen::Context;
use cranelift_codegen::ir::{AbiParam, Signature, Type};
use cranelift_codegen::isa::CallConv;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Module, ModuleError, default_libcall_names};
use thiserror::Error;

/// No code can be made.
#[derive(Debug, Error)]
pub enum NativeError {
    /// Cranelift does not know this host.
    #[error("no code can be made for this processor: {0}")]
    Host(&'static str),
    /// The function was refused; for one that is written by this crate, its own mistake.
    #[error("code was refused: {0}")]
    Function(#[from] Box<ModuleError>),
}

/// Makes functions and owns their memory.
pub struct Assembler {
    /// `None` only while it is dropped.
    module: Option<JITModule>,
    context: Context,
    builder: FunctionBuilderContext,
    bytes: usize,
}

impl std::fmt::Debug for Assembler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assembler").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Assembler {
    /// An assembler for this processor. Nothing is improved or put into another order: what is written here gains less by that than it
    /// takes, and loses registers to constants.
    ///
    /// # Errors
    /// [`NativeError::Host`] if Cranelift does not know this processor.
    pub fn new() -> Result<Self, NativeError> {
        let mut flags = settings::builder();
        for (name, value) in [
            ("opt_level", "none"),
            ("is_pic", "false"),
            ("use_colocated_libcalls", "false"),
            ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
            ("enable_probestack", "false"),
            ("unwind_info", "false"),
        ] {
            flags.set(name, value).expect("a setting of Cranelift");
        }
        let isa = cranelift_native::builder().map_err(NativeError::Host)?;
        let isa = isa
            .finish(settings::Flags::new(flags))
            .map_err(|_| NativeError::Host("its instruction set lacks what Cranelift needs"))?;
        let module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
        let context = module.make_context();
        Ok(Self { module: Some(module), context, builder: FunctionBuilderContext::new(), bytes: 0 })
    }

    fn module(&mut self) -> &mut JITModule {
        self.module.as_mut().expect("it is there until it is dropped")
    }

    /// A signature of integers in the host's C convention.
    pub fn signature(&mut self, params: &[Type], result: Option<Type>) -> Signature {
        let mut signature = Signature::new(CallConv::triple_default(self.module().isa().triple()));
        signature.params.extend(params.iter().copied().map(AbiParam::new));
        signature.returns.extend(result.map(AbiParam::new));
        signature
    }

    /// Makes a function: `write` fills it in. The address is valid until this assembler is dropped.
    ///
    /// # Errors
    /// [`NativeError::Function`] if Cranelift refuses it.
    pub fn function(
        &mut self,
        signature: Signature,
        write: impl FnOnce(&mut FunctionBuilder),
    ) -> Result<*const u8, NativeError> {
        let module = self.module.as_mut().expect("it is there until it is dropped");
        module.clear_context(&mut self.context);
        self.context.func.signature = signature;
        let mut builder = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        write(&mut builder);
        builder.finalize();
        let failed = |error: ModuleError| NativeError::Function(Box::new(error));
        let id = module.declare_anonymous_function(&self.context.func.signature).map_err(failed)?;
        module.define_function(id, &mut self.context).map_err(failed)?;
        self.bytes += self.context.compiled_code().map_or(0, |code| code.code_buffer().len());
        module.finalize_definitions().map_err(failed)?;
        Ok(module.get_finalized_function(id))
    }

    /// Bytes of all functions so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Assembler {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: whoever has an address of a function also has this assembler, or keeps what owns it alive.
            unsafe { module.free_memory() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cranelift_codegen::ir::{InstBuilder, types};

    #[test]
    fn an_assembler_can_go_to_another_thread() {
        fn check<T: Send>() {}
        check::<Assembler>();
    }

    #[test]
    fn a_function_computes_what_was_written() {
        let mut assembler = Assembler::new().unwrap();
        let signature = assembler.signature(&[types::I32, types::I32], Some(types::I32));
        let address = assembler
            .function(signature, |b| {
                let block = b.create_block();
                b.append_block_params_for_function_params(block);
                b.switch_to_block(block);
                b.seal_block(block);
                let params = b.block_params(block);
                let (x, y) = (params[0], params[1]);
                let product = b.ins().imul(x, y);
                b.ins().return_(&[product]);
            })
            .unwrap();
        // SAFETY: the function takes two 32-bit numbers, returns one, and touches no memory.
        let multiply: extern "C" fn(u32, u32) -> u32 = unsafe { std::mem::transmute(address) };
        assert_eq!(multiply(6, 7), 42);
        assert!(assembler.bytes() > 0);
    }
}
