//! Copies the output of a command to its destination, and stores the last part of it.

use std::{
    fs::File,
    io::{self, ErrorKind, PipeReader, PipeWriter, Read as _, Write as _, pipe},
    os::fd::{AsFd as _, BorrowedFd},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::{sync::oneshot, time::timeout};

use super::{mask_commands::MaskCommands, recent_output::RecentOutput, signals::Signals};

/// The capacity of a pipe before its writer blocks. Large, so that one more process in between
/// costs little.
const CAPACITY: usize = 1024 * 1024;
const CHUNK: usize = 256 * 1024;
/// How long to wait for the end of the output after the command has ended: a process that it
/// started may keep the pipe open.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pipes for the output of a command: one for each stream, or one for both if both have the
/// same destination, so that the order is preserved.
pub(super) struct Pipes {
    copiers: Vec<Copier>,
    output: Arc<Mutex<RecentOutput>>,
    stop: PipeWriter,
    out: PipeWriter,
    err: PipeWriter,
}

impl Pipes {
    pub(super) fn new() -> io::Result<Self> {
        let (stopped, stop) = pipe()?;
        let output = Arc::new(Mutex::new(RecentOutput::default()));
        let (from, out) = pipe()?;
        let mut copiers = vec![Copier::new(
            from,
            io::stdout().as_fd(),
            stopped.try_clone()?,
            output.clone(),
            0,
        )?];
        let err = if have_same_destination() {
            out.try_clone()?
        } else {
            let (from, err) = pipe()?;
            copiers.push(Copier::new(
                from,
                io::stderr().as_fd(),
                stopped,
                output.clone(),
                1,
            )?);
            err
        };
        Ok(Self {
            copiers,
            output,
            stop,
            out,
            err,
        })
    }

    /// The ends for the command's standard output and standard error.
    pub(super) fn ends(&self) -> io::Result<(Stdio, Stdio)> {
        Ok((self.out.try_clone()?.into(), self.err.try_clone()?.into()))
    }
}

fn have_same_destination() -> bool {
    let file = |fd: BorrowedFd<'_>| {
        rustix::fs::fstat(fd)
            .ok()
            .map(|stat| (stat.st_dev, stat.st_ino))
    };
    let (out, err) = (file(io::stdout().as_fd()), file(io::stderr().as_fd()));
    out.is_some() && out == err
}

/// One thread for each pipe. A reader that does not read blocks the thread, and not this process.
pub(super) struct Relay {
    output: Arc<Mutex<RecentOutput>>,
    streams: Vec<oneshot::Receiver<Option<Copier>>>,
    /// Closed when the threads are to stop.
    stop: PipeWriter,
}

impl Relay {
    /// Starts the threads, after the command has the other ends.
    pub(super) fn begin(pipes: Pipes) -> Self {
        let Pipes {
            copiers,
            output,
            stop,
            ..
        } = pipes;
        Self {
            output,
            streams: copiers.into_iter().filter_map(Copier::begin).collect(),
            stop,
        }
    }

    /// Returns the stored output, after the command has ended and all its output has been copied.
    /// Processes that the command left running may write later: a separate process copies that
    /// output, so that nothing waits for it.
    pub(super) async fn end(self, signals: &mut Signals) -> RecentOutput {
        let Self {
            output,
            mut streams,
            stop,
        } = self;
        let finished = async {
            let mut left = Vec::new();
            drop(timeout(PATIENCE, all(&mut streams, &mut left)).await);
            drop(stop);
            all(&mut streams, &mut left).await;
            left
        };
        let left = tokio::select! {
            left = finished => left,
            _ = signals.next_that_ends() => Vec::new(),
        };
        for copier in left {
            copier.hand_over();
        }
        std::mem::take(&mut *output.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Waits for the threads. Each one that ends is removed from the list.
async fn all(streams: &mut Vec<oneshot::Receiver<Option<Copier>>>, left: &mut Vec<Copier>) {
    while let Some(stream) = streams.last_mut() {
        let ended = stream.await;
        left.extend(ended.ok().flatten());
        streams.pop();
    }
}

/// Copies one pipe to its destination.
struct Copier {
    from: PipeReader,
    to: File,
    stopped: PipeReader,
    number: usize,
    output: Arc<Mutex<RecentOutput>>,
    /// Whether the destination is a pipe. Assumed until a call fails.
    is_pipe: bool,
}

impl Copier {
    fn new(
        from: PipeReader,
        to: BorrowedFd<'_>,
        stopped: PipeReader,
        output: Arc<Mutex<RecentOutput>>,
        number: usize,
    ) -> io::Result<Self> {
        let to = to.try_clone_to_owned()?;
        // Errors are ignored: a smaller pipe is only slower, and a file has no capacity.
        let _ = rustix::pipe::fcntl_setpipe_size(&from, CAPACITY);
        let _ = rustix::pipe::fcntl_setpipe_size(&to, CAPACITY);
        Ok(Self {
            from,
            to: File::from(to),
            stopped,
            number,
            output,
            is_pipe: true,
        })
    }

    /// Starts in a new thread, or in a new process if no thread can be started.
    fn begin(self) -> Option<oneshot::Receiver<Option<Self>>> {
        let (sender, receiver) = oneshot::channel();
        let here = Arc::new(Mutex::new(Some(self)));
        let there = here.clone();
        let take = |place: &Mutex<Option<Self>>| {
            place.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let started = thread::Builder::new()
            .spawn(move || drop(sender.send(take(&there).and_then(Self::copy))));
        if started.is_err() {
            take(&here).into_iter().for_each(Self::hand_over);
        }
        started.is_ok().then_some(receiver)
    }

    /// Copies until the end. Returns itself if it is stopped before.
    ///
    /// If the reader of the destination goes away, the pipe is closed, and the command gets SIGPIPE
    /// as without a relay.
    fn copy(mut self) -> Option<Self> {
        let (mut chunk, mut mask_commands) = (vec![0; CHUNK], MaskCommands::default());
        let (mut stopped, mut left) = (false, CAPACITY);
        loop {
            let state = self.wait(stopped);
            stopped |= state.stopped;
            // The command itself can have left at most one full pipe.
            if stopped && (!state.readable || left == 0) {
                return Some(self);
            }
            if state.nobody_reads {
                return None;
            }
            if !state.readable {
                continue;
            }
            match self.pass(&mut chunk) {
                Ok(read @ 1..) => {
                    self.store(&chunk[..read], mask_commands.search(&chunk[..read]));
                    left = if stopped {
                        left.saturating_sub(read)
                    } else {
                        left
                    };
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return None,
            }
        }
    }

    /// Copies the available output, and returns its length in the chunk.
    fn pass(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        if let Some(passed) = self.duplicate(chunk.len())? {
            self.from.read_exact(&mut chunk[..passed])?;
            return Ok(passed);
        }
        let read = self.from.read(chunk)?;
        write(&mut self.to, &chunk[..read])?;
        Ok(read)
    }

    /// Duplicates pages from pipe to pipe in the kernel, without a copy. None if the destination is
    /// not a pipe.
    #[cfg(target_os = "linux")]
    fn duplicate(&mut self, most: usize) -> io::Result<Option<usize>> {
        use rustix::{io::Errno, pipe};
        if !self.is_pipe {
            return Ok(None);
        }
        match pipe::tee(&self.from, &self.to, most, pipe::SpliceFlags::empty()) {
            Ok(passed) => return Ok(Some(passed)),
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::new(&self.to, PollFlags::OUT)], None);
            }
            Err(error @ (Errno::PIPE | Errno::INTR)) => return Err(error.into()),
            Err(_) => {
                self.is_pipe = false;
                return Ok(None);
            }
        }
        Err(ErrorKind::Interrupted.into())
    }

    #[cfg(not(target_os = "linux"))]
    fn duplicate(&mut self, _most: usize) -> io::Result<Option<usize>> {
        Ok(None)
    }

    fn store(&self, chunk: &[u8], secrets: Vec<String>) {
        self.output
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.number, chunk, secrets);
    }

    /// Waits until there is something to do; with `only_look`, checks without waiting.
    fn wait(&self, only_look: bool) -> State {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut ends = [
            PollFd::new(&self.from, PollFlags::IN),
            PollFd::new(&self.to, PollFlags::empty()),
            PollFd::new(&self.stopped, PollFlags::IN),
        ];
        if only_look {
            // It is known to be closed, and stays so.
            ends[2].clear_revents();
        }
        // An error leaves no events, and the next call polls again.
        let _ = poll(&mut ends, only_look.then_some(&now));
        State {
            readable: !ends[0].revents().is_empty(),
            nobody_reads: ends[1].revents().contains(PollFlags::ERR),
            stopped: !ends[2].revents().is_empty(),
        }
    }

    /// Starts a process that copies the rest for as long as a process writes.
    fn hand_over(self) {
        let Ok(program) = std::env::current_exe() else {
            return;
        };
        let mut copier = Command::new(program);
        copier
            .args(["keep", "--carry", "."])
            .stdin(self.from)
            .stdout(self.to)
            .stderr(Stdio::null());
        // If it cannot be started, the processes that write get SIGPIPE.
        drop(copier.spawn());
    }
}

/// The state of the ends of a pipe.
#[derive(Clone, Copy, Debug)]
struct State {
    readable: bool,
    nobody_reads: bool,
    stopped: bool,
}

/// Copies standard input to standard output.
pub(crate) fn copy_stdin_to_stdout() {
    let (Ok(from), Ok(to)) = (
        io::stdin().as_fd().try_clone_to_owned(),
        io::stdout().as_fd().try_clone_to_owned(),
    ) else {
        return;
    };
    let (mut from, mut to, mut chunk) = (File::from(from), File::from(to), vec![0; CHUNK]);
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        if write(&mut to, &chunk[..read]).is_err() {
            return;
        }
    }
}

/// Writes all bytes, also to a file that another process has made non-blocking.
fn write(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(to, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
