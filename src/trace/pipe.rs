//! Work that a second thread does: buffers go to it full and come back, and there are never more than a few.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Buffers on their way, at the most.
const BUFFERS: usize = 3;

/// The sink takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// What the second thread does.
pub(super) trait Work<T>: Send + 'static {
    /// Does its work with one buffer.
    fn item(&mut self, item: &mut T) -> io::Result<()>;

    /// Ends it; `stop` says how the run ended.
    fn end(self, stop: &str) -> io::Result<()>;
}

enum Message<T> {
    Item(T),
    End(String),
}

/// The way to the second thread.
pub(super) struct Pipe<T> {
    full: SyncSender<Message<T>>,
    empty: Receiver<T>,
    thread: JoinHandle<io::Result<()>>,
}

impl<T: Default + Send + 'static> Pipe<T> {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has none to give.
    pub fn new(mut work: impl Work<T>) -> io::Result<Self> {
        let (full, incoming) = sync_channel(BUFFERS);
        let (outgoing, empty) = sync_channel(BUFFERS + 1);
        for _ in 0..BUFFERS {
            let _ = outgoing.send(T::default());
        }
        let thread = std::thread::Builder::new().name("trace".into()).spawn(move || {
            for message in incoming {
                match message {
                    Message::Item(mut item) => {
                        work.item(&mut item)?;
                        // Nobody may wait for it any more.
                        let _ = outgoing.send(item);
                    }
                    Message::End(stop) => return work.end(&stop),
                }
            }
            Ok(())
        })?;
        Ok(Self { full, empty, thread })
    }

    /// Hands over a full buffer for a used one, which still has its old content.
    ///
    /// # Errors
    /// [`Broken`] if the thread has ended with an error, which [`Pipe::finish`] tells.
    pub fn exchange(&mut self, item: &mut T) -> Result<(), Broken> {
        let full = std::mem::take(item);
        self.full.send(Message::Item(full)).map_err(|_| Broken)?;
        *item = self.empty.recv().map_err(|_| Broken)?;
        Ok(())
    }

    /// Ends the work, and waits for it.
    ///
    /// # Errors
    /// The first error that there was.
    pub fn finish(self, stop: &str) -> io::Result<()> {
        let _ = self.full.send(Message::End(stop.to_owned()));
        drop(self.full);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(io::Error::other("the thread that writes has panicked")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    struct Into(Arc<Mutex<Vec<u8>>>, usize);

    impl Work<Vec<u8>> for Into {
        fn item(&mut self, item: &mut Vec<u8>) -> io::Result<()> {
            if self.1 == 0 {
                return Err(io::Error::other("full"));
            }
            self.1 -= 1;
            self.0.lock().unwrap().write_all(item)
        }

        fn end(self, stop: &str) -> io::Result<()> {
            self.0.lock().unwrap().write_all(stop.as_bytes())
        }
    }

    fn run(room: usize) -> (Vec<u8>, Result<(), Broken>, io::Result<()>) {
        let all = Arc::new(Mutex::new(Vec::new()));
        let mut pipe = Pipe::new(Into(all.clone(), room)).unwrap();
        let mut item = Vec::new();
        let sent = (0..100_u8).try_for_each(|n| {
            item.clear();
            item.push(n);
            pipe.exchange(&mut item)
        });
        let ended = pipe.finish("!");
        let all = all.lock().unwrap().clone();
        (all, sent, ended)
    }

    #[test]
    fn everything_arrives_in_order_and_the_end_last() {
        let (all, sent, ended) = run(100);
        assert_eq!(all, (0..100).chain([b'!']).collect::<Vec<u8>>());
        assert!(sent.is_ok() && ended.is_ok());
    }

    #[test]
    fn an_error_stops_the_sender_and_is_told_at_the_end() {
        let (all, sent, ended) = run(10);
        assert_eq!(all, (0..10).collect::<Vec<u8>>());
        assert_eq!(sent, Err(Broken));
        assert_eq!(ended.unwrap_err().to_string(), "full");
    }
}
