//! The signals that reach this process, and how they reach the command.

/// A signal that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// Its number.
    pub(crate) number: i32,
    /// Whether the kernel sent it: a terminal sends to every process of its foreground group, the command among them.
    pub(crate) by_kernel: bool,
}

impl Received {
    /// As a process sends it.
    pub(super) const fn sent(number: i32) -> Self {
        Self { number, by_kernel: false }
    }
}

/// The process that signals are passed on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) pid: u32,
    /// Whether it leads a process group of its own; otherwise it shares the terminal's with this process.
    pub(super) own_group: bool,
}

impl Target {
    /// A process that this one has started.
    pub(super) fn of(pid: u32) -> Self {
        Self { pid, own_group: cfg!(unix) && !super::shares_the_terminal() }
    }
}

#[cfg(unix)]
pub(crate) use self::unix::{Signals, end_interrupted};
#[cfg(unix)]
pub(super) use self::unix::{pass_on, resume, stop};

#[cfg(unix)]
mod unix {
    use std::{
        collections::VecDeque,
        io,
        os::unix::net::UnixStream,
        process::{Command, Stdio},
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group};
    use signal_hook::{
        consts::{FORBIDDEN, SIGCHLD, SIGCONT, SIGINT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH},
        iterator::{backend::SignalDelivery, exfiltrator::origin::WithOrigin},
        low_level::{
            emulate_default_handler,
            siginfo::{Cause, Origin},
        },
    };
    use tokio::{
        signal::unix::{SignalKind, signal},
        time::timeout,
    };

    use super::{super::shares_the_terminal, Received, Target};

    /// What does not end a process that does not heed it.
    const HARMLESS: [i32; 6] = [SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH];
    /// The highest signal of Linux; other systems have fewer and refuse the rest.
    const LAST: i32 = 64;

    /// Whether Ctrl-C was pressed.
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    /// How long to go on after a signal.
    const MOMENT: Duration = Duration::from_secs(1);

    /// Every signal that can be caught. Listened to from the beginning: one that came between two steps would otherwise
    /// end this process alone, and leave the command running unseen.
    pub(crate) struct Signals {
        calls: Calls,
        children: Option<tokio::signal::unix::Signal>,
    }

    /// All but those about children.
    struct Calls {
        delivery: Option<SignalDelivery<tokio::net::UnixStream, WithOrigin>>,
        waiting: VecDeque<Received>,
    }

    impl Signals {
        /// Where a signal cannot be listened to, it does what it does without this. One that was ignored when this process
        /// began, as under nohup(1), stays so, for the command too.
        pub(crate) fn listen() -> Self {
            let delivery = delivery().ok();
            if let Some(delivery) = &delivery {
                for number in heeded() {
                    // Those that the C library needs for itself are refused.
                    drop(delivery.handle().add_signal(number));
                }
            }
            // Children of a process that ignores this one end without a status, and a parent may have left it so.
            Self { calls: Calls { delivery, waiting: VecDeque::new() }, children: signal(SignalKind::child()).ok() }
        }

        /// The next one.
        pub(crate) async fn next(&mut self) -> Received {
            self.calls.next().await
        }

        /// The next one that ends a process which does not heed it.
        pub(crate) async fn next_that_ends(&mut self) -> i32 {
            loop {
                let received = self.next().await;
                if !HARMLESS.contains(&received.number) {
                    return received.number;
                }
                stop(received);
            }
        }

        /// Does something that is soon done, and gives up soon after a signal that calls it off: the one that ended a command
        /// may come here a moment later, too.
        pub(crate) async fn unless_called_off<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
            let mut work = std::pin::pin!(work);
            tokio::select! {
                done = &mut work => Some(done),
                _ = self.next_that_ends() => timeout(MOMENT, work).await.ok(),
            }
        }

        /// The next one; none when a child may have ended instead.
        pub(crate) async fn next_or_child(&mut self) -> Option<Received> {
            let Self { calls, children } = self;
            let child = async {
                match children {
                    Some(children) => drop(children.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                received = calls.next() => Some(received),
                () = child => None,
            }
        }
    }

    impl Calls {
        async fn next(&mut self) -> Received {
            loop {
                if let Some(received) = self.waiting.pop_front() {
                    return received;
                }
                let Some(delivery) = &mut self.delivery else { return std::future::pending().await };
                drop(delivery.get_read().readable().await);
                while let Ok(1..) = delivery.get_read().try_read(&mut [0; 64]) {}
                self.waiting.extend(delivery.pending().filter_map(|origin| received(&origin)));
            }
        }
    }

    fn delivery() -> io::Result<SignalDelivery<tokio::net::UnixStream, WithOrigin>> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        SignalDelivery::with_pipe(tokio::net::UnixStream::from_std(read)?, write, WithOrigin::default(), std::iter::empty::<i32>())
    }

    /// Those that are listened to.
    fn heeded() -> impl Iterator<Item = i32> {
        let ignored = ignored();
        // A terminal stops a process of the background that writes to it. That is no message to the command, which is
        // stopped for itself, and one who catches it would try to write for ever.
        let terminal = shares_the_terminal();
        let kept = move |number: &i32| *number != SIGCHLD && !(terminal && [SIGTTIN, SIGTTOU].contains(number));
        // The standard library ignores it in this process alone.
        let heeded = move |number: &i32| *number == SIGPIPE || ignored >> (number - 1) & 1 == 0;
        (1..=LAST).filter(|number| !FORBIDDEN.contains(number)).filter(kept).filter(heeded)
    }

    /// The signals that this process ignores, one bit each (`SigIgn` in `proc_pid_status(5)`); none where the system does not say.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }

    /// None for what this process did to itself: a pipe that it wrote to is broken.
    fn received(origin: &Origin) -> Option<Received> {
        let own = origin.process.as_ref().is_some_and(|process| process.pid == getpid().as_raw_nonzero().get());
        let received = Received { number: origin.signal, by_kernel: matches!(origin.cause, Cause::Kernel) };
        INTERRUPTED.fetch_or(received.by_kernel && received.number == SIGINT, Ordering::Relaxed);
        (!own).then_some(received)
    }

    /// Ends this process as the command ended, when Ctrl-C ended it: a shell goes on with its script unless it sees that.
    pub(crate) fn end_interrupted() {
        if INTERRUPTED.load(Ordering::Relaxed) {
            drop(emulate_default_handler(SIGINT));
        }
    }

    /// Passes a signal on to a command.
    pub(in super::super) fn pass_on(to: Target, received: Received) {
        // The terminal gives Ctrl-C to every process of its group; the command has it already.
        if !received.by_kernel || to.own_group {
            send(to, received.number);
        }
    }

    fn send(to: Target, number: i32) {
        let Some(pid) = i32::try_from(to.pid).ok().and_then(Pid::from_raw) else { return };
        // A command that has just ended needs no signal.
        let _ = match Signal::from_named_raw(number) {
            Some(signal) if to.own_group => kill_process_group(pid, signal),
            Some(signal) => kill_process(pid, signal),
            None => return send_by_shell(to, number),
        };
    }

    /// A real-time signal has no name, and without one it can be sent by unsafe code alone; every shell can.
    fn send_by_shell(to: Target, number: i32) {
        let group = if to.own_group { "-" } else { "" };
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("kill -{number} {group}{}", to.pid)]);
        drop(shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status());
    }

    /// Lets a command go on that is stopped.
    pub(in super::super) fn resume(target: Target) {
        send(target, SIGCONT);
    }

    /// Stops this process with the command, as it would have stopped without heeding the signal; `fg` lets both go on.
    pub(in super::super) fn stop(received: Received) {
        if [SIGTSTP, SIGTTIN, SIGTTOU].contains(&received.number) {
            let _ = kill_process(getpid(), Signal::STOP);
        }
    }
}

/// Ctrl-C, which the console gives to the command, too.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn listen() -> Self {
        Self
    }

    pub(crate) async fn next(&mut self) -> Received {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Received { number: 2, by_kernel: true }
    }

    pub(crate) async fn next_that_ends(&mut self) -> i32 {
        self.next().await.number
    }

    pub(crate) async fn unless_called_off<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            _ = self.next() => None,
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn end_interrupted() {}

#[cfg(not(unix))]
pub(super) fn pass_on(_to: Target, _received: Received) {}

#[cfg(not(unix))]
pub(super) fn stop(_received: Received) {}
