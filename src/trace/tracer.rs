//! An observer that writes a trace: filters, keeps the last instructions if only these are wanted, makes lines or blocks, and has a
//! second thread pack and write them.

use super::binary::{Encoder, Header, Writer};
use super::pipe::{Broken, Pipe, Work};
use super::{Filter, Format, Lines, Names};
use crate::cpu::{Probe, Retired};
use std::collections::VecDeque;
use std::io::{self, Write};

/// A buffer of lines goes to be written when it has so many bytes.
const BUFFER: usize = 1 << 20;
/// A line needs less.
const ROOM: usize = 1 << 12;

/// What is traced, and how it is written.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The format.
    pub format: Format,
    /// Which instructions are kept.
    pub filter: Filter,
    /// Only so many of these are kept, the last ones.
    pub last: Option<usize>,
    /// Functions and lines, where lines of the format show them.
    pub names: Names,
}

/// Writes a trace; a [`Probe`] by reference. It must be [finished](Tracer::finish).
pub struct Tracer {
    filter: Option<Filter>,
    ring: Option<(usize, VecDeque<Retired>)>,
    output: Output,
    broken: bool,
    /// Everything is written as it comes.
    plain: bool,
}

enum Output {
    Text { lines: Box<dyn Lines>, buffer: Vec<u8>, pipe: Pipe<Vec<u8>> },
    Binary { encoder: Box<Encoder>, block: Block, pipe: Pipe<Block> },
}

/// An unpacked block.
#[derive(Default)]
struct Block {
    count: usize,
    bytes: Vec<u8>,
}

/// The second thread's work with lines.
struct WriteLines<W>(W);

impl<W: Write + Send + 'static> Work<Vec<u8>> for WriteLines<W> {
    fn item(&mut self, item: &mut Vec<u8>) -> io::Result<()> {
        self.0.write_all(item)
    }

    fn end(mut self, _: &str) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send + 'static> Work<Block> for Writer<W> {
    fn item(&mut self, item: &mut Block) -> io::Result<()> {
        self.block(item.count, &item.bytes)
    }

    fn end(self, stop: &str) -> io::Result<()> {
        self.finish(stop)
    }
}

impl Tracer {
    /// Begins a trace; `header` is for the binary format.
    ///
    /// # Errors
    /// If the sink takes no header, or no thread can be started.
    pub fn new(
        settings: Settings,
        sink: impl Write + Send + 'static,
        header: &Header,
    ) -> io::Result<Self> {
        let output = match settings.format.lines(settings.names) {
            Some(lines) => {
                let mut buffer = Vec::with_capacity(BUFFER + ROOM);
                buffer.extend_from_slice(lines.header().as_bytes());
                Output::Text { lines, buffer, pipe: Pipe::new(WriteLines(sink))? }
            }
            None => Output::Binary {
                encoder: Box::default(),
                block: Block::default(),
                pipe: Pipe::new(Writer::new(sink, header)?)?,
            },
        };
        let filter = Some(settings.filter).filter(|filter| !filter.is_open());
        let ring = settings.last.map(|last| (last, VecDeque::new()));
        let plain = filter.is_none() && ring.is_none();
        Ok(Self { filter, ring, output, broken: false, plain })
    }

    /// Whether the sink has taken no more; [`Tracer::finish`] says why.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// An event that is perhaps not wanted, or not yet.
    fn choose(&mut self, event: &Retired) {
        if self.broken || self.filter.as_ref().is_some_and(|filter| !filter.wants(event)) {
            return;
        }
        match &mut self.ring {
            Some((last, ring)) => {
                if ring.len() >= *last {
                    ring.pop_front();
                }
                ring.push_back(*event);
            }
            None => self.broken = self.output.write(event).is_err(),
        }
    }

    /// Ends the trace; `stop` says how the run ended.
    ///
    /// # Errors
    /// The first error of the sink.
    pub fn finish(mut self, stop: &str) -> io::Result<()> {
        if let Some((_, ring)) = self.ring.take() {
            ring.iter().for_each(|event| {
                let _ = self.output.write(event);
            });
        }
        match self.output {
            Output::Text { mut buffer, mut pipe, .. } => {
                let _ = pipe.exchange(&mut buffer);
                pipe.finish(stop)
            }
            Output::Binary { mut encoder, mut block, mut pipe } => {
                if !encoder.is_empty() {
                    block.count = encoder.take(&mut block.bytes);
                    let _ = pipe.exchange(&mut block);
                }
                pipe.finish(stop)
            }
        }
    }
}

impl Output {
    #[inline(always)]
    fn write(&mut self, event: &Retired) -> Result<(), Broken> {
        match self {
            Output::Binary { encoder, block, pipe } => {
                if encoder.push(event) {
                    block.count = encoder.take(&mut block.bytes);
                    return pipe.exchange(block);
                }
            }
            Output::Text { lines, buffer, pipe } => {
                lines.line(event, buffer);
                if buffer.len() >= BUFFER {
                    pipe.exchange(buffer)?;
                    buffer.clear();
                    buffer.reserve(BUFFER + ROOM);
                }
            }
        }
        Ok(())
    }
}

impl Probe for &mut Tracer {
    const ACTIVE: bool = true;

    #[inline(always)]
    fn retired(&mut self, event: &Retired) {
        if !self.plain {
            return self.choose(event);
        }
        if self.output.write(event).is_err() {
            (self.broken, self.plain) = (true, false);
        }
    }
}
