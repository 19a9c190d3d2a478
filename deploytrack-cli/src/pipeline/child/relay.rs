//! The output of a command on its way to where it goes anyway, while its last part is kept.

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

use super::{announced::Announced, kept::Kept, signals::Signals};

/// What a pipe takes before its writer has to wait. Large, so that a process between two others costs little.
const CAPACITY: usize = 1024 * 1024;
const CHUNK: usize = 256 * 1024;
/// How long to wait for the end of the output once the command has ended: something it started may hold on to it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pipes that a command writes to: one for each stream, or one for both where both go to the same place, so that
/// what comes together stays in order.
pub(super) struct Pipes {
    carriers: Vec<Carrier>,
    kept: Arc<Mutex<Kept>>,
    stop: PipeWriter,
    out: PipeWriter,
    err: PipeWriter,
}

impl Pipes {
    pub(super) fn new() -> io::Result<Self> {
        let (stopped, stop) = pipe()?;
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (from, out) = pipe()?;
        let mut carriers = vec![Carrier::new(from, io::stdout().as_fd(), stopped.try_clone()?, kept.clone(), 0)?];
        let err = if go_to_the_same_place() {
            out.try_clone()?
        } else {
            let (from, err) = pipe()?;
            carriers.push(Carrier::new(from, io::stderr().as_fd(), stopped, kept.clone(), 1)?);
            err
        };
        Ok(Self { carriers, kept, stop, out, err })
    }

    /// The ends for the command's standard output and standard error.
    pub(super) fn ends(&self) -> io::Result<(Stdio, Stdio)> {
        Ok((self.out.try_clone()?.into(), self.err.try_clone()?.into()))
    }
}

fn go_to_the_same_place() -> bool {
    let place = |fd: BorrowedFd<'_>| rustix::fs::fstat(fd).ok().map(|stat| (stat.st_dev, stat.st_ino));
    let (out, err) = (place(io::stdout().as_fd()), place(io::stderr().as_fd()));
    out.is_some() && out == err
}

/// A thread for each pipe, which a reader that does not read can hold up without holding up this process.
pub(super) struct Relay {
    kept: Arc<Mutex<Kept>>,
    streams: Vec<oneshot::Receiver<Option<Carrier>>>,
    /// Closed when the threads are to stop.
    stop: PipeWriter,
}

impl Relay {
    /// Begins, once the command has the other ends.
    pub(super) fn begin(pipes: Pipes) -> Self {
        let Pipes { carriers, kept, stop, .. } = pipes;
        Self { kept, streams: carriers.into_iter().filter_map(Carrier::begin).collect(), stop }
    }

    /// What was kept, once the command has ended and everything it wrote has gone where it goes. What it left running may
    /// write for as long as it likes: that is carried by a process of its own, as nothing else would have to wait for it.
    pub(super) async fn end(self, signals: &mut Signals) -> Kept {
        let Self { kept, mut streams, stop } = self;
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
        for carrier in left {
            carrier.hand_over();
        }
        std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Waits for the threads, each of which is no longer waited for once it is done.
async fn all(streams: &mut Vec<oneshot::Receiver<Option<Carrier>>>, left: &mut Vec<Carrier>) {
    while let Some(stream) = streams.last_mut() {
        let ended = stream.await;
        left.extend(ended.ok().flatten());
        streams.pop();
    }
}

/// One pipe on its way.
struct Carrier {
    from: PipeReader,
    to: File,
    stopped: PipeReader,
    number: usize,
    kept: Arc<Mutex<Kept>>,
    /// Whether it goes on to another pipe, as far as is known.
    is_pipe: bool,
}

impl Carrier {
    fn new(from: PipeReader, to: BorrowedFd<'_>, stopped: PipeReader, kept: Arc<Mutex<Kept>>, number: usize) -> io::Result<Self> {
        let to = to.try_clone_to_owned()?;
        // A smaller one is slower, and no more than that; what is no pipe has no size.
        let _ = rustix::pipe::fcntl_setpipe_size(&from, CAPACITY);
        let _ = rustix::pipe::fcntl_setpipe_size(&to, CAPACITY);
        Ok(Self { from, to: File::from(to), stopped, number, kept, is_pipe: true })
    }

    /// Begins in a thread of its own; where there can be none, in a process.
    fn begin(self) -> Option<oneshot::Receiver<Option<Self>>> {
        let (tell, told) = oneshot::channel();
        let here = Arc::new(Mutex::new(Some(self)));
        let there = here.clone();
        let take = |place: &Mutex<Option<Self>>| place.lock().unwrap_or_else(PoisonError::into_inner).take();
        let started = thread::Builder::new().spawn(move || drop(tell.send(take(&there).and_then(Self::carry))));
        if started.is_err() {
            take(&here).into_iter().for_each(Self::hand_over);
        }
        started.is_ok().then_some(told)
    }

    /// Carries until the end; itself when it is stopped before.
    ///
    /// A reader that goes away ends it: the pipe is closed, and the command hears of that as it would have without this.
    fn carry(mut self) -> Option<Self> {
        let (mut chunk, mut announced) = (vec![0; CHUNK], Announced::default());
        let (mut stopped, mut left) = (false, CAPACITY);
        loop {
            let state = self.wait(stopped);
            stopped |= state.stopped;
            // What the command itself wrote is no more than a pipe holds.
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
                    self.keep(&chunk[..read], announced.look(&chunk[..read]));
                    left = if stopped { left.saturating_sub(read) } else { left };
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return None,
            }
        }
    }

    /// Passes on what is there, and gives how much of the chunk it is.
    fn pass(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        if let Some(passed) = self.duplicate(chunk.len())? {
            self.from.read_exact(&mut chunk[..passed])?;
            return Ok(passed);
        }
        let read = self.from.read(chunk)?;
        write(&mut self.to, &chunk[..read])?;
        Ok(read)
    }

    /// From pipe to pipe the system passes on pages without a copy. None where one is no pipe.
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

    fn keep(&self, chunk: &[u8], secrets: Vec<String>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(self.number, chunk, secrets);
    }

    /// Waits until there is something to do, or looks whether there is.
    fn wait(&self, only_look: bool) -> State {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut ends =
            [PollFd::new(&self.from, PollFlags::IN), PollFd::new(&self.to, PollFlags::empty()), PollFd::new(&self.stopped, PollFlags::IN)];
        if only_look {
            // It stays closed, and has been seen.
            ends[2].clear_revents();
        }
        // An error leaves no events, and the next look finds what there is.
        let _ = poll(&mut ends, only_look.then_some(&now));
        State {
            readable: !ends[0].revents().is_empty(),
            nobody_reads: ends[1].revents().contains(PollFlags::ERR),
            stopped: !ends[2].revents().is_empty(),
        }
    }

    /// Leaves the rest to a process that carries it for as long as somebody writes.
    fn hand_over(self) {
        let Ok(program) = std::env::current_exe() else { return };
        let mut carrier = Command::new(program);
        carrier.args(["keep", "--carry", "."]).stdin(self.from).stdout(self.to).stderr(Stdio::null());
        // Without it those who write are told that nobody reads.
        drop(carrier.spawn());
    }
}

/// What a look at the ends of a pipe found.
#[derive(Clone, Copy, Debug)]
struct State {
    readable: bool,
    nobody_reads: bool,
    stopped: bool,
}

/// Carries what is read from standard input to standard output.
pub(crate) fn carry_on() {
    let (Ok(from), Ok(to)) = (io::stdin().as_fd().try_clone_to_owned(), io::stdout().as_fd().try_clone_to_owned()) else { return };
    let (mut from, mut to, mut chunk) = (File::from(from), File::from(to), vec![0; CHUNK]);
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        if write(&mut to, &chunk[..read]).is_err() {
            return;
        }
    }
}

/// Writes all of it; to what another process has made non-blocking, too.
fn write(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(poll(&mut [PollFd::new(to, PollFlags::OUT)], None)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
