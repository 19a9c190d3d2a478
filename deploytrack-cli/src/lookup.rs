//! Names and ids turned into the components and environments that they name.
//!
//! A text in the form of a UUID is an id where it is the id of something, and otherwise a name: a name may have that form.

use deploytrack_core::{
    catalog::{Component, Environment, Kind, Reference, near_misses},
    client::{Answer, Client, Error},
    deployment::{Deployment, NewDeployment},
    query::{Page, PageRequest},
    text::Name,
};
use uuid::Uuid;

use crate::{error::Failure, exit::Exit};

/// So many pages of names are searched for one that an unknown name resembles.
const MOST_PAGES: u64 = 50;

/// A component or an environment.
pub(crate) trait Resource: Sized {
    /// Which of them.
    const KIND: Kind;

    fn id(&self) -> Uuid;
    fn name(&self) -> &Name;
    /// The one with this id.
    async fn one(client: &Client, id: Uuid) -> Result<Answer<Self>, Error>;
    /// A page of all, or the one with this name.
    async fn page(client: &Client, name: Option<&Name>, page: PageRequest) -> Result<Answer<Page<Self>>, Error>;
}

impl Resource for Component {
    const KIND: Kind = Kind::Component;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    async fn one(client: &Client, id: Uuid) -> Result<Answer<Self>, Error> {
        client.component(id).await
    }

    async fn page(client: &Client, name: Option<&Name>, page: PageRequest) -> Result<Answer<Page<Self>>, Error> {
        client.components(name, page).await
    }
}

impl Resource for Environment {
    const KIND: Kind = Kind::Environment;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    async fn one(client: &Client, id: Uuid) -> Result<Answer<Self>, Error> {
        client.environment(id).await
    }

    async fn page(client: &Client, name: Option<&Name>, page: PageRequest) -> Result<Answer<Page<Self>>, Error> {
        client.environments(name, page).await
    }
}

/// What the reference names.
///
/// # Errors
/// One that names nothing is refused, with the names that it resembles.
pub(crate) async fn find<T: Resource>(client: &Client, reference: &Reference) -> Result<T, Failure> {
    if let Some(found) = look::<T>(client, reference).await? {
        return Ok(found);
    }
    let known = names::<T>(client).await?;
    Err(missing(T::KIND, reference, &known))
}

/// What the reference names, if anything.
async fn look<T: Resource>(client: &Client, reference: &Reference) -> Result<Option<T>, Error> {
    let name = match reference {
        Reference::Name(name) => name.clone(),
        Reference::Id(id) => match T::one(client, *id).await {
            Ok(found) => return Ok(Some(found.value)),
            Err(Error::Refused(problem)) if problem.status == 404 => match Name::new(id.to_string()) {
                Ok(name) => name,
                Err(_) => return Ok(None),
            },
            Err(error) => return Err(error),
        },
    };
    let found = T::page(client, Some(&name), PageRequest::default()).await?.value.data;
    Ok(found.into_iter().find(|entry| *entry.name() == name))
}

async fn names<T: Resource>(client: &Client) -> Result<Vec<Name>, Error> {
    let mut names = Vec::new();
    for number in 0..MOST_PAGES {
        let Some(part) = PageRequest::new(number * PageRequest::MOST_TAKE, PageRequest::MOST_TAKE) else { break };
        let page = T::page(client, None, part).await?.value;
        let is_last = (page.data.len() as u64) < PageRequest::MOST_TAKE;
        names.extend(page.data.into_iter().map(|entry| entry.name().clone()));
        if is_last {
            break;
        }
    }
    Ok(names)
}

/// The refusal of a reference that names nothing.
pub(crate) fn missing<'a>(kind: Kind, reference: &Reference, known: impl IntoIterator<Item = &'a Name>) -> Failure {
    let near = match reference {
        Reference::Name(name) => near_misses(name, known),
        Reference::Id(_) => Vec::new(),
    };
    let failure = Failure::new(Exit::Refused, format!("there is no {kind} {reference}"));
    if near.is_empty() {
        failure.hint(format!("`deploytrack {kind} list` shows those there are"))
    } else {
        failure.did_you_mean(near.iter().map(ToString::to_string))
    }
}

/// The reference for a filter: by name, where it has the form of an id and is the name of something. What names nothing stays
/// as it is.
pub(crate) async fn resolve<T: Resource>(client: &Client, reference: Reference) -> Result<Reference, Error> {
    let Reference::Id(id) = reference else { return Ok(reference) };
    let found = look::<T>(client, &reference).await?;
    Ok(found.filter(|found| found.id() != id).map_or(reference, |found| found.name().clone().into()))
}

/// A new deployment with its component and its environment by name, where what has the form of an id is a name; none where
/// nothing changes.
pub(crate) async fn by_name(client: &Client, new: &NewDeployment) -> Result<Option<NewDeployment>, Error> {
    let component = resolve::<Component>(client, new.component.clone()).await?;
    let environment = resolve::<Environment>(client, new.environment.clone()).await?;
    let is_changed = component != new.component || environment != new.environment;
    Ok(is_changed.then(|| NewDeployment { component, environment, ..new.clone() }))
}

/// Records a deployment; once more by name, where what has the form of an id is the name of something.
pub(crate) async fn record(client: &Client, new: &NewDeployment) -> Result<Answer<Deployment>, Error> {
    let refusal = match client.record(new).await {
        Err(error) if may_be_of_a_name(&error) => error,
        answer => return answer,
    };
    match by_name(client, new).await {
        Ok(Some(new)) => client.record(&new).await,
        // Whatever went wrong meanwhile, the refusal stands.
        Ok(None) | Err(_) => Err(refusal),
    }
}

/// Whether an id of the request may be a name: it is the id of nothing, or the key was used with the name before.
pub(crate) fn may_be_of_a_name(error: &Error) -> bool {
    matches!(error, Error::Refused(problem) if matches!(problem.code.as_str(), "not_found" | "idempotency_key_reused"))
}
