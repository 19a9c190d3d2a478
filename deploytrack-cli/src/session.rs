//! What every command needs: the client, the streams, the form of the answer, and names turned into ids.

use std::{ffi::OsString, io::Write, time::Duration};

use deploytrack_core::{
    catalog::{Component, Environment, Kind, Reference, near_misses},
    client::{Answer, Client},
    clock::{Clock, SystemClock},
    query::{Links, Page, PageRequest},
    text::{IdempotencyKey, Name},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Exit,
    args::{Global, Output, Part},
    ci::annotations,
    error::Failure,
    render::{View, forms, grid::Grid, text::clean_json},
    settings::{self, Settings, Sources},
    spool::{Keys, Spool, unusable_shared_key},
    surroundings::Surroundings,
};

/// One command at work.
pub(crate) struct Session<'a> {
    pub(crate) client: Client,
    pub(crate) spool: Option<Spool>,
    pub(crate) output: Option<Output>,
    /// How long a command that is run may take, when it is limited.
    pub(crate) timeout: Option<Duration>,
    pub(crate) view: View,
    pub(crate) out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    quiet: bool,
    pub(crate) stdout_is_terminal: bool,
    pub(crate) progress: bool,
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
    profile.chain(cacert).collect()
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
        let colour = surroundings.colour_on_stdout() && !global.no_color;
        let spool = Spool::find(surroundings, Keys::of(surroundings, None), client.url().to_owned());
        Self {
            client,
            spool,
            output: global.output,
            timeout: global.timeout,
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

    /// Writes the whole of a JSON value: as it came, or as YAML or lines where those were asked for.
    pub(crate) fn json(&mut self, text: &str) -> Result<(), Failure> {
        let text = match (self.output(), self.stdout_is_terminal) {
            (Output::Yaml, true) => forms::yaml_for_terminal(text)?,
            (Output::Yaml, false) => forms::yaml(text)?,
            (Output::Jsonl, true) => clean_json(&forms::lines(text)?),
            (Output::Jsonl, false) => forms::lines(text)?,
            (_, true) => clean_json(text) + "\n",
            (_, false) => format!("{text}\n"),
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
            self.note(&format!("{here} of {total} {things}; --skip {next} shows more, --all shows all"))?;
        }
        Ok(())
    }

    /// The client for one write, under this key or a random one.
    pub(crate) fn writing(&self, key: Option<IdempotencyKey>) -> Client {
        key.map_or_else(|| self.client.clone(), |key| self.client.under(key))
    }

    /// The id of a component.
    pub(crate) async fn component_id(&self, component: &Reference) -> Result<Uuid, Failure> {
        match component {
            Reference::Id(id) => match self.named_like(Kind::Component, *id).await? {
                Some(name) => Ok(self.component_named(&name).await?.id),
                None => Ok(*id),
            },
            Reference::Name(name) => Ok(self.component_named(name).await?.id),
        }
    }

    /// The id of an environment.
    pub(crate) async fn environment_id(&self, environment: &Reference) -> Result<Uuid, Failure> {
        match environment {
            Reference::Id(id) => match self.named_like(Kind::Environment, *id).await? {
                Some(name) => Ok(self.environment_named(&name).await?.id),
                None => Ok(*id),
            },
            Reference::Name(name) => Ok(self.environment_named(name).await?.id),
        }
    }

    /// The name that has the form of this id, where it is the id of nothing: a name may have the form of one.
    async fn named_like(&self, kind: Kind, id: Uuid) -> Result<Option<Name>, Failure> {
        let Ok(name) = Name::new(id.to_string()) else { return Ok(None) };
        let (client, one) = (&self.client, PageRequest::default());
        let named = match kind {
            Kind::Component => client.components(Some(&name), one).await?.value.total,
            Kind::Environment => client.environments(Some(&name), one).await?.value.total,
        };
        if named == 0 {
            return Ok(None);
        }
        let is_id = match kind {
            Kind::Component => client.component(id).await.is_ok(),
            Kind::Environment => client.environment(id).await.is_ok(),
        };
        Ok((!is_id).then_some(name))
    }

    /// The reference as it is meant: by name, where it has the form of an id and is the name of something.
    pub(crate) async fn meant(&self, kind: Kind, reference: Option<Reference>) -> Result<Option<Reference>, Failure> {
        match reference {
            Some(Reference::Id(id)) => Ok(Some(self.named_like(kind, id).await?.map_or(Reference::Id(id), Reference::Name))),
            other => Ok(other),
        }
    }

    /// The component of this name.
    pub(crate) async fn component_named(&self, name: &Name) -> Result<Component, Failure> {
        let found = self.client.components(Some(name), PageRequest::default()).await?.value.data;
        if let Some(component) = found.into_iter().find(|component| component.name == *name) {
            return Ok(component);
        }
        let known = self.client.components(None, part(0)).await?.value.data;
        Err(missing(Kind::Component, name, known.iter().map(|component| &component.name)))
    }

    /// The environment of this name.
    pub(crate) async fn environment_named(&self, name: &Name) -> Result<Environment, Failure> {
        let found = self.client.environments(Some(name), PageRequest::default()).await?.value.data;
        if let Some(environment) = found.into_iter().find(|environment| environment.name == *name) {
            return Ok(environment);
        }
        let known = self.client.environments(None, part(0)).await?.value.data;
        Err(missing(Kind::Environment, name, known.iter().map(|environment| &environment.name)))
    }

    /// Every environment, in order.
    pub(crate) async fn all_environments(&self) -> Result<Vec<Environment>, Failure> {
        let whole = Part { skip: 0, take: WHOLE, all: true };
        Ok(paged(whole, async |page| Ok(self.client.environments(None, page).await?)).await?.value.data)
    }
}

/// What is said of a name that names nothing.
pub(crate) fn missing<'a>(kind: Kind, name: &Name, known: impl IntoIterator<Item = &'a Name>) -> Failure {
    let near = near_misses(name, known);
    let failure = Failure::new(Exit::Refused, format!("there is no {kind} {name}"));
    if near.is_empty() {
        failure.hint(format!("`deploytrack {kind} list` shows those there are"))
    } else {
        failure.did_you_mean(near.iter().map(ToString::to_string))
    }
}

fn part(skip: u64) -> PageRequest {
    PageRequest::new(skip, WHOLE).unwrap_or_default()
}

/// Asks for one page, or for one after the other until there are no more.
pub(crate) async fn paged<T: Serialize + PartialEq>(
    asked: Part,
    fetch: impl AsyncFn(PageRequest) -> Result<Answer<Page<T>>, Failure>,
) -> Result<Answer<Page<T>>, Failure> {
    if !asked.all {
        return fetch(PageRequest::new(asked.skip, asked.take).unwrap_or_default()).await;
    }
    let mut whole = fetch(part(asked.skip)).await?.value;
    if whole.links == Links::default() && asked.skip + (whole.data.len() as u64) < whole.total {
        // Some proxy's doing. What follows cannot be found, and leaving it out would be a lie.
        return Err(Failure::new(Exit::Unreachable, "the answer came without the Link header that leads to the rest of the list")
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
    Ok(Answer { value: whole, text, replayed: false })
}
