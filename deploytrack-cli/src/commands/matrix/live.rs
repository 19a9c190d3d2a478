//! `deploytrack matrix --watch`: the matrix full-screen, redrawn after changes.

use std::{fmt::Write as _, time::Duration};

use deploytrack_core::{
    clock::{Clock as _, SystemClock, Time, format},
    event::EventFilter,
};
use tokio::time::{Instant, sleep_until};

use super::{Matrix, MatrixAnswer, columns::Columns, request};
use crate::{
    error::Failure,
    follow::News,
    pipeline::child::Signals,
    process_env::screen,
    render::{View, matrix::matrix_table, text::clean},
    session::Session,
};

/// The time to collect changes before the matrix is requested: many changes come together.
const GATHER: Duration = Duration::from_millis(150);
/// How often the ages are updated.
const TICK: Duration = Duration::from_secs(20);
/// Switches to the alternate screen with the cursor hidden, and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Shows the matrix until Ctrl-C. Restores the terminal in every case.
pub(super) async fn run(matrix: &Matrix, session: &mut Session<'_>) -> Result<(), Failure> {
    if !session.env.stdout_is_terminal {
        return Err(
            Failure::usage("--watch needs a terminal on standard output")
                .hint("`deploytrack watch -o jsonl` prints events for programs"),
        );
    }
    let mut signals = Signals::listen();
    // Requested before the switch, so that an error is printed on the normal screen.
    let answer = request(matrix, session).await?;
    session.out.write_all(ENTER.as_bytes())?;
    let end = tokio::select! {
        end = show(matrix, answer, session) => end,
        _ = signals.next_that_ends() => Ok(()),
    };
    session.out.write_all(LEAVE.as_bytes())?;
    session.out.flush()?;
    end
}

async fn show(
    matrix: &Matrix,
    mut answer: MatrixAnswer,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let mut follow = session.follow(EventFilter::default(), None)?;
    let (mut line, mut fetch) = ("connecting".to_owned(), None);
    let mut resized = resizes();
    loop {
        draw(&answer, &line, session)?;
        let tick = Instant::now() + TICK;
        tokio::select! {
            news = follow.next() => match news? {
                News::Connected => fetch = Some(Instant::now()),
                News::Event(..) => fetch = fetch.or(Some(Instant::now() + GATHER)),
                News::Lost(why) => line = stale(SystemClock.now(), &why),
            },
            () = sleep_until(fetch.unwrap_or(tick)), if fetch.is_some() => {
                fetch = None;
                match request(matrix, session).await {
                    Ok(new) => (answer, line) = (new, format!("live, {}", format(&SystemClock.now()))),
                    Err(failure) => line = stale(SystemClock.now(), failure.message()),
                }
            }
            () = sleep_until(tick) => {}
            () = resized.next() => {}
        }
    }
}

fn stale(now: Time, why: &str) -> String {
    format!("STALE since {}: {why}", format(&now))
}

/// Draws over the old content, so that the screen does not flicker.
fn draw(answer: &MatrixAnswer, line: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    let (width, height) = screen().unwrap_or((80, 24));
    let view = View {
        width: Some(width),
        now: SystemClock.now(),
        ..session.view
    };
    let columns = Columns::readable(&answer.columns, &answer.matrix);
    let (shown, left_out) = if answer.filter.environments.is_empty() {
        (&columns.shown, columns.left_out())
    } else {
        (&answer.columns, None)
    };
    let text = if answer.matrix.is_empty() {
        "the matrix is empty\n".to_owned()
    } else {
        matrix_table(&answer.matrix, shown, &view)
    };
    let line = &left_out.map_or_else(
        || line.to_owned(),
        |left_out| format!("{line} · {left_out}"),
    );
    session
        .out
        .write_all(page(&text, line, usize::from(width), usize::from(height)).as_bytes())?;
    Ok(session.out.flush()?)
}

/// One screen: the lines of the text that fit, and a status line.
fn page(text: &str, last: &str, width: usize, height: usize) -> String {
    let room = height.saturating_sub(1).max(1);
    let lines: Vec<_> = text.lines().collect();
    let (shown, more) = if lines.len() <= room {
        (&lines[..], 0)
    } else {
        (&lines[..room - 1], lines.len() + 1 - room)
    };
    let mut page = String::from("\x1b[H");
    for line in shown {
        page.push_str(line);
        page.push_str("\x1b[K\r\n");
    }
    if more > 0 {
        // Writing to a String does not fail.
        let _ = write!(
            page,
            "… {more} more lines: use a taller window, --component or --owner\x1b[K\r\n"
        );
    }
    let last: String = clean(last).chars().take(width).collect();
    let _ = write!(page, "\x1b[J\x1b[{height};1H{last}\x1b[K");
    page
}

/// Changes of the window's size.
struct Resizes(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
fn resizes() -> Resizes {
    Resizes(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change()).ok())
}

#[cfg(not(unix))]
fn resizes() -> Resizes {
    Resizes()
}

impl Resizes {
    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0 {
            signal.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_fits_the_screen_and_counts_the_other_lines() {
        assert_eq!(
            page("a\nb\n", "live", 80, 24),
            "\x1b[Ha\x1b[K\r\nb\x1b[K\r\n\x1b[J\x1b[24;1Hlive\x1b[K"
        );
        let tall = page(&"row\n".repeat(50), "live", 2, 10);
        assert_eq!(tall.matches("row").count(), 8);
        assert!(tall.contains("… 42 more lines") && tall.ends_with("\x1b[10;1Hli\x1b[K"));
    }
}
