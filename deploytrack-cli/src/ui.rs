//! The streams of a command, and the form of its answer.

use std::io::Write;

use deploytrack_core::{
    clock::{Clock as _, SystemClock},
    query::{Page, PageRequest},
};

use crate::{
    ci::manner,
    error::Failure,
    flags::{Global, Output},
    process_env::ProcessEnv,
    render::{
        View, forms,
        grid::Grid,
        text::{clean, clean_json},
    },
};

/// Standard output and standard error.
pub(crate) struct Streams<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) err: &'a mut dyn Write,
}

/// Everything that a command gets from its caller besides its own flags.
pub(crate) struct Invocation<'a> {
    pub(crate) global: Global,
    pub(crate) env: &'a ProcessEnv,
    pub(crate) streams: Streams<'a>,
}

impl<'a> Invocation<'a> {
    pub(crate) fn ui(self) -> Ui<'a> {
        Ui::new(&self.global, self.env, self.streams)
    }

    /// Prints a warning on standard error.
    pub(crate) fn warn(&mut self, warning: &str) {
        write_warning(self.env, &mut self.streams, warning);
    }
}

/// The output of one command: answers on standard output, notes and warnings on standard error.
pub(crate) struct Ui<'a> {
    pub(crate) env: &'a ProcessEnv,
    pub(crate) view: View,
    pub(crate) out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    /// The form that `--output` names.
    form: Option<Output>,
    is_quiet: bool,
}

impl<'a> Ui<'a> {
    pub(crate) fn new(
        global: &Global,
        env: &'a ProcessEnv,
        Streams { out, err }: Streams<'a>,
    ) -> Self {
        let view = View {
            width: env.width,
            colour: env.colour_on_stdout(),
            is_wide: global.output.is_some_and(|output| output.is_wide),
            now: SystemClock.now(),
        };
        Self {
            env,
            view,
            out,
            err,
            form: global.output.map(|output| output.form),
            is_quiet: global.quiet,
        }
    }

    /// The form of the answer: `--output`, or a table.
    pub(crate) fn output(&self) -> Output {
        self.form.unwrap_or_default()
    }

    /// The form of the answer, if `--output` was given.
    pub(crate) const fn given_output(&self) -> Option<Output> {
        self.form
    }

    /// Whether to draw a progress bar on standard error.
    pub(crate) const fn shows_progress(&self) -> bool {
        self.env.stderr_is_terminal && !self.is_quiet
    }

    /// Writes one line of the answer.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{line}")?)
    }

    /// Prints information on standard error, unless `--quiet` is given.
    pub(crate) fn note(&mut self, note: &str) -> Result<(), Failure> {
        if !self.is_quiet {
            self.out.flush()?;
            // A closed standard error does not spoil the answer.
            drop(writeln!(self.err, "{}", clean(note)));
        }
        Ok(())
    }

    /// Prints a warning on standard error, also with `--quiet`. The command continues.
    pub(crate) fn warn(&mut self, warning: &str) {
        write_warning(
            self.env,
            &mut Streams {
                out: self.out,
                err: self.err,
            },
            warning,
        );
    }

    /// Writes a complete JSON value: unchanged, as YAML, or as lines, by `--output`. Characters
    /// that steer a terminal are escaped in a pipe too, because the pipe may end at a terminal.
    pub(crate) fn json(&mut self, text: &str) -> Result<(), Failure> {
        let text = match self.output() {
            Output::Yaml => forms::yaml(text)?,
            Output::Jsonl => clean_json(&forms::lines(text)?),
            _ => clean_json(text) + "\n",
        };
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// Writes the answer in the form of `--output`.
    pub(crate) fn answer(&mut self, json: &str, grid: &Grid) -> Result<(), Failure> {
        let text = match self.output() {
            Output::Json | Output::Yaml | Output::Jsonl => return self.json(json),
            Output::Table => grid.table(&self.view),
            Output::Csv => grid.csv(),
            Output::Markdown => grid.markdown(),
        };
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// As [`Ui::answer`], for one record: the table form has one line per field.
    pub(crate) fn answer_one(&mut self, json: &str, grid: &Grid) -> Result<(), Failure> {
        match self.output() {
            Output::Table => Ok(self.out.write_all(grid.details(&self.view).as_bytes())?),
            _ => self.answer(json, grid),
        }
    }

    /// Under a table that is one page of a list, notes the flags that show the rest. `things` is
    /// the plural for the rows.
    pub(crate) fn note_the_rest<T>(&mut self, page: &Page<T>, things: &str) -> Result<(), Failure> {
        let here = page.data.len() as u64;
        let (next, total) = (page.skip + here, page.total);
        if self.output() == Output::Table && next < total {
            let more = if next <= PageRequest::MOST_PASSED {
                format!("--skip {next} shows more, ")
            } else {
                String::new()
            };
            self.note(&format!(
                "{here} of {total} {things}; {more}--all shows all"
            ))?;
        }
        Ok(())
    }
}

/// Writes a warning behind the answer so far. A closed stream does not end the command: the
/// pipeline must go on.
fn write_warning(env: &ProcessEnv, streams: &mut Streams<'_>, warning: &str) {
    drop(streams.out.flush());
    drop(writeln!(streams.err, "{}", manner::warning(env, warning)));
}
