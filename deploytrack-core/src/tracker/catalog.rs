//! Components and environments.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{
    Begun, Terms, Tracker, Written,
    events::{tell_component, tell_environment, tell_order},
    in_own_task,
    paging::counted,
};
use crate::{
    catalog::{Component, ComponentChange, Environment, EnvironmentChange, Kind, NewComponent, NewEnvironment},
    clock::Time,
    error::{Error, Fault},
    event::EventType,
    faults::Faults,
    query::{Page, PageRequest},
    store::Write,
    text::{Label, Name},
};

impl Tracker {
    /// Part of the components in name order; of one name, if given.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn components(&self, name: Option<&Name>, page: PageRequest) -> Result<Page<Component>, Error> {
        counted(page, self.store.components(name, page.skip(), page.take()).await?)
    }

    /// One component.
    ///
    /// # Errors
    /// [`Error::NotFound`], and those of the database.
    pub async fn component(&self, id: Uuid) -> Result<Component, Error> {
        self.store.component(id).await?.ok_or_else(|| Error::unknown(Kind::Component, id))
    }

    /// Registers a component.
    ///
    /// # Errors
    /// [`Error::NameTaken`], those of an idempotency key, and those of the database.
    pub async fn create_component(&self, new: NewComponent, terms: impl Into<Terms>) -> Result<Written<Component>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let component = new.details.applied_to(Component::registered(this.next_id(), new.name, now), now);
            let mut work = match this.begin(&terms).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            if !work.write.add_component(&component).await? {
                return Err(Error::NameTaken { kind: Kind::Component, name: component.name });
            }
            tell_component(&mut work.write, EventType::ComponentCreated, &component, now, terms.author());
            work.finish(component).await
        })
        .await
    }

    /// Changes a component.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NameTaken`], [`Error::Changed`] when it is not as the terms say, those of an
    /// idempotency key, and those of the database.
    pub async fn update_component(&self, id: Uuid, change: ComponentChange, terms: impl Into<Terms>) -> Result<Written<Component>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let mut work = match this.begin(&terms).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            let write = &mut work.write;
            write.take_component(id).await?;
            let before = this.known_component(write, id).await?;
            terms.check(&before)?;
            let component = change.applied_to(before, now);
            write.replace_component(&component).await?;
            tell_component(write, EventType::ComponentUpdated, &component, now, terms.author());
            work.finish(component).await
        })
        .await
    }

    /// Removes a component that never had a deployment.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InUse`], and those of the database.
    pub async fn delete_component(&self, id: Uuid, by: &Label) -> Result<(), Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let component = this.known_component(&mut write, id).await?;
            write.delete_component(&component).await?;
            tell_component(&mut write, EventType::ComponentDeleted, &component, this.clock.now(), &by);
            write.commit().await
        })
        .await
    }

    /// Part of the environments in their order; of one name, if given.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn environments(&self, name: Option<&Name>, page: PageRequest) -> Result<Page<Environment>, Error> {
        counted(page, self.store.environments(name, page.skip(), page.take()).await?)
    }

    /// One environment.
    ///
    /// # Errors
    /// [`Error::NotFound`], and those of the database.
    pub async fn environment(&self, id: Uuid) -> Result<Environment, Error> {
        self.store.environment(id).await?.ok_or_else(|| Error::unknown(Kind::Environment, id))
    }

    /// Registers an environment, at the place asked for or else before the first one of a later type.
    ///
    /// # Errors
    /// [`Error::NameTaken`], those of an idempotency key, and those of the database.
    pub async fn create_environment(&self, new: NewEnvironment, terms: impl Into<Terms>) -> Result<Written<Environment>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let asked = new.details.order;
            let environment = new.details.applied_to(Environment::registered(this.next_id(), new.name, now), now);
            let mut work = match this.begin(&terms).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            let write = &mut work.write;
            let order = write.take_order().await?;
            if order.iter().any(|known| known.name == environment.name) {
                return Err(Error::NameTaken { kind: Kind::Environment, name: environment.name });
            }
            let place = asked.unwrap_or_else(|| environment.place_among(&order));
            let added = this.insert_environment(write, environment, order, place, terms.author()).await?;
            work.finish(added).await
        })
        .await
    }

    /// Adds an environment at a place in the order; a place beyond the end is the end.
    pub(super) async fn insert_environment(
        &self,
        write: &mut Write,
        new: Environment,
        mut order: Vec<Environment>,
        place: usize,
        by: &Label,
    ) -> Result<Environment, Error> {
        let id = new.id;
        let now = self.clock.now();
        write.add_environment(&new).await?;
        tell_environment(write, EventType::EnvironmentCreated, &new, now, by);
        order.insert((place - 1).min(order.len()), new);
        let numbered = renumber(write, order, now).await?;
        Self::among(numbered, id)
    }

    /// Adds those environments whose names are not known, each at the place that comes with it or at the one that suits it.
    /// Gives how many they are.
    pub(super) async fn insert_unknown_environments(
        &self,
        write: &mut Write,
        new: Vec<(Environment, Option<usize>)>,
        by: &Label,
    ) -> Result<u64, Error> {
        let (now, mut order, mut added) = (self.clock.now(), write.take_order().await?, 0);
        let mut names: HashSet<_> = order.iter().map(|known| known.name.key().into_owned()).collect();
        for (environment, place) in new {
            if !names.insert(environment.name.key().into_owned()) {
                continue;
            }
            write.add_environment(&environment).await?;
            tell_environment(write, EventType::EnvironmentCreated, &environment, now, by);
            let place = place.unwrap_or_else(|| environment.place_among(&order));
            order.insert((place - 1).min(order.len()), environment);
            added += 1;
        }
        renumber(write, order, now).await?;
        Ok(added)
    }

    fn among(order: Vec<Environment>, id: Uuid) -> Result<Environment, Error> {
        order.into_iter().find(|environment| environment.id == id).ok_or_else(|| Error::unknown(Kind::Environment, id))
    }

    /// Changes an environment and moves it in the order, if asked to.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NameTaken`], [`Error::Changed`] when it is not as the terms say, those of an
    /// idempotency key, and those of the database.
    pub async fn update_environment(
        &self,
        id: Uuid,
        change: EnvironmentChange,
        terms: impl Into<Terms>,
    ) -> Result<Written<Environment>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let (now, place) = (this.clock.now(), change.order);
            let mut work = match this.begin(&terms).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            let write = &mut work.write;
            let mut order = write.take_order().await?;
            let before = Self::among(order.clone(), id)?;
            terms.check(&before)?;
            let changed = change.applied_to(before, now);
            write.replace_environment(&changed).await?;
            tell_environment(write, EventType::EnvironmentUpdated, &changed, now, terms.author());
            if let Some(place) = place {
                order.retain(|other| other.id != id);
                order.insert((place - 1).min(order.len()), changed);
                order = renumber(write, order, now).await?;
            } else {
                order = vec![changed];
            }
            work.finish(Self::among(order, id)?).await
        })
        .await
    }

    /// Removes an environment that never had a deployment; those behind it move up.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InUse`], and those of the database.
    pub async fn delete_environment(&self, id: Uuid, by: &Label) -> Result<(), Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let (mut write, now) = (this.store.write().await?, this.clock.now());
            let mut order = write.take_order().await?;
            let environment = Self::among(order.clone(), id)?;
            write.delete_environment(&environment).await?;
            tell_environment(&mut write, EventType::EnvironmentDeleted, &environment, now, &by);
            order.retain(|other| other.id != id);
            renumber(&mut write, order, now).await?;
            write.commit().await
        })
        .await
    }

    /// Sets the order of the environments, all at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `ids` is not the full list, each once; and those of the database.
    pub async fn reorder_environments(&self, ids: Vec<Uuid>, by: &Label) -> Result<Vec<Environment>, Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let (mut write, now) = (this.store.write().await?, this.clock.now());
            let order = write.take_order().await?;
            check_full_list(&ids, &order)?;
            let places: HashMap<_, _> = ids.iter().zip(0..).map(|(id, place): (_, usize)| (*id, place)).collect();
            let mut asked: Vec<_> = order;
            asked.sort_by_key(|environment| places.get(&environment.id).copied());
            let order = renumber(&mut write, asked, now).await?;
            tell_order(&mut write, now, &by);
            write.commit().await?;
            Ok(order)
        })
        .await
    }
}

/// Names every id that is unknown, given twice or missing.
fn check_full_list(ids: &[Uuid], order: &[Environment]) -> Result<(), Error> {
    let known: HashSet<_> = order.iter().map(|environment| environment.id).collect();
    let (mut seen, mut faults) = (HashSet::new(), Faults::default());
    for (at, id) in ids.iter().enumerate() {
        let wrong = match (seen.insert(*id), known.contains(id)) {
            (false, _) => "is given twice",
            (_, false) => "names no environment",
            _ => continue,
        };
        faults.add(|| Fault::at(format!("/ids/{at}"), wrong));
    }
    for missing in order.iter().filter(|known| !seen.contains(&known.id)) {
        let why = || format!("must have every environment; {} ({}) is missing", missing.name, missing.id);
        faults.add(|| Fault::at("/ids", why()));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults.into())) }
}

/// Numbers the environments from 1 in the order given and writes those whose place changed.
async fn renumber(write: &mut Write, order: Vec<Environment>, now: Time) -> Result<Vec<Environment>, Error> {
    let mut numbered = Vec::with_capacity(order.len());
    for (place, environment) in (1..).zip(order) {
        if environment.order == place {
            numbered.push(environment);
            continue;
        }
        let moved = Environment { order: place, updated_at: now, ..environment };
        write.replace_environment(&moved).await?;
        numbered.push(moved);
    }
    Ok(numbered)
}
