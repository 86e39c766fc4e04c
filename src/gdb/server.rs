//! One gdb after another at one program.
//!
//! In: connections. Out: how it ended. While nobody is connected the program is halted, but for one: after `detach` it runs on by itself, and is halted
//! again when the next gdb connects. A connection that is lost, or that sends what is not the protocol, leaves the program as it is for the next.

use super::debuggee::{Event, WatchKind};
use super::link::{Incoming, Link, Listener};
use super::target::Stub;
use crate::cpu::{Cause, Stop};
use gdbstub::common::Signal;
use gdbstub::stub::state_machine::GdbStubStateMachine as Machine;
use gdbstub::stub::{DisconnectReason, GdbStub, SingleThreadStopReason as Reason};
use gdbstub::target::ext::base::reverse_exec::ReplayLogPosition;
use gdbstub::target::ext::breakpoints as ext;
use std::io;

/// Bytes of a packet, at the most.
const PACKET: usize = 1 << 14;

/// How a debugged run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As a run ends without gdb.
    Stop(Stop),
    /// gdb said `kill`.
    Killed,
}

/// Where text goes.
pub trait Outlet {
    /// What the program prints.
    ///
    /// # Errors
    /// If nobody can take it any more; that ends the run.
    fn console(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// A line about what happens.
    fn say(&mut self, line: &str);
}

/// How a connection ended.
enum Left {
    Ended(Stop),
    Killed,
    Detached,
    Lost(String),
}

/// Serves one gdb after another until the program has ended or one of them kills it.
///
/// # Errors
/// What [`Outlet::console`] says.
pub fn serve(listener: &Listener, stub: &mut Stub, outlet: &mut dyn Outlet) -> io::Result<Ended> {
    let mut next = None;
    loop {
        let link = match next.take() {
            Some(link) => link,
            None => match listener.wait() {
                Some(link) => link,
                None => return Ok(Ended::Killed),
            },
        };
        let left = session(link, stub, outlet)?;
        stub.debuggee.halt();
        stub.debuggee.clear_stops();
        match left {
            Left::Ended(stop) => return Ok(Ended::Stop(stop)),
            Left::Killed => return Ok(Ended::Killed),
            Left::Lost(why) => {
                outlet.say(&format!("gdb: {why}; halted, waiting for the next connection"));
            }
            Left::Detached => match alone(listener, stub, outlet)? {
                Alone::Ended(stop) => return Ok(Ended::Stop(stop)),
                Alone::Joined(link) => next = Some(link),
            },
        }
    }
}

/// How a program that runs by itself goes on.
enum Alone {
    Ended(Stop),
    Joined(Link),
}

/// Runs on without gdb.
fn alone(listener: &Listener, stub: &mut Stub, outlet: &mut dyn Outlet) -> io::Result<Alone> {
    stub.console_in_gdb = false;
    // Without a debugger nothing stops at an exception that the program handles.
    let catch = std::mem::take(&mut stub.debuggee.catch);
    loop {
        stub.debuggee.go();
        let event = stub.debuggee.advance();
        outlet.console(&stub.debuggee.take_console())?;
        if let Some(Event::Stop(stop) | Event::Over(stop)) = event {
            return Ok(Alone::Ended(stop));
        }
        if let Some(link) = listener.waiting() {
            stub.debuggee.catch = catch;
            return Ok(Alone::Joined(link));
        }
    }
}

fn session(link: Link, stub: &mut Stub, outlet: &mut dyn Outlet) -> io::Result<Left> {
    let built = GdbStub::builder(link).packet_buffer_size(PACKET).build();
    let started = built
        .map_err(|error| error.to_string())
        .and_then(|gdb| gdb.run_state_machine(stub).map_err(|error| error.to_string()));
    let mut gdb = match started {
        Ok(gdb) => gdb,
        Err(why) => return Ok(Left::Lost(why)),
    };
    let mut ended = None;
    loop {
        let next = match gdb {
            Machine::Idle(mut idle) => match idle.borrow_conn().wait() {
                Incoming::Byte(byte) => idle.incoming_data(stub, byte),
                Incoming::Nothing | Incoming::Closed => return Ok(lost()),
            },
            Machine::Running(mut running) => match running.borrow_conn().poll() {
                Incoming::Byte(byte) => running.incoming_data(stub, byte),
                Incoming::Closed => return Ok(lost()),
                Incoming::Nothing => {
                    let event = stub.debuggee.advance();
                    let printed = stub.debuggee.take_console();
                    let link = running.borrow_conn();
                    if !stub.console_in_gdb {
                        outlet.console(&printed)?;
                    } else if link.console(&printed).is_err() {
                        return Ok(lost());
                    }
                    match event {
                        None => Ok(running.into()),
                        Some(event) => {
                            let (reason, line, end) = report(stub, event);
                            ended = end;
                            if let Some(line) = line
                                && link.console(line.as_bytes()).is_err()
                            {
                                return Ok(lost());
                            }
                            running.report_stop(stub, reason)
                        }
                    }
                }
            },
            Machine::CtrlCInterrupt(interrupt) => {
                stub.debuggee.halt();
                interrupt.interrupt_handled(stub, Some(Reason::Signal(Signal::SIGINT)))
            }
            Machine::Disconnected(mut gone) => {
                gone.borrow_conn().finish();
                return Ok(match (gone.get_reason(), ended) {
                    (DisconnectReason::Disconnect, _) => Left::Detached,
                    (DisconnectReason::Kill, _) | (_, None) => Left::Killed,
                    (_, Some(stop)) => Left::Ended(stop),
                });
            }
        };
        gdb = match next {
            Ok(gdb) => gdb,
            Err(error) => return Ok(Left::Lost(one_line(&error.to_string()))),
        };
    }
}

fn lost() -> Left {
    Left::Lost("the connection was closed without 'detach' or 'kill'".to_owned())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What gdb is told of an event, what its console shows, and how the run ends if it does.
fn report(stub: &Stub, event: Event) -> (Reason<u32>, Option<String>, Option<Stop>) {
    let debuggee = &stub.debuggee;
    let reason = match event {
        Event::Stepped => Reason::DoneStep,
        Event::Breakpoint if debuggee.at_breakpoint(false) => Reason::SwBreak(()),
        Event::Breakpoint => Reason::HwBreak(()),
        Event::Watch { kind, addr } => {
            let kind = match kind {
                WatchKind::Write => ext::WatchKind::Write,
                WatchKind::Read => ext::WatchKind::Read,
                WatchKind::Access => ext::WatchKind::ReadWrite,
            };
            Reason::Watch { tid: (), kind, addr }
        }
        Event::Interrupt => Reason::Signal(Signal::SIGTRAP),
        Event::Beginning => Reason::ReplayLog { tid: None, pos: ReplayLogPosition::Begin },
        Event::Exception => {
            let [cause, pc, value] =
                [0x342, 0x341, 0x343].map(|csr| debuggee.csr(csr).unwrap_or(0));
            let cause = Cause::ALL.into_iter().find(|known| known.code() == cause);
            let name = cause.map_or("an exception", Cause::name);
            let line = format!(
                "stuckat: {name} at pc {pc:#010x}, mtval {value:#010x}; here begins its handler\n"
            );
            let signal = cause.map_or(Signal::SIGTRAP, signal_of);
            return (Reason::Signal(signal), Some(line), None);
        }
        Event::Stop(Stop::Exit(code)) if stub.stop_at_exit => {
            let line = format!(
                "stuckat: the program has ended with exit code {code}; reverse-continue works from here, continue ends the run\n"
            );
            return (Reason::Signal(Signal::SIGTRAP), Some(line), None);
        }
        Event::Stop(Stop::Exit(code)) | Event::Over(Stop::Exit(code)) => {
            let line = (code > 255).then(|| {
                format!("stuckat: the exit code is {code}, of which gdb can show the low 8 bits\n")
            });
            return (Reason::Exited(code as u8), line, Some(Stop::Exit(code)));
        }
        Event::Stop(stop) => {
            let line = format!(
                "stuckat: the program stops: {stop}; continue ends the run, reverse-continue works from here\n"
            );
            return (Reason::Signal(signal(stop)), Some(line), None);
        }
        Event::Over(stop) => return (Reason::Terminated(signal(stop)), None, Some(stop)),
    };
    (reason, None, None)
}

/// The signal that an exception is to gdb.
fn signal_of(cause: Cause) -> Signal {
    match cause {
        Cause::IllegalInstruction => Signal::SIGILL,
        Cause::Breakpoint => Signal::SIGTRAP,
        Cause::InstructionAccessFault | Cause::LoadAccessFault | Cause::StoreAccessFault => {
            Signal::SIGSEGV
        }
        Cause::EcallFromU | Cause::EcallFromM => Signal::SIGSYS,
    }
}

/// The signal that the end of a run is to gdb.
fn signal(stop: Stop) -> Signal {
    match stop {
        Stop::Exit(_) => Signal::SIGTERM,
        Stop::Trap(trap) => signal_of(trap.cause),
        Stop::Budget => Signal::SIGXCPU,
        Stop::NoAnswer { .. } => Signal::SIGALRM,
        Stop::NoBusAnswer { .. } => Signal::SIGBUS,
        Stop::Asleep { .. } => Signal::SIGSTOP,
    }
}
