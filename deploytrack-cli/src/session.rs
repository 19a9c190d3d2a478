//! A command that asks a server: its client, its spool, and names turned into ids.

use std::{
    ffi::OsString,
    ops::{Deref, DerefMut},
};

use deploytrack_core::{
    catalog::{Component, Environment, Reference},
    client::{self, ApiResponse, Client, TokenSource as _},
    event::EventFilter,
    query::{CatalogFilter, Page, PageRequest},
    text::IdempotencyKey,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::Failure,
    exit::Exit,
    flags::{Global, Output, Part},
    follow::{self, Follow},
    lookup,
    queue::{Keys, Spool, unusable_shared_key},
    render::ids::ShortIds,
    settings::{self, Settings, Sources},
    short_ids,
    ui::{Invocation, Ui},
};

/// A [`Ui`] with a client and a spool.
pub(crate) struct Session<'a> {
    pub(crate) ui: Ui<'a>,
    pub(crate) client: Client,
    pub(crate) spool: Option<Spool>,
    /// The settings of the client; `None` if they are invalid.
    pub(crate) settings: Option<Settings>,
    /// The origin of the server's address and of the token; `None` if the settings are invalid.
    pub(crate) sources: Option<Sources>,
    /// Why no server can be asked, if the settings are invalid.
    pub(crate) obstacle: Option<Obstacle>,
    /// The flags that give another process the same server and the same token.
    pub(crate) flags: Vec<OsString>,
}

impl<'a> Deref for Session<'a> {
    type Target = Ui<'a>;

    fn deref(&self) -> &Ui<'a> {
        &self.ui
    }
}

impl<'a> DerefMut for Session<'a> {
    fn deref_mut(&mut self) -> &mut Ui<'a> {
        &mut self.ui
    }
}

fn flags(global: &Global) -> Vec<OsString> {
    let profile = global
        .profile
        .iter()
        .flat_map(|name| [OsString::from("--profile"), name.into()]);
    let cacert = global
        .cacert
        .iter()
        .flat_map(|path| [OsString::from("--cacert"), path.into()]);
    let timeout = global.timeout.iter().flat_map(|timeout| {
        [
            OsString::from("--timeout"),
            humantime::format_duration(*timeout).to_string().into(),
        ]
    });
    profile.chain(cacert).chain(timeout).collect()
}

/// Settings that cannot be used.
pub(crate) struct Obstacle {
    /// What is wrong with the settings, and the way out.
    pub(crate) why: String,
    /// Whether the settings name a server all the same.
    names_server: bool,
}

/// The size of the pages in which a complete list is fetched: the largest that the server allows.
const WHOLE: u64 = PageRequest::MOST_TAKE;

impl<'a> Session<'a> {
    /// Opens a session with the server of the flags, the variables and the config file.
    ///
    /// # Errors
    /// Invalid settings.
    pub(crate) fn open(invocation: Invocation<'a>) -> Result<Self, Failure> {
        let (client, settings) = usable_settings(&invocation)?;
        Self::with_settings(client, settings, invocation)
    }

    /// As [`Session::open`], also with invalid settings. A command that is recorded must run
    /// without a server too; its events are queued for the server that was named, if one was.
    pub(crate) fn open_or_offline(invocation: Invocation<'a>) -> Result<Self, Failure> {
        match usable_settings(&invocation) {
            Ok((client, settings)) => Self::with_settings(client, settings, invocation),
            Err(failure) => Self::offline(&failure, invocation),
        }
    }

    fn with_settings(
        client: Client,
        settings: Settings,
        invocation: Invocation<'a>,
    ) -> Result<Self, Failure> {
        let (is_quiet, is_verbose) = (invocation.global.quiet, invocation.global.verbose);
        let mut session = Self::with_client(client, invocation);
        session.sources = Some(settings.sources());
        session.use_spool_with(Keys::of_settings(session.env, &settings));
        if let Some(why) = unusable_shared_key(session.env) {
            session.warn(&why);
        }
        for warning in settings.warnings.iter().filter(|_| !is_quiet) {
            session.warn(warning);
        }
        if is_verbose {
            session.note(&settings.described())?;
        }
        session.settings = Some(settings);
        Ok(session)
    }

    fn offline(why: &Failure, invocation: Invocation<'a>) -> Result<Self, Failure> {
        let (named, token) = (
            settings::named_server(&invocation.global, invocation.env),
            settings::named_token(&invocation.global, invocation.env),
        );
        let obstacle = Obstacle {
            why: why.summary().1,
            names_server: named.is_some(),
        };
        let client = named.map_or_else(|| Settings::of_this_machine().client(), Ok)?;
        let mut session = Self::with_client(client, invocation);
        session.obstacle = Some(obstacle);
        session.use_spool_with(Keys::without_settings(session.env, token.as_deref()));
        Ok(session)
    }

    /// A session with this client, and with the keys of no token for the spool.
    pub(crate) fn with_client(client: Client, invocation: Invocation<'a>) -> Self {
        let flags = flags(&invocation.global);
        let ui = invocation.ui();
        let spool = Spool::find(ui.env, Keys::of(ui.env, None), client.url().to_owned());
        Self {
            ui,
            client,
            spool,
            settings: None,
            sources: None,
            obstacle: None,
            flags,
        }
    }

    /// Uses the spool with these keys.
    fn use_spool_with(&mut self, keys: Keys) {
        self.spool = Spool::find(self.env, keys, self.server());
    }

    /// Exchanges the identity token of this job if there is no token, so that entries which earlier
    /// jobs left are recognized.
    ///
    /// # Errors
    /// The provider issues no identity token, or the server does not accept it.
    pub(crate) async fn prove_identity(&self) -> Result<(), client::Error> {
        let settings = self.settings.as_ref();
        match settings.and_then(|settings| settings.identity.as_ref()) {
            Some(identity) => identity.token().await.map(drop),
            None => Ok(()),
        }
    }

    /// A reader of the events after the one with this number, or from now on.
    pub(crate) fn follow(
        &self,
        filter: EventFilter,
        after: Option<i64>,
    ) -> Result<Follow, Failure> {
        let settings = self
            .settings
            .clone()
            .unwrap_or_else(Settings::of_this_machine);
        Ok(Follow::new(
            settings.silent_for(follow::SIGN_OF_LIFE).client()?,
            settings.answer_timeout(),
            filter,
            after,
        ))
    }

    /// The server that events are queued for; empty if the settings name none.
    pub(crate) fn server(&self) -> String {
        let is_known = self
            .obstacle
            .as_ref()
            .is_none_or(|obstacle| obstacle.names_server);
        if is_known {
            self.client.url().to_owned()
        } else {
            String::new()
        }
    }

    /// The client for one write, under this idempotency key or a random one.
    pub(crate) fn writing(&self, key: Option<IdempotencyKey>) -> Client {
        key.map_or_else(
            || self.client.clone(),
            |key| self.client.with_idempotency_key(key),
        )
    }

    /// The component that a reference names.
    pub(crate) async fn component(&self, reference: &Reference) -> Result<Component, Failure> {
        lookup::find(&self.client, reference).await
    }

    /// The environment that a reference names.
    pub(crate) async fn environment(&self, reference: &Reference) -> Result<Environment, Failure> {
        lookup::find(&self.client, reference).await
    }

    /// The unique lengths of these ids, if a table on a terminal shows them.
    pub(crate) async fn short_ids(&self, ids: impl IntoIterator<Item = Uuid>) -> ShortIds {
        if self.output() == Output::Table && self.view.shortens() {
            short_ids::find(&self.client, ids).await
        } else {
            ShortIds::default()
        }
    }

    /// The references of a filter, each as an id or a name.
    pub(crate) async fn resolve(
        &self,
        component: Option<Reference>,
        environment: Option<Reference>,
    ) -> Result<(Option<Reference>, Option<Reference>), Failure> {
        let component = match component {
            Some(component) => Some(lookup::resolve::<Component>(&self.client, component).await?),
            None => None,
        };
        let environment = match environment {
            Some(environment) => {
                Some(lookup::resolve::<Environment>(&self.client, environment).await?)
            }
            None => None,
        };
        Ok((component, environment))
    }

    /// All environments, in order.
    pub(crate) async fn all_environments(&self) -> Result<Vec<Environment>, Failure> {
        self.environments(&CatalogFilter::default()).await
    }

    /// All environments that match, in order.
    pub(crate) async fn environments(
        &self,
        filter: &CatalogFilter,
    ) -> Result<Vec<Environment>, Failure> {
        let whole = Part {
            skip: 0,
            take: WHOLE,
            all: true,
        };
        Ok(fetch_pages(whole, async |page| {
            Ok(self.client.matching_environments(filter, page).await?)
        })
        .await?
        .value
        .data)
    }
}

fn usable_settings(invocation: &Invocation<'_>) -> Result<(Client, Settings), Failure> {
    let settings = Settings::find(&invocation.global, invocation.env)?;
    Ok((settings.clone().client()?, settings))
}

fn part(skip: u64) -> PageRequest {
    PageRequest::new(skip, WHOLE).unwrap_or_default()
}

/// Fetches one page, or with `--all` every page from the first one on.
pub(crate) async fn fetch_pages<T: Serialize + PartialEq>(
    wanted: Part,
    fetch: impl AsyncFn(PageRequest) -> Result<ApiResponse<Page<T>>, Failure>,
) -> Result<ApiResponse<Page<T>>, Failure> {
    if !wanted.all {
        return fetch(PageRequest::new(wanted.skip, wanted.take).unwrap_or_default()).await;
    }
    let mut whole = fetch(part(wanted.skip)).await?.value;
    let mut next = whole.links.next;
    while let Some(page) = next {
        let page = fetch(page).await?.value;
        (next, whole.total) = (page.links.next, page.total);
        // Where pages are counted by offset, a new row moves the others down: the last rows of a
        // page may come again.
        let tail = whole.data.len().saturating_sub(page.data.len());
        let fresh: Vec<_> = page
            .data
            .into_iter()
            .filter(|entry| !whole.data[tail..].contains(entry))
            .collect();
        if fresh.is_empty() && next.is_some() {
            return Err(Failure::new(
                Exit::Unreachable,
                "the server sends the same page again and again",
            ));
        }
        whole.data.extend(fresh);
    }
    (whole.take, whole.next) = (whole.data.len() as u64, None);
    let text = serde_json::to_string(&whole)
        .map_err(|error| Failure::new(Exit::Unreachable, error.to_string()))?;
    Ok(ApiResponse {
        value: whole,
        text,
        replayed: false,
    })
}
