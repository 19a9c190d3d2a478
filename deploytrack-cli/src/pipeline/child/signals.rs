//! Receives signals and forwards them to the command.

/// A received signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// The number of the signal.
    pub(crate) number: i32,
    /// Whether the kernel sent it. A terminal signals every process of its foreground group,
    /// including the command.
    pub(crate) by_kernel: bool,
}

impl Received {
    /// A signal as another process sends it.
    pub(super) const fn sent(number: i32) -> Self {
        Self {
            number,
            by_kernel: false,
        }
    }
}

/// The effect of a signal on a process without a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Ends,
    Stops,
    Harmless,
}

/// The process that receives forwarded signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) pid: u32,
    /// Whether it leads its own process group. Otherwise it is in the group of the terminal, like
    /// this process.
    pub(super) own_group: bool,
}

impl Target {
    /// A child of this process.
    pub(super) fn of(pid: u32) -> Self {
        Self {
            pid,
            own_group: cfg!(unix) && !super::shares_the_terminal(),
        }
    }
}

#[cfg(unix)]
pub(crate) use self::unix::{Signals, end_interrupted, stop};
#[cfg(unix)]
pub(super) use self::unix::{forward, resume};

#[cfg(unix)]
mod unix {
    use std::{
        collections::VecDeque,
        io,
        mem::ManuallyDrop,
        os::unix::net::UnixStream,
        process::{Command, Stdio},
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group};
    use signal_hook::{
        consts::{
            FORBIDDEN, SIGBUS, SIGCHLD, SIGCONT, SIGINT, SIGPIPE, SIGSYS, SIGTRAP, SIGTSTP,
            SIGTTIN, SIGTTOU, SIGURG, SIGWINCH,
        },
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

    use super::{super::shares_the_terminal, Effect, Received, Target};

    /// Signals that do not end a process without a handler.
    const HARMLESS: [i32; 6] = [SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH];
    /// Faults of this process, beside the forbidden ones. After a handler the faulty instruction runs
    /// again, so the process would never end.
    const FAULTS: [i32; 3] = [SIGBUS, SIGSYS, SIGTRAP];
    /// The highest signal number of Linux. Other systems have fewer signals and reject the rest.
    const LAST: i32 = 64;

    /// Whether Ctrl-C was pressed.
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    /// How long to continue after a signal.
    const GRACE: Duration = Duration::from_secs(1);

    /// A listener for every signal that can be caught. It listens from the beginning: otherwise, a
    /// signal between two steps would end only this process, and the command would continue
    /// unwatched.
    pub(crate) struct Signals {
        forwardable: Forwardable,
        children: Option<tokio::signal::unix::Signal>,
    }

    /// All signals but SIGCHLD.
    struct Forwardable {
        /// Never dropped: it would close its socket before it removes its handlers. A signal in between
        /// would be written to the closed socket, which causes SIGPIPE, whose handler writes again,
        /// without an end.
        delivery: Option<ManuallyDrop<SignalDelivery<tokio::net::UnixStream, WithOrigin>>>,
        waiting: VecDeque<Received>,
    }

    impl Signals {
        /// Starts to listen. A signal without a listener has its default effect. A signal that was
        /// ignored when this process began, as under nohup(1), stays ignored, for the command, too.
        pub(crate) fn listen() -> Self {
            let delivery = delivery().ok();
            if let Some(delivery) = &delivery {
                for number in handled() {
                    // The C library reserves some signals; they are refused.
                    drop(delivery.handle().add_signal(number));
                }
            }
            // Also replaces an ignored SIGCHLD, which a parent may have left: children would then
            // end without an exit status.
            Self {
                forwardable: Forwardable {
                    delivery: delivery.map(ManuallyDrop::new),
                    waiting: VecDeque::new(),
                },
                children: signal(SignalKind::child()).ok(),
            }
        }

        /// The next signal.
        pub(crate) async fn next(&mut self) -> Received {
            self.forwardable.next().await
        }

        /// The next signal that ends a process without a handler.
        pub(crate) async fn next_that_ends(&mut self) -> i32 {
            loop {
                let received = self.next().await;
                match received.effect() {
                    Effect::Ends => return received.number,
                    Effect::Stops => stop(),
                    Effect::Harmless => {}
                }
            }
        }

        /// Runs short work, and gives up one second after a signal that ends processes. It does not
        /// give up at once, since the signal that ended the command may arrive here a moment later.
        pub(crate) async fn unless_cancelled<T>(
            &mut self,
            work: impl Future<Output = T>,
        ) -> Option<T> {
            let mut work = std::pin::pin!(work);
            tokio::select! {
                done = &mut work => Some(done),
                _ = self.next_that_ends() => timeout(GRACE, work).await.ok(),
            }
        }

        /// The next signal; none if a child may have ended instead.
        pub(crate) async fn next_or_child(&mut self) -> Option<Received> {
            let Self {
                forwardable,
                children,
            } = self;
            let child = async {
                match children {
                    Some(children) => drop(children.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                received = forwardable.next() => Some(received),
                () = child => None,
            }
        }
    }

    impl Received {
        /// The effect of the signal without a handler.
        pub(crate) fn effect(self) -> Effect {
            if [SIGTSTP, SIGTTIN, SIGTTOU].contains(&self.number) {
                Effect::Stops
            } else if HARMLESS.contains(&self.number) {
                Effect::Harmless
            } else {
                Effect::Ends
            }
        }
    }

    impl Forwardable {
        async fn next(&mut self) -> Received {
            loop {
                if let Some(received) = self.waiting.pop_front() {
                    return received;
                }
                let Some(delivery) = &mut self.delivery else {
                    return std::future::pending().await;
                };
                drop(delivery.get_read().readable().await);
                while let Ok(1..) = delivery.get_read().try_read(&mut [0; 64]) {}
                self.waiting
                    .extend(delivery.pending().filter_map(|origin| received(&origin)));
            }
        }
    }

    fn delivery() -> io::Result<SignalDelivery<tokio::net::UnixStream, WithOrigin>> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        SignalDelivery::with_pipe(
            tokio::net::UnixStream::from_std(read)?,
            write,
            WithOrigin::default(),
            std::iter::empty::<i32>(),
        )
    }

    /// The signals to listen for.
    fn handled() -> impl Iterator<Item = i32> {
        let ignored = ignored();
        // A terminal stops a background process that writes to it. The command is stopped by its
        // own signal, and a process that catches this one would retry the write forever.
        let terminal = shares_the_terminal();
        let is_forwardable = move |number: &i32| {
            *number != SIGCHLD && !(terminal && [SIGTTIN, SIGTTOU].contains(number))
        };
        // Rust's standard library ignores SIGPIPE, in this process only.
        let is_not_ignored =
            move |number: &i32| *number == SIGPIPE || ignored >> (number - 1) & 1 == 0;
        (1..=LAST)
            .filter(|number| !FORBIDDEN.contains(number) && !FAULTS.contains(number))
            .filter(is_forwardable)
            .filter(is_not_ignored)
    }

    /// The signals that this process ignores, one bit each (`SigIgn` in `proc_pid_status(5)`); 0 if
    /// the system does not report them.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    }

    /// None for a signal that this process caused itself, such as a broken pipe.
    fn received(origin: &Origin) -> Option<Received> {
        let own = origin
            .process
            .as_ref()
            .is_some_and(|process| process.pid == getpid().as_raw_nonzero().get());
        let received = Received {
            number: origin.signal,
            by_kernel: matches!(origin.cause, Cause::Kernel),
        };
        INTERRUPTED.fetch_or(
            received.by_kernel && received.number == SIGINT,
            Ordering::Relaxed,
        );
        (!own).then_some(received)
    }

    /// Ends this process by SIGINT if Ctrl-C was pressed: unless a shell sees that, it continues
    /// with its script.
    pub(crate) fn end_interrupted() {
        if INTERRUPTED.load(Ordering::Relaxed) {
            drop(emulate_default_handler(SIGINT));
        }
    }

    /// Forwards a signal to a command.
    pub(in super::super) fn forward(to: Target, received: Received) {
        // The terminal sends Ctrl-C to every process of its group, so the command already has it.
        if !received.by_kernel || to.own_group {
            send(to, received.number);
        }
    }

    fn send(to: Target, number: i32) {
        let Some(pid) = i32::try_from(to.pid).ok().and_then(Pid::from_raw) else {
            return;
        };
        // The command may have just ended.
        let _ = match Signal::from_named_raw(number) {
            Some(signal) if to.own_group => kill_process_group(pid, signal),
            Some(signal) => kill_process(pid, signal),
            None => return send_by_shell(to, number),
        };
    }

    /// Real-time signals have no name, and safe Rust can only send signals by name. A shell can
    /// send any.
    fn send_by_shell(to: Target, number: i32) {
        let group = if to.own_group { "-" } else { "" };
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("kill -{number} {group}{}", to.pid)]);
        drop(
            shell
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status(),
        );
    }

    /// Continues a stopped command.
    pub(in super::super) fn resume(target: Target) {
        send(target, SIGCONT);
    }

    /// Stops this process, as a signal of the terminal does without a handler. `fg` continues it.
    pub(crate) fn stop() {
        let _ = kill_process(getpid(), Signal::STOP);
    }
}

/// Ctrl-C. The console sends it to the command, too.
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
        Received {
            number: 2,
            by_kernel: true,
        }
    }

    pub(crate) async fn next_that_ends(&mut self) -> i32 {
        self.next().await.number
    }

    pub(crate) async fn unless_cancelled<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            _ = self.next() => None,
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn end_interrupted() {}

#[cfg(not(unix))]
pub(super) fn forward(_to: Target, _received: Received) {}

#[cfg(not(unix))]
pub(crate) fn stop() {}

#[cfg(not(unix))]
impl Received {
    pub(crate) fn effect(self) -> Effect {
        Effect::Ends
    }
}
