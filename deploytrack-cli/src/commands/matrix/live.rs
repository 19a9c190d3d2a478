//! `deploytrack matrix --watch`: the matrix full-screen, redrawn after changes.

mod keys;
mod page;
mod terminal;

use std::{fmt::Display, pin::Pin, time::Duration};

use deploytrack_core::{
    clock::{Clock as _, SystemClock},
    event::EventFilter,
};
use tokio::time::{Instant, sleep, sleep_until};

use self::{keys::Key, page::Page, terminal::Terminal};
use super::{
    Matrix,
    request::{Answer, request},
};
use crate::{
    error::Failure,
    follow::News,
    pipeline::child::{Effect, Signals, stop},
    process_env::screen,
    render::{View, matrix::matrix_table},
    session::Session,
};

/// The time to collect changes before the matrix is requested: many changes come together.
const GATHER: Duration = Duration::from_millis(150);
/// How often the ages are updated.
const TICK: Duration = Duration::from_secs(20);

/// Shows the matrix until q or Ctrl-C. Restores the terminal in every case.
pub(super) async fn run(matrix: &Matrix, session: &mut Session<'_>) -> Result<(), Failure> {
    if !session.env.stdout_is_terminal {
        return Err(
            Failure::usage("--watch needs a terminal on standard output")
                .hint("`deploytrack watch -o jsonl` prints events for programs"),
        );
    }
    let signals = Signals::listen();
    // Requested before the switch, so that an error is printed on the normal screen.
    let answer = request(matrix, session).await?;
    session.out.flush()?;
    let screen = Screen::new(answer, session.view, Terminal::entered()?);
    show(matrix, screen, signals, session).await
}

/// A request that is on its way, or that waits for more changes.
type Fetch<'a> = Option<Pin<Box<dyn Future<Output = Result<Answer, Failure>> + 'a>>>;

async fn show(
    matrix: &Matrix,
    mut screen: Screen,
    mut signals: Signals,
    session: &Session<'_>,
) -> Result<(), Failure> {
    let mut follow = session.follow(EventFilter::default(), None)?;
    let mut fetch: Fetch<'_> = None;
    let mut is_outdated = false;
    let after = |pause| -> Fetch<'_> {
        Some(Box::pin(async move {
            sleep(pause).await;
            request(matrix, session).await
        }))
    };
    loop {
        screen.draw()?;
        let tick = Instant::now() + TICK;
        tokio::select! {
            news = follow.next() => match news? {
                News::Lost(why) => screen.is_stale(&why),
                _ if fetch.is_some() => is_outdated = true,
                News::Connected | News::Replaced(_) => fetch = after(Duration::ZERO),
                News::Event(..) => fetch = after(GATHER),
            },
            answer = finished(&mut fetch) => {
                screen.show(answer);
                fetch = std::mem::take(&mut is_outdated).then(|| after(GATHER)).flatten();
            }
            keys = screen.terminal.keys() => {
                if keys.contains(&Key::Quit) {
                    return Ok(());
                }
                for key in keys {
                    screen.scroll(key);
                }
            }
            signal = signals.next() => match signal.effect() {
                Effect::Ends => return Ok(()),
                Effect::Stops => screen.stop()?,
                Effect::Harmless => screen.restore()?,
            },
            () = sleep_until(tick) => screen.arrange(),
        }
    }
}

async fn finished(fetch: &mut Fetch<'_>) -> Result<Answer, Failure> {
    match fetch {
        Some(fetch) => fetch.await,
        None => std::future::pending().await,
    }
}

/// The matrix on the screen.
struct Screen {
    answer: Answer,
    view: View,
    terminal: Terminal,
    size: (u16, u16),
    /// The matrix at the width of the screen.
    text: String,
    /// The first line on the screen.
    top: usize,
    /// Whether the matrix is up to date, and the columns that are left out.
    state: String,
    left_out: String,
}

impl Screen {
    fn new(answer: Answer, view: View, terminal: Terminal) -> Self {
        let mut screen = Self {
            answer,
            view,
            terminal,
            size: (0, 0),
            text: String::new(),
            top: 0,
            state: "connecting".to_owned(),
            left_out: String::new(),
        };
        screen.arrange();
        screen
    }

    /// Lays the matrix out again, for another answer, another time or another size.
    fn arrange(&mut self) {
        self.size = screen().unwrap_or((80, 24));
        let view = View {
            width: Some(self.size.0),
            now: SystemClock.now(),
            ..self.view
        };
        let columns = self.answer.readable_columns();
        let left_out = columns.left_out().map(|note| format!(" · {note}"));
        self.left_out = left_out.unwrap_or_default();
        self.text = if self.answer.matrix.is_empty() {
            "the matrix is empty\n".to_owned()
        } else {
            matrix_table(self.answer.contents(&columns.shown), &view)
        };
        self.top = self.top.min(self.page().last());
    }

    fn page(&self) -> Page<'_> {
        Page::new(&self.text, self.size)
    }

    fn draw(&self) -> Result<(), Failure> {
        let status = format!("{}{}", self.state, self.left_out);
        Ok(terminal::write(&self.page().drawn(self.top, &status))?)
    }

    fn scroll(&mut self, key: Key) {
        self.top = self.page().moved(self.top, key);
    }

    fn show(&mut self, answer: Result<Answer, Failure>) {
        match answer {
            Ok(answer) => {
                self.answer = answer;
                self.state = format!("live, {}", time_of_day());
                self.arrange();
            }
            Err(failure) => self.is_stale(failure.message()),
        }
    }

    fn is_stale(&mut self, why: &str) {
        self.state = format!("STALE since {}: {why}", time_of_day());
    }

    /// Ctrl-Z: leaves the screen to the shell until `fg`. A process that `bg` continues stops again:
    /// it would draw over the shell.
    fn stop(&mut self) -> Result<(), Failure> {
        self.terminal.leave();
        stop();
        while self.terminal.is_in_background() {
            stop();
        }
        self.restore()
    }

    /// Draws a new screen after another size, or after another process used the terminal.
    fn restore(&mut self) -> Result<(), Failure> {
        if !self.terminal.is_in_background() {
            self.terminal.enter()?;
        }
        self.arrange();
        Ok(())
    }
}

fn time_of_day() -> impl Display {
    SystemClock.now().format("%H:%M:%S UTC")
}
