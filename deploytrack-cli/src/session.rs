//! What every command needs: the client, the streams, the form of the answer, and names turned into ids.

use std::{ffi::OsString, io::Write};

use deploytrack_core::{
    catalog::{Component, Environment, Reference},
    client::{ApiResponse, Client},
    clock::{Clock, SystemClock},
    event::EventFilter,
    query::{CatalogFilter, Links, Page, PageRequest},
    text::IdempotencyKey,
};
use serde::Serialize;

use crate::{
    Exit,
    args::{Global, Output, Part},
    error::Failure,
    follow::{self, Follow},
    lookup,
    pipeline::{
        ci::annotations,
        queue::{Keys, Spool, unusable_shared_key},
    },
    render::{View, forms, grid::Grid, text::clean_json},
    settings::{self, Settings, Sources},
    surroundings::Surroundings,
};

/// One command at work.
pub(crate) struct Session<'a> {
    pub(crate) client: Client,
    pub(crate) spool: Option<Spool>,
    pub(crate) output: Option<Output>,
    pub(crate) view: View,
    pub(crate) out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    quiet: bool,
    pub(crate) stdout_is_terminal: bool,
    pub(crate) progress: bool,
    /// What the client is made from; none where that is wrong.
    settings: Option<Settings>,
    /// Where the server and the token are from; none when nobody chose them.
    pub(crate) sources: Option<Sources>,
    /// Why no server can be asked, where the settings are wrong.
    pub(crate) obstacle: Option<Obstacle>,
    pub(crate) surroundings: &'a Surroundings,
    /// The flags that lead another process to the same server with the same token.
    pub(crate) flags: Vec<OsString>,
}

fn flags(global: &Global) -> Vec<OsString> {
    let profile = global.profile.iter().flat_map(|name| [OsString::from("--profile"), name.into()]);
    let cacert = global.cacert.iter().flat_map(|path| [OsString::from("--cacert"), path.into()]);
    let timeout =
        global.timeout.iter().flat_map(|timeout| [OsString::from("--timeout"), humantime::format_duration(*timeout).to_string().into()]);
    profile.chain(cacert).chain(timeout).collect()
}

/// Settings that cannot be used.
pub(crate) struct Obstacle {
    /// What is wrong with them, and the way out.
    pub(crate) why: String,
    /// Whether they name a server all the same.
    server_is_known: bool,
}

/// The largest page; pages of it are asked for one after the other.
const WHOLE: u64 = PageRequest::MOST_TAKE;

impl<'a> Session<'a> {
    pub(crate) fn new(
        settings: &Settings,
        global: &Global,
        surroundings: &'a Surroundings,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Result<Self, Failure> {
        Self::asking(settings.clone().client()?, settings, global, surroundings, out, err)
    }

    /// One that asks this client, which is made from the settings.
    pub(crate) fn asking(
        client: Client,
        settings: &Settings,
        global: &Global,
        surroundings: &'a Surroundings,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Result<Self, Failure> {
        let mut session = Self::with_client(client, global, surroundings, out, err);
        session.sources = Some(settings.sources());
        session.settings = Some(settings.clone());
        session.use_spool_of(settings.token.as_deref());
        if let Some(why) = unusable_shared_key(surroundings) {
            session.warn(&why);
        }
        for warning in settings.warnings.iter().filter(|_| !global.quiet) {
            session.warn(warning);
        }
        if global.verbose {
            session.note(&settings.described())?;
        }
        Ok(session)
    }

    /// One that only answers, for a command that finds its server itself and goes on where there is none.
    pub(crate) fn answering(
        global: &Global,
        surroundings: &'a Surroundings,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Result<Self, Failure> {
        let client = Settings::of_this_machine().client()?;
        Ok(Self::with_client(client, global, surroundings, out, err))
    }

    /// One whose settings are wrong: it asks nobody, and what it has to say is kept for the server that was named, if one was.
    pub(crate) fn without_settings(
        why: &Failure,
        global: &Global,
        surroundings: &'a Surroundings,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Result<Self, Failure> {
        let named = settings::named_server(global, surroundings);
        let obstacle = Obstacle { why: why.told().1, server_is_known: named.is_some() };
        let client = named.map_or_else(|| Settings::of_this_machine().client(), Ok)?;
        let mut session = Self::with_client(client, global, surroundings, out, err);
        session.obstacle = Some(obstacle);
        session.use_spool_of(settings::named_token(global, surroundings).as_deref());
        Ok(session)
    }

    /// Uses the spool with the keys of this token.
    pub(crate) fn use_spool_of(&mut self, token: Option<&str>) {
        self.spool = Spool::find(self.surroundings, Keys::of(self.surroundings, token), self.server());
    }

    /// A reader of events, behind the one with this number or from now on.
    pub(crate) fn follow(&self, filter: EventFilter, after: Option<i64>) -> Result<Follow, Failure> {
        let settings = self.settings.clone().unwrap_or_else(Settings::of_this_machine);
        Ok(Follow::new(settings.silent_for(follow::SIGN_OF_LIFE).client()?, settings.patience(), filter, after))
    }

    /// The server that events are for; empty when nobody knows which one is meant.
    pub(crate) fn server(&self) -> String {
        let is_known = self.obstacle.as_ref().is_none_or(|obstacle| obstacle.server_is_known);
        if is_known { self.client.url().to_owned() } else { String::new() }
    }

    pub(crate) fn with_client(
        client: Client,
        global: &Global,
        surroundings: &'a Surroundings,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Self {
        let colour = surroundings.colour_on_stdout();
        let spool = Spool::find(surroundings, Keys::of(surroundings, None), client.url().to_owned());
        Self {
            client,
            spool,
            output: global.output,
            settings: None,
            view: View { width: surroundings.width, colour, now: SystemClock.now() },
            out,
            err,
            quiet: global.quiet,
            stdout_is_terminal: surroundings.stdout_is_terminal,
            progress: surroundings.stderr_is_terminal && !global.quiet,
            sources: None,
            obstacle: None,
            surroundings,
            flags: flags(global),
        }
    }

    pub(crate) fn output(&self) -> Output {
        self.output.unwrap_or_default()
    }

    /// Writes one line of the answer.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{line}")?)
    }

    /// Says something on standard error that is no error.
    pub(crate) fn note(&mut self, note: &str) -> Result<(), Failure> {
        if !self.quiet {
            self.out.flush()?;
            // Nobody may be reading notes; the answer still counts.
            drop(writeln!(self.err, "{}", crate::render::text::clean(note)));
        }
        Ok(())
    }

    /// Says on standard error what went wrong without ending the command.
    pub(crate) fn warn(&mut self, warning: &str) {
        // Nobody may be reading; the pipeline goes on.
        drop(self.out.flush());
        drop(writeln!(self.err, "{}", annotations::warning(self.surroundings, warning)));
    }

    /// Writes the whole of a JSON value: as it came, or as YAML or lines where those were asked for. What could steer a
    /// terminal is escaped, also in a pipe: it may end at one.
    pub(crate) fn json(&mut self, text: &str) -> Result<(), Failure> {
        let text = match self.output() {
            Output::Yaml => forms::yaml(text)?,
            Output::Jsonl => clean_json(&forms::lines(text)?),
            _ => clean_json(text) + "\n",
        };
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// Writes the answer in the form that was asked for.
    pub(crate) fn answer(&mut self, json: &str, grid: &Grid) -> Result<(), Failure> {
        let text = match self.output() {
            Output::Json | Output::Yaml | Output::Jsonl => return self.json(json),
            Output::Table => grid.table(&self.view),
            Output::Csv => grid.csv(),
            Output::Markdown => grid.markdown(),
        };
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// As [`Session::answer`], for one record: a table shows it field by field.
    pub(crate) fn answer_one(&mut self, json: &str, grid: &Grid) -> Result<(), Failure> {
        match self.output() {
            Output::Table => Ok(self.out.write_all(grid.details(&self.view).as_bytes())?),
            _ => self.answer(json, grid),
        }
    }

    /// Under a table, says how to see what a page of `things` left out.
    pub(crate) fn note_the_rest<T>(&mut self, page: &Page<T>, things: &str) -> Result<(), Failure> {
        let here = page.data.len() as u64;
        let (next, total) = (page.skip + here, page.total);
        if self.output() == Output::Table && next < total {
            let more = if next <= PageRequest::MOST_PASSED { format!("--skip {next} shows more, ") } else { String::new() };
            self.note(&format!("{here} of {total} {things}; {more}--all shows all"))?;
        }
        Ok(())
    }

    /// The client for one write, under this key or a random one.
    pub(crate) fn writing(&self, key: Option<IdempotencyKey>) -> Client {
        key.map_or_else(|| self.client.clone(), |key| self.client.with_idempotency_key(key))
    }

    /// The component that a reference names.
    pub(crate) async fn component(&self, reference: &Reference) -> Result<Component, Failure> {
        lookup::find(&self.client, reference).await
    }

    /// The environment that a reference names.
    pub(crate) async fn environment(&self, reference: &Reference) -> Result<Environment, Failure> {
        lookup::find(&self.client, reference).await
    }

    /// The references of a filter as they are meant.
    pub(crate) async fn meant(
        &self,
        component: Option<Reference>,
        environment: Option<Reference>,
    ) -> Result<(Option<Reference>, Option<Reference>), Failure> {
        let component = match component {
            Some(component) => Some(lookup::meant::<Component>(&self.client, component).await?),
            None => None,
        };
        let environment = match environment {
            Some(environment) => Some(lookup::meant::<Environment>(&self.client, environment).await?),
            None => None,
        };
        Ok((component, environment))
    }

    /// Every environment, in order.
    pub(crate) async fn all_environments(&self) -> Result<Vec<Environment>, Failure> {
        self.environments(&CatalogFilter::default()).await
    }

    /// Every environment that matches, in order.
    pub(crate) async fn environments(&self, filter: &CatalogFilter) -> Result<Vec<Environment>, Failure> {
        let whole = Part { skip: 0, take: WHOLE, all: true };
        Ok(paged(whole, async |page| Ok(self.client.matching_environments(filter, page).await?)).await?.value.data)
    }
}

fn part(skip: u64) -> PageRequest {
    PageRequest::new(skip, WHOLE).unwrap_or_default()
}

/// Asks for one page, or for one after the other until there are no more.
pub(crate) async fn paged<T: Serialize + PartialEq>(
    asked: Part,
    fetch: impl AsyncFn(PageRequest) -> Result<ApiResponse<Page<T>>, Failure>,
) -> Result<ApiResponse<Page<T>>, Failure> {
    if !asked.all {
        return fetch(PageRequest::new(asked.skip, asked.take).unwrap_or_default()).await;
    }
    let mut whole = fetch(part(asked.skip)).await?.value;
    if whole.links == Links::default() && asked.skip + (whole.data.len() as u64) < whole.total {
        // Some proxy's doing. What follows cannot be found, and leaving it out would be a lie.
        return Err(Failure::new(
            Exit::Unreachable,
            "the answer came without the way to the rest of the list: a proxy in between may have taken it out",
        )
        .hint("ask for one part after the other with --skip and --take"));
    }
    let mut next = whole.links.next;
    while let Some(page) = next {
        let page = fetch(page).await?.value;
        (next, whole.total) = (page.links.next, page.total);
        // Where pages are counted, what is registered meanwhile pushes the rest down: the end of the last page may come
        // once more.
        let tail = whole.data.len().saturating_sub(page.data.len());
        let fresh: Vec<_> = page.data.into_iter().filter(|entry| !whole.data[tail..].contains(entry)).collect();
        whole.data.extend(fresh);
    }
    whole.take = whole.data.len() as u64;
    let text = serde_json::to_string(&whole).map_err(|error| Failure::new(Exit::Unreachable, error.to_string()))?;
    Ok(ApiResponse { value: whole, text, replayed: false })
}
