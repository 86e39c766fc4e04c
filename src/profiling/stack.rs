//! The stack of calls, as it follows from the instructions that retire.

use crate::cpu::Retired;
use crate::isa::Op;

/// Calls that are remembered; what is called beyond that depth replaces its caller.
const DEPTH_LIMIT: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// The return to this address.
    Return(u32),
    /// MRET.
    Mret,
    /// The return of the function that jumped here.
    Same,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    node: u32,
    function: u32,
    until: Until,
}

/// What the last instruction announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Announced {
    #[default]
    Nothing,
    Call(u32),
    Return,
    Mret,
}

/// The stack.
#[derive(Debug, Default)]
pub(super) struct Stack {
    frames: Vec<Frame>,
    announced: Announced,
    site: u32,
}

impl Stack {
    /// The node of the running function; the root's if there is none.
    #[inline]
    pub fn node(&self) -> u32 {
        self.frames.last().map_or(0, |frame| frame.node)
    }

    /// The node under which what is called now is put.
    pub fn caller(&self) -> u32 {
        let below = self.frames.len().checked_sub(2).filter(|_| self.frames.len() == DEPTH_LIMIT);
        below.map_or(self.node(), |at| self.frames[at].node)
    }

    /// The running function.
    #[inline]
    pub fn function(&self) -> u32 {
        self.frames.last().map_or(u32::MAX, |frame| frame.function)
    }

    /// Address of the last instruction.
    pub fn site(&self) -> u32 {
        self.site
    }

    /// Where the call that the last instruction was returns to.
    #[inline]
    pub fn take_call(&mut self) -> Option<u32> {
        let Announced::Call(to) = self.announced else { return None };
        self.announced = Announced::Nothing;
        Some(to)
    }

    /// Whether the last instruction was a return.
    #[inline]
    pub fn take_return(&self) -> bool {
        matches!(self.announced, Announced::Return | Announced::Mret)
    }

    pub fn call(&mut self, node: u32, function: u32, returns_to: u32) {
        self.push(Frame { node, function, until: Until::Return(returns_to) });
    }

    pub fn interrupt(&mut self, node: u32, function: u32) {
        self.push(Frame { node, function, until: Until::Mret });
    }

    /// Another function begins without a call.
    pub fn jump(&mut self, node: u32, function: u32) {
        self.push(Frame { node, function, until: Until::Same });
    }

    fn push(&mut self, frame: Frame) {
        if self.frames.len() >= DEPTH_LIMIT {
            self.frames.pop();
        }
        self.frames.push(frame);
    }

    /// Takes away the frames that end by a return to `pc` in `function`; whether there were some.
    pub fn unwind(&mut self, pc: u32, function: u32) -> bool {
        let until = match self.announced {
            Announced::Mret => Until::Mret,
            _ => Until::Return(pc),
        };
        let Some(at) = self.frames.iter().rposition(|frame| frame.until == until) else {
            return false;
        };
        // A return from a handler goes back to where it came from, or to what the handler chose.
        self.frames.truncate(at);
        self.function() == function
    }

    /// Notes what the instruction announces.
    #[inline]
    pub fn note(&mut self, event: &Retired) {
        self.site = event.pc;
        let link = |register: u8| register == 1 || register == 5;
        self.announced = match event.op {
            _ if event.trapped => Announced::Nothing,
            Some(Op::Jal | Op::Jalr) if link(event.rd.0) => Announced::Call(event.rd.1),
            Some(Op::Jalr) if event.rd.0 == 0 && link(event.rs1.0) => Announced::Return,
            Some(Op::Mret) => Announced::Mret,
            _ => Announced::Nothing,
        };
    }
}
