//! Looks up components and environments by name or id.
//!
//! A text in UUID form is an id if an entry has this id, else a name: a name may have that form.

use deploytrack_core::{
    catalog::{CatalogKind, Component, Environment, Reference, near_misses},
    client::{ApiResponse, Client, Error},
    deployment::{Deployment, NewDeployment},
    query::{Page, PageRequest},
    text::Name,
};
use uuid::Uuid;

use crate::{error::Failure, exit::Exit};

/// The most pages of names that are searched for names similar to an unknown one.
const MOST_PAGES: u64 = 50;

/// A component or an environment.
pub(crate) trait Resource: Sized {
    /// Component or environment.
    const KIND: CatalogKind;

    fn id(&self) -> Uuid;
    fn name(&self) -> &Name;
    /// The entry with this id.
    async fn one(client: &Client, id: Uuid) -> Result<ApiResponse<Self>, Error>;
    /// A page of all entries, or the entry with this name.
    async fn page(
        client: &Client,
        name: Option<&Name>,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Self>>, Error>;
}

impl Resource for Component {
    const KIND: CatalogKind = CatalogKind::Component;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    async fn one(client: &Client, id: Uuid) -> Result<ApiResponse<Self>, Error> {
        client.component(id).await
    }

    async fn page(
        client: &Client,
        name: Option<&Name>,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Self>>, Error> {
        client.components(name, page).await
    }
}

impl Resource for Environment {
    const KIND: CatalogKind = CatalogKind::Environment;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    async fn one(client: &Client, id: Uuid) -> Result<ApiResponse<Self>, Error> {
        client.environment(id).await
    }

    async fn page(
        client: &Client,
        name: Option<&Name>,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Self>>, Error> {
        client.environments(name, page).await
    }
}

/// The entry that the reference names.
///
/// # Errors
/// There is no such entry; the hint has similar names.
pub(crate) async fn find<T: Resource>(
    client: &Client,
    reference: &Reference,
) -> Result<T, Failure> {
    if let Some(found) = look::<T>(client, reference).await? {
        return Ok(found);
    }
    let known = names::<T>(client).await?;
    Err(not_found(T::KIND, reference, &known))
}

/// The entry that the reference names, if it exists.
async fn look<T: Resource>(client: &Client, reference: &Reference) -> Result<Option<T>, Error> {
    let name = match reference {
        Reference::Name(name) => name.clone(),
        Reference::Id(id) => match T::one(client, *id).await {
            Ok(found) => return Ok(Some(found.value)),
            Err(Error::Refused(problem)) if problem.status == 404 => {
                match Name::new(id.to_string()) {
                    Ok(name) => name,
                    Err(_) => return Ok(None),
                }
            }
            Err(error) => return Err(error),
        },
    };
    let found = T::page(client, Some(&name), PageRequest::default())
        .await?
        .value
        .data;
    Ok(found.into_iter().find(|entry| *entry.name() == name))
}

/// All names, as far as [`MOST_PAGES`] go.
pub(crate) async fn names<T: Resource>(client: &Client) -> Result<Vec<Name>, Error> {
    let mut names = Vec::new();
    for number in 0..MOST_PAGES {
        let Some(part) = PageRequest::new(number * PageRequest::MOST_TAKE, PageRequest::MOST_TAKE)
        else {
            break;
        };
        let page = T::page(client, None, part).await?.value;
        let is_last = (page.data.len() as u64) < PageRequest::MOST_TAKE;
        names.extend(page.data.into_iter().map(|entry| entry.name().clone()));
        if is_last {
            break;
        }
    }
    Ok(names)
}

/// The failure for a reference without an entry.
pub(crate) fn not_found<'a>(
    kind: CatalogKind,
    reference: &Reference,
    known: impl IntoIterator<Item = &'a Name>,
) -> Failure {
    let near = match reference {
        Reference::Name(name) => near_misses(name, known),
        Reference::Id(_) => Vec::new(),
    };
    let failure = Failure::new(Exit::Refused, format!("there is no {kind} {reference}"));
    if near.is_empty() {
        failure.hint(format!("`deploytrack {kind} list` shows the {kind}s"))
    } else {
        failure.did_you_mean(near.iter().map(ToString::to_string))
    }
}

/// The reference for a filter: a text in UUID form becomes a name if an entry has this name. Other
/// references are unchanged.
pub(crate) async fn resolve<T: Resource>(
    client: &Client,
    reference: Reference,
) -> Result<Reference, Error> {
    let Reference::Id(id) = reference else {
        return Ok(reference);
    };
    let found = look::<T>(client, &reference).await?;
    Ok(found
        .filter(|found| found.id() != id)
        .map_or(reference, |found| found.name().clone().into()))
}

/// The new deployment with names instead of ids, where a text in UUID form is a name; `None` if
/// nothing changes.
pub(crate) async fn by_name(
    client: &Client,
    new: &NewDeployment,
) -> Result<Option<NewDeployment>, Error> {
    let component = resolve::<Component>(client, new.component.clone()).await?;
    let environment = resolve::<Environment>(client, new.environment.clone()).await?;
    let is_changed = component != new.component || environment != new.environment;
    Ok(is_changed.then(|| NewDeployment {
        component,
        environment,
        ..new.clone()
    }))
}

/// Records a deployment. If an id is unknown and is in fact a name, records it again by name.
pub(crate) async fn record(
    client: &Client,
    new: &NewDeployment,
) -> Result<ApiResponse<Deployment>, Error> {
    let refusal = match client.record(new).await {
        Err(error) if may_be_of_a_name(&error) => error,
        answer => return answer,
    };
    match by_name(client, new).await {
        Ok(Some(new)) => client.record(&new).await,
        // The first refusal is the more useful one, also after an error of the lookup.
        Ok(None) | Err(_) => Err(refusal),
    }
}

/// Whether an id of the request may be a name: the id is unknown, or the idempotency key was used
/// with the name before.
pub(crate) fn may_be_of_a_name(error: &Error) -> bool {
    matches!(error, Error::Refused(problem) if matches!(problem.code.as_str(), "not_found" | "idempotency_key_reused"))
}
