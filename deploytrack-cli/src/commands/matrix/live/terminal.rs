//! The terminal of a full-screen view: the alternate screen, and keys that arrive one by one.

use std::io::{self, Write as _};

use super::keys::Key;

/// Switches to the alternate screen with the cursor hidden, and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// The alternate screen. It is left, and the keyboard restored, when this value is dropped: also
/// after an error and a panic.
pub(super) struct Terminal {
    is_entered: bool,
    keyboard: Option<keyboard::Keyboard>,
    /// Whether more keys may arrive.
    has_input: bool,
}

impl Terminal {
    /// Switches to the alternate screen. Without a keyboard, as in the background, no key is read.
    pub(super) fn entered() -> io::Result<Self> {
        let mut terminal = Self {
            is_entered: false,
            keyboard: keyboard::Keyboard::open(),
            has_input: true,
        };
        terminal.enter()?;
        Ok(terminal)
    }

    /// Switches to the alternate screen, also again after the process was stopped.
    pub(super) fn enter(&mut self) -> io::Result<()> {
        if let Some(keyboard) = &self.keyboard {
            keyboard.enter();
        }
        if !std::mem::replace(&mut self.is_entered, true) {
            write(ENTER)?;
        }
        Ok(())
    }

    /// Switches back to the normal screen.
    pub(super) fn leave(&mut self) {
        if std::mem::take(&mut self.is_entered) {
            // A closed terminal needs no restoring.
            drop(write(LEAVE));
        }
        if let Some(keyboard) = &self.keyboard {
            keyboard.leave();
        }
    }

    /// Whether another job of the shell uses the keyboard now.
    pub(super) fn is_in_background(&self) -> bool {
        self.keyboard.is_some() && !keyboard::is_ours()
    }

    /// The next keys. The call can be cancelled without losing one.
    pub(super) async fn keys(&mut self) -> Vec<Key> {
        if let Some(keyboard) = self.keyboard.as_mut().filter(|_| self.has_input) {
            match keyboard.next().await {
                Ok(keys) => return keys,
                Err(_) => self.has_input = false,
            }
        }
        std::future::pending().await
    }
}

/// Writes to the screen at once.
pub(super) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(unix)]
mod keyboard {
    use std::{
        io::{self, IsTerminal as _, stdin},
        thread,
    };

    use rustix::{
        process::getpgrp,
        termios::{
            LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
        },
    };
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::super::keys::{Key, KeyReader};

    /// The keyboard on standard input, and its settings before this program.
    pub(super) struct Keyboard {
        before: Termios,
        input: UnboundedReceiver<Vec<u8>>,
        reader: KeyReader,
    }

    /// Whether this process may read the keyboard. The system stops a process in the background
    /// that tries.
    pub(super) fn is_ours() -> bool {
        tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp())
    }

    /// Sends all input, until there is no more. A thread of its own: a terminal has no read that
    /// waits without blocking, unless every other process of the terminal gets it too.
    fn forward(input: &UnboundedSender<Vec<u8>>) {
        let mut bytes = [0; 256];
        loop {
            let read = match rustix::io::read(stdin(), &mut bytes) {
                Err(rustix::io::Errno::INTR) => continue,
                Ok(read @ 1..) => read,
                Ok(0) | Err(_) => return,
            };
            if input.send(bytes[..read].to_vec()).is_err() {
                return;
            }
        }
    }

    impl Keyboard {
        /// The keyboard, if standard input is a terminal that this process may read.
        pub(super) fn open() -> Option<Self> {
            if !stdin().is_terminal() || !is_ours() {
                return None;
            }
            let before = tcgetattr(stdin()).ok()?;
            let (sender, input) = unbounded_channel();
            // Before the first read: a read that waits for a line would not return for a key.
            set(&key_by_key(before.clone()));
            thread::Builder::new()
                .name("keyboard".to_owned())
                .spawn(move || forward(&sender))
                .ok()?;
            Some(Self {
                before,
                input,
                reader: KeyReader::default(),
            })
        }

        pub(super) fn enter(&self) {
            set(&key_by_key(self.before.clone()));
        }

        /// Restores the settings. Keys that were not read are discarded: the shell must not get
        /// them.
        pub(super) fn leave(&self) {
            set(&self.before);
        }

        /// The next keys. An error means that there will be no more.
        pub(super) async fn next(&mut self) -> io::Result<Vec<Key>> {
            let bytes = self.input.recv().await;
            let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
            Ok(self.reader.read(&bytes))
        }
    }

    /// Keys arrive at once and are not printed. Ctrl-C and Ctrl-Z are still signals.
    fn key_by_key(mut settings: Termios) -> Termios {
        let of_lines = LocalModes::ICANON | LocalModes::ECHO;
        settings.local_modes.remove(of_lines);
        settings.special_codes[SpecialCodeIndex::VMIN] = 1;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        settings
    }

    fn set(settings: &Termios) {
        // A terminal that is closed has no settings.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, settings);
    }
}

#[cfg(not(unix))]
mod keyboard {
    use std::io;

    use super::super::keys::Key;

    /// No keyboard: keys are read on Unix only.
    pub(super) enum Keyboard {}

    pub(super) const fn is_ours() -> bool {
        true
    }

    impl Keyboard {
        pub(super) const fn open() -> Option<Self> {
            None
        }

        pub(super) const fn enter(&self) {}

        pub(super) const fn leave(&self) {}

        pub(super) async fn next(&mut self) -> io::Result<Vec<Key>> {
            std::future::pending().await
        }
    }
}
