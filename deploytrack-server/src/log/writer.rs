//! Writing the log without waiting: a thread writes the lines to standard error. A reader that stops
//! or goes away must not stop a request, so lines above a limit are dropped and counted.

use std::{
    io::{self, Write},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// The most lines that wait to be written.
const MOST_LINES: usize = 8192;
/// How often and how long the end waits for a write in progress.
const END_CHECKS: u32 = 20;
const END_PAUSE: Duration = Duration::from_millis(10);

/// The thread that writes the log. Dropping its guard writes the lines that wait.
static THREAD: Mutex<Option<WorkerGuard>> = Mutex::new(None);
/// The count of dropped lines.
static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();
/// Writes that failed, such as those into a pipe whose reader is gone.
static FAILED: AtomicU64 = AtomicU64::new(0);
/// The count of finished writes, and whether one is in progress.
static WRITTEN: AtomicU64 = AtomicU64::new(0);
static WRITING: AtomicBool = AtomicBool::new(false);

/// Standard error, for the thread that writes the log.
struct Watched;

impl Write for Watched {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        WRITING.store(true, Ordering::Release);
        let result = io::stderr().write(line);
        WRITING.store(false, Ordering::Release);
        WRITTEN.fetch_add(1, Ordering::AcqRel);
        if result.is_err() {
            FAILED.fetch_add(1, Ordering::AcqRel);
        }
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        // Standard error has no buffer, and an error here would be printed to it.
        Ok(())
    }
}

/// Starts the thread.
pub(super) fn start() -> NonBlocking {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(MOST_LINES)
        .lossy(true)
        .thread_name("log")
        .finish(Watched);
    let _ = DROPPED.set(writer.error_counter());
    *THREAD.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
    writer
}

/// The lines that were lost: dropped, or written to a reader that is gone.
pub(super) fn lost_lines() -> u64 {
    let dropped = DROPPED.get().map_or(0, ErrorCounter::dropped_lines);
    dropped as u64 + FAILED.load(Ordering::Acquire)
}

/// Writes the lines that wait, for about a second at most. If the reader has stopped reading, they
/// are lost.
pub(super) fn end() {
    let Some(guard) = THREAD.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return;
    };
    if is_stalled() {
        // Dropping it would print an error to standard output.
        std::mem::forget(guard);
    }
}

/// Whether one write takes all of the time that the end waits for.
fn is_stalled() -> bool {
    let written = WRITTEN.load(Ordering::Acquire);
    (0..END_CHECKS).all(|_| {
        let is_writing = WRITING.load(Ordering::Acquire);
        if is_writing {
            sleep(END_PAUSE);
        }
        is_writing && WRITTEN.load(Ordering::Acquire) == written
    })
}
