//! Sockets: where gdb connects to, and the bytes that come and go.
//!
//! In: a port of this computer's own address, or the path of a Unix socket. Out: one [`Link`] after another; who comes while another one is
//! being served waits.

use std::fmt;
use std::io::{self, BufWriter, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 12;
/// Chunks that are kept before the sender has to wait.
const CHUNKS: usize = 16;
/// How long the other side has to take the last reply and hang up.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port of 127.0.0.1; 0 is any free one.
    Port(u16),
    /// A Unix socket.
    Unix(PathBuf),
}

/// Not a place to listen.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "'{0}' is neither a port (0 to 65535) nor unix:PATH; put --gdb behind the program, or say --gdb=1234"
)]
pub struct NoPlace(String);

impl FromStr for Listen {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        match text.strip_prefix("unix:") {
            Some(path) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(_) => Err(NoPlace(text.to_owned())),
            // As gdb and others write it.
            None => text
                .strip_prefix(':')
                .unwrap_or(text)
                .parse()
                .map(Self::Port)
                .map_err(|_| NoPlace(text.to_owned())),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "127.0.0.1:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Nobody can connect.
#[derive(Debug, Error)]
#[error("--gdb: cannot listen on {place}: {cause}; choose another port or path")]
pub struct ListenError {
    /// Where.
    pub place: Listen,
    /// Why.
    pub cause: io::Error,
}

/// A connection.
enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// The same for all kinds.
macro_rules! of {
    ($stream:expr, $s:ident => $what:expr) => {
        match $stream {
            Stream::Tcp($s) => $what,
            #[cfg(unix)]
            Stream::Unix($s) => $what,
        }
    };
}

impl Stream {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
            #[cfg(unix)]
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
        })
    }

    fn shutdown(&self, how: Shutdown) {
        let _ = of!(self, stream => stream.shutdown(how));
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        of!(self, stream => stream.read(buffer))
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        of!(self, stream => stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        of!(self, stream => stream.flush())
    }
}

/// A place where gdb can connect to.
pub struct Listener {
    place: Listen,
    incoming: Receiver<Stream>,
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// [`ListenError`] if the port or path cannot be had.
    pub fn new(place: &Listen) -> Result<Self, ListenError> {
        let failed = |cause| ListenError { place: place.clone(), cause };
        let (sender, incoming) = sync_channel(1);
        let place = match place {
            Listen::Port(port) => {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).map_err(failed)?;
                let port = listener.local_addr().map_err(failed)?.port();
                thread::spawn(move || {
                    for stream in listener.incoming().flatten() {
                        let _ = stream.set_nodelay(true);
                        if sender.send(Stream::Tcp(stream)).is_err() {
                            break;
                        }
                    }
                });
                Listen::Port(port)
            }
            #[cfg(unix)]
            Listen::Unix(path) => {
                let listener = UnixListener::bind(path).map_err(failed)?;
                thread::spawn(move || {
                    for stream in listener.incoming().flatten() {
                        if sender.send(Stream::Unix(stream)).is_err() {
                            break;
                        }
                    }
                });
                place.clone()
            }
            #[cfg(not(unix))]
            Listen::Unix(_) => {
                let cause = io::Error::other("this system has no such sockets");
                return Err(failed(cause));
            }
        };
        Ok(Self { place, incoming })
    }

    /// Where it listens: the port that was found, if any was asked for.
    pub fn place(&self) -> &Listen {
        &self.place
    }

    /// What to type in gdb.
    pub fn command(&self) -> String {
        match &self.place {
            Listen::Port(port) => format!("target remote :{port}"),
            Listen::Unix(path) => format!("target remote {}", path.display()),
        }
    }

    /// Waits for the next connection; `None` if nobody can connect any more.
    pub(super) fn wait(&self) -> Option<Link> {
        loop {
            if let Ok(link) = Link::new(self.incoming.recv().ok()?) {
                return Some(link);
            }
        }
    }

    /// The next connection, if there is one already.
    pub(super) fn waiting(&self) -> Option<Link> {
        Link::new(self.incoming.try_recv().ok()?).ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listen::Unix(path) = &self.place {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A connection to gdb.
pub(super) struct Link {
    stream: Stream,
    out: BufWriter<Stream>,
    incoming: Receiver<Vec<u8>>,
    chunk: std::vec::IntoIter<u8>,
}

/// What has come in.
pub(super) enum Incoming {
    Byte(u8),
    Nothing,
    /// The other side has hung up.
    Closed,
}

impl Link {
    fn new(stream: Stream) -> io::Result<Self> {
        let mut reader = stream.try_clone()?;
        let out = BufWriter::new(stream.try_clone()?);
        let (sender, incoming) = sync_channel(CHUNKS);
        thread::spawn(move || {
            let mut buffer = vec![0; CHUNK];
            while let Ok(count) = reader.read(&mut buffer)
                && count > 0
                && sender.send(buffer[..count].to_vec()).is_ok()
            {}
        });
        Ok(Self { stream, out, incoming, chunk: Vec::new().into_iter() })
    }

    /// The next byte, waited for.
    pub fn wait(&mut self) -> Incoming {
        loop {
            if let Some(byte) = self.chunk.next() {
                return Incoming::Byte(byte);
            }
            let _ = self.out.flush();
            match self.incoming.recv() {
                Ok(chunk) => self.chunk = chunk.into_iter(),
                Err(_) => return Incoming::Closed,
            }
        }
    }

    /// The next byte, if it is there.
    pub fn poll(&mut self) -> Incoming {
        loop {
            if let Some(byte) = self.chunk.next() {
                return Incoming::Byte(byte);
            }
            let _ = self.out.flush();
            match self.incoming.try_recv() {
                Ok(chunk) => self.chunk = chunk.into_iter(),
                Err(TryRecvError::Empty) => return Incoming::Nothing,
                Err(TryRecvError::Disconnected) => return Incoming::Closed,
            }
        }
    }

    /// Sends a packet that is not an answer: text for gdb's console.
    pub fn console(&mut self, text: &[u8]) -> io::Result<()> {
        for text in text.chunks(CHUNK / 4) {
            let body: String = std::iter::once('O').chain(crate::hex(text).chars()).collect();
            let sum = body.bytes().fold(0_u8, u8::wrapping_add);
            write!(self.out, "${body}#{sum:02x}")?;
        }
        self.out.flush()
    }

    /// Sends what is left, and waits a moment until the other side has taken it and hangs up.
    pub fn finish(&mut self) {
        let _ = self.out.flush();
        self.stream.shutdown(Shutdown::Write);
        let end = Instant::now() + PATIENCE;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            match self.incoming.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => break,
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.out.flush();
        self.stream.shutdown(Shutdown::Both);
    }
}

impl gdbstub::conn::Connection for Link {
    type Error = io::Error;

    fn write(&mut self, byte: u8) -> io::Result<()> {
        self.out.write_all(&[byte])
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_port_or_a_path() {
        assert_eq!("0".parse(), Ok(Listen::Port(0)));
        assert_eq!(":3333".parse(), Ok(Listen::Port(3333)));
        assert_eq!("unix:/tmp/s".parse(), Ok(Listen::Unix("/tmp/s".into())));
        for wrong in ["", "unix:", "65536", "-1", "firmware.elf", "0x10"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }
}
