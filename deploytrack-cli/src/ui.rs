//! The streams of a command, and the form of its answer.

use std::{borrow::Cow, io::Write};

use deploytrack_core::{
    clock::{Clock as _, SystemClock},
    query::{Page, PageRequest},
};

use crate::{
    ci::manner,
    error::Failure,
    flags::{Global, Output, TableArgs},
    pager,
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
    /// The columns and the order of the answer.
    table: TableArgs,
    uses_pager: bool,
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
            has_header: true,
            now: SystemClock.now(),
        };
        Self {
            env,
            view,
            out,
            err,
            form: global.output.map(|output| output.form),
            is_quiet: global.quiet,
            table: TableArgs::default(),
            uses_pager: !global.no_pager && env.stdout_is_terminal,
        }
    }

    /// Arranges the rows of the answer as the flags of a command ask for.
    ///
    /// # Errors
    /// A flag that the form of the answer has no use for.
    pub(crate) fn arrange(&mut self, table: TableArgs) -> Result<(), Failure> {
        let has_columns = matches!(
            self.output(),
            Output::Table | Output::Csv | Output::Markdown
        );
        if !has_columns && !table.columns.is_empty() {
            return Err(Failure::usage(
                "--columns is for -o table, wide, csv and markdown",
            ));
        }
        if !matches!(self.output(), Output::Table | Output::Csv) && table.no_headers {
            return Err(Failure::usage("--no-headers is for -o table, wide and csv"));
        }
        self.view.has_header = !table.no_headers;
        self.table = table;
        Ok(())
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

    /// Writes the answer: in the pager, if the terminal is too low for all of it.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Failure> {
        let pager = pager::for_text(text, self.env).filter(|_| self.uses_pager);
        let Some(pager) = pager else {
            return Ok(self.out.write_all(text.as_bytes())?);
        };
        self.out.flush()?;
        pager::show(&pager, text, self.env).or_else(|_| {
            self.warn(&format!(
                "the pager `{pager}` cannot be started; PAGER names another one"
            ));
            Ok(self.out.write_all(text.as_bytes())?)
        })
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

    /// Writes a complete JSON value: unchanged or, on a terminal, indented; as YAML, or as lines, by
    /// `--output`. Characters
    /// that steer a terminal are escaped in a pipe too, because the pipe may end at a terminal.
    pub(crate) fn json(&mut self, text: &str) -> Result<(), Failure> {
        let text = match self.output() {
            Output::Yaml => forms::yaml(text)?,
            Output::Jsonl => clean_json(&forms::lines(text)?),
            _ if self.env.stdout_is_terminal => clean_json(&forms::pretty(text)?) + "\n",
            _ => clean_json(text) + "\n",
        };
        self.print(&text)
    }

    /// Writes the answer in the form of `--output`: the JSON text, or the grid, whose rows are the
    /// elements of the JSON text.
    pub(crate) fn answer(&mut self, json: &str, grid: &Grid) -> Result<(), Failure> {
        let order = self.order_of(grid)?;
        if matches!(self.output(), Output::Json | Output::Yaml | Output::Jsonl) {
            return match order {
                Some(order) => self.json(&forms::reordered(json, &order)),
                None => self.json(json),
            };
        }
        let mut grid = Cow::Borrowed(grid);
        if let Some(order) = order {
            grid = Cow::Owned(grid.into_owned().reordered(&order));
        }
        if !self.table.columns.is_empty() {
            let selected = grid.into_owned().select(&self.table.columns);
            grid = Cow::Owned(selected.map_err(|why| Failure::usage(format!("--columns: {why}")))?);
        }
        let text = match self.output() {
            Output::Csv => grid.csv(self.view.has_header),
            Output::Markdown => grid.markdown(),
            _ => grid.table(&self.view),
        };
        self.print(&text)
    }

    /// The positions of the rows in the order that the flags ask for; `None` if they ask for none.
    fn order_of(&self, grid: &Grid) -> Result<Option<Vec<usize>>, Failure> {
        let by = |name: &String| {
            grid.order_by(name)
                .map_err(|why| Failure::usage(format!("--sort: {why}")))
        };
        let sorted = self.table.sort.as_ref().map(by).transpose()?;
        Ok(if self.table.reverse {
            let order = sorted.unwrap_or_else(|| (0..grid.len()).collect());
            Some(order.into_iter().rev().collect())
        } else {
            sorted
        })
    }

    /// As [`Ui::answer`], for one record: the table form has one line per field.
    pub(crate) fn answer_one(&mut self, json: &str, grid: &Grid) -> Result<(), Failure> {
        match self.output() {
            Output::Table => self.print(&grid.details(&self.view)),
            _ => self.answer(json, grid),
        }
    }

    /// Under a table that is one page of a list, notes the flags that show the rest. `things` is
    /// the plural for the rows.
    pub(crate) fn note_the_rest<T>(&mut self, page: &Page<T>, things: &str) -> Result<(), Failure> {
        let here = page.data.len() as u64;
        let (next, total) = (page.skip + here, page.total);
        if self.output() == Output::Table && total == 0 {
            self.note(&format!("there are no {things}"))?;
        }
        // A part must not look like the whole, in whatever form.
        if next < total {
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
