//! Blocks in a file: packed, checked, and read again, however it was damaged.

use super::{BLOCK_KIND, END_KIND, End, FRAME_LIMIT, HEADER_LIMIT, Header, MAGIC, VERSION, decode};
use crate::cpu::Retired;
use std::io::{self, Read, Write};
use zstd::bulk::{Compressor, Decompressor};

/// Speed counts more than size here.
const LEVEL: i32 = 1;

/// A frame before its packed bytes.
const FRAME_BYTES: usize = 20;

/// Why a trace cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It does not begin as a trace does.
    #[error("is no binary trace: it does not begin with STKTRACE")]
    NoTrace,
    /// It is of another version.
    #[error("is a trace of version {0}, this program reads version {VERSION}")]
    Version(u32),
    /// Its header is damaged.
    #[error("the header of the trace is damaged")]
    Header,
    /// It ends where a block or the end should be.
    #[error("the trace is cut off after {0} instructions, at byte {1}")]
    CutOff(u64, u64),
    /// A block is not what was written.
    #[error("the trace is damaged after {0} instructions, in the block at byte {1}")]
    Damaged(u64, u64),
}

/// Writes a trace.
pub struct Writer<W: Write> {
    sink: W,
    packer: Compressor<'static>,
    packed: Vec<u8>,
    instructions: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a trace.
    ///
    /// # Errors
    /// What the sink says.
    pub fn new(mut sink: W, header: &Header) -> io::Result<Self> {
        let json = serde_json::to_vec(header)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&json);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        sink.write_all(&bytes)?;
        let packer = Compressor::new(LEVEL)?;
        Ok(Self { sink, packer, packed: Vec::new(), instructions: 0 })
    }

    /// Appends a block of so many instructions, as [`Encoder::take`](super::Encoder::take) gives it.
    ///
    /// # Errors
    /// What the sink says.
    pub fn block(&mut self, count: usize, bytes: &[u8]) -> io::Result<()> {
        self.instructions += count as u64;
        self.frame(BLOCK_KIND, count as u32, bytes)
    }

    fn frame(&mut self, kind: [u8; 4], count: u32, bytes: &[u8]) -> io::Result<()> {
        self.packed.clear();
        self.packed.resize(zstd::zstd_safe::compress_bound(bytes.len()), 0);
        let len = self.packer.compress_to_buffer(bytes, &mut self.packed[..])?;
        let mut head = [0; FRAME_BYTES];
        head[..4].copy_from_slice(&kind);
        head[4..8].copy_from_slice(&count.to_le_bytes());
        head[8..12].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        head[12..16].copy_from_slice(&(len as u32).to_le_bytes());
        let crc = check(&head, &self.packed[..len]);
        head[16..].copy_from_slice(&crc.to_le_bytes());
        self.sink.write_all(&head)?;
        self.sink.write_all(&self.packed[..len])
    }

    /// Ends the trace; `stop` says how the run ended.
    ///
    /// # Errors
    /// What the sink says.
    pub fn finish(mut self, stop: &str) -> io::Result<()> {
        let end = End { instructions: self.instructions, stop: stop.to_owned() };
        self.frame(END_KIND, 0, &serde_json::to_vec(&end)?)?;
        self.sink.flush()
    }
}

/// The CRC-32 of a frame: what is before it, and the packed bytes.
fn check(head: &[u8; FRAME_BYTES], packed: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[..16]);
    hasher.update(packed);
    hasher.finalize()
}

/// Reads a trace, block by block.
pub struct Reader<R: Read> {
    source: R,
    header: Header,
    unpacker: Decompressor<'static>,
    /// Bytes before the next frame.
    at: u64,
    instructions: u64,
    end: Option<End>,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ReadError`] if it is no trace, one of another version, or damaged.
    pub fn new(mut source: R) -> Result<Self, ReadError> {
        let mut bytes = vec![0; 16];
        if filled(&mut source, &mut bytes)? < 16 || bytes[..8] != MAGIC {
            return Err(ReadError::NoTrace);
        }
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let (version, len) = (word(8), word(12));
        if version != VERSION {
            return Err(ReadError::Version(version));
        }
        if len > HEADER_LIMIT {
            return Err(ReadError::Header);
        }
        bytes.resize(16 + len as usize, 0);
        let mut crc = [0; 4];
        let whole = filled(&mut source, &mut bytes[16..])? == len as usize
            && filled(&mut source, &mut crc)? == 4
            && crc32fast::hash(&bytes) == u32::from_le_bytes(crc);
        let header = if whole { serde_json::from_slice(&bytes[16..]).ok() } else { None };
        let header = header.ok_or(ReadError::Header)?;
        let unpacker = Decompressor::new()?;
        let at = bytes.len() as u64 + 4;
        Ok(Self { source, header, unpacker, at, instructions: 0, end: None })
    }

    /// What was traced.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How the trace ends, once all was read.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Puts the events of the next block into `events`, in place of what is there; returns whether there was one.
    ///
    /// # Errors
    /// [`ReadError::CutOff`] and [`ReadError::Damaged`] say how many instructions were good. After an error nothing more is read.
    pub fn block(&mut self, events: &mut Vec<Retired>) -> Result<bool, ReadError> {
        events.clear();
        if self.end.is_some() {
            return Ok(false);
        }
        let damaged = ReadError::Damaged(self.instructions, self.at);
        let mut head = [0; FRAME_BYTES];
        let cut_off = ReadError::CutOff(self.instructions, self.at);
        if filled(&mut self.source, &mut head)? < FRAME_BYTES {
            return Err(cut_off);
        }
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (count, len, packed_len) = (word(4), word(8), word(12));
        if len > FRAME_LIMIT
            || packed_len as usize > zstd::zstd_safe::compress_bound(FRAME_LIMIT as usize)
        {
            return Err(damaged);
        }
        // Memory grows with what is there, not with what is announced.
        let mut packed = Vec::new();
        self.source.by_ref().take(packed_len.into()).read_to_end(&mut packed)?;
        if packed.len() < packed_len as usize {
            return Err(cut_off);
        }
        if check(&head, &packed) != word(16) {
            return Err(damaged);
        }
        let unpacked = self.unpacker.decompress(&packed, len as usize);
        let Some(bytes) = unpacked.ok().filter(|bytes| bytes.len() == len as usize) else {
            return Err(damaged);
        };
        self.at += (FRAME_BYTES + packed.len()) as u64;
        if head[..4] == END_KIND {
            let end: Option<End> = serde_json::from_slice(&bytes).ok();
            self.end = end.filter(|end| end.instructions == self.instructions);
            return if self.end.is_some() { Ok(false) } else { Err(damaged) };
        }
        let good = head[..4] == BLOCK_KIND
            && decode::block(&bytes, events).is_some()
            && events.len() == count as usize;
        if !good {
            events.clear();
            return Err(damaged);
        }
        self.instructions += u64::from(count);
        Ok(true)
    }
}

/// Fills the buffer as far as there is something; returns how far.
fn filled(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match source.read(&mut buffer[len..]) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(len)
}
