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
    catalog::{CatalogKind, Component, ComponentChange, Environment, EnvironmentChange, NewComponent, NewEnvironment},
    clock::Time,
    error::{Error, Fault},
    event::EventType,
    fault::Faults,
    query::{CatalogFilter, Page, PageRequest},
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

    /// Part of the components that match, in name order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn matching_components(&self, filter: &CatalogFilter, page: PageRequest) -> Result<Page<Component>, Error> {
        counted(page, self.store.matching_components(filter, page.skip(), page.take()).await?)
    }

    /// One component.
    ///
    /// # Errors
    /// [`Error::NotFound`], and those of the database.
    pub async fn component(&self, id: Uuid) -> Result<Component, Error> {
        self.store.component(id).await?.ok_or_else(|| Error::unknown(CatalogKind::Component, id))
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
                return Err(Error::NameTaken { kind: CatalogKind::Component, name: component.name });
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

    /// Part of the environments that match, in their order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn matching_environments(&self, filter: &CatalogFilter, page: PageRequest) -> Result<Page<Environment>, Error> {
        counted(page, self.store.matching_environments(filter, page.skip(), page.take()).await?)
    }

    /// One environment.
    ///
    /// # Errors
    /// [`Error::NotFound`], and those of the database.
    pub async fn environment(&self, id: Uuid) -> Result<Environment, Error> {
        self.store.environment(id).await?.ok_or_else(|| Error::unknown(CatalogKind::Environment, id))
    }

    /// Registers an environment, at the place asked for or else before the first one of a later type.
    ///
    /// # Errors
    /// [`Error::NameTaken`], those of an idempotency key, and those of the database.
    pub async fn create_environment(&self, new: NewEnvironment, terms: impl Into<Terms>) -> Result<Written<Environment>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let (now, place) = (this.clock.now(), new.details.order);
            let environment = new.details.applied_to(Environment::registered(this.next_id(), new.name, now), now);
            let mut work = match this.begin(&terms).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            let write = &mut work.write;
            write.lock_order().await?;
            insert_environment(write, &environment, place, now, terms.author()).await?;
            let added = this.known_environment(write, environment.id).await?;
            work.finish(added).await
        })
        .await
    }

    /// Adds those environments whose names are not known, each at the place that comes with it or before the first one of a
    /// later type. Returns how many were added.
    pub(super) async fn insert_unknown_environments(
        &self,
        write: &mut Write,
        new: Vec<(Environment, Option<usize>)>,
        by: &Label,
    ) -> Result<u64, Error> {
        write.lock_order().await?;
        let (now, mut added) = (self.clock.now(), 0);
        let mut names: HashSet<_> = write.all_environments().await?.iter().map(|known| known.name.key().into_owned()).collect();
        for (environment, place) in new {
            if names.insert(environment.name.key().into_owned()) {
                insert_environment(write, &environment, place, now, by).await?;
                added += 1;
            }
        }
        Ok(added)
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
            if place.is_some() {
                write.lock_order().await?;
            }
            write.lock_environment(id).await?;
            let before = this.known_environment(write, id).await?;
            terms.check(&before)?;
            let changed = change.applied_to(before, now);
            write.replace_environment(&changed).await?;
            tell_environment(write, EventType::EnvironmentUpdated, &changed, now, terms.author());
            let Some(place) = place else { return work.finish(changed).await };
            let position = write.position_at(place, id).await?;
            write.move_environment(id, position).await?;
            let moved = this.known_environment(write, id).await?;
            work.finish(moved).await
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
            let mut write = this.store.write().await?;
            let environment = this.known_environment(&mut write, id).await?;
            write.delete_environment(&environment).await?;
            tell_environment(&mut write, EventType::EnvironmentDeleted, &environment, this.clock.now(), &by);
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
            write.lock_order().await?;
            let known = write.all_environments().await?;
            check_full_list(&ids, &known)?;
            let order = reordered(known, &ids, now);
            write.set_order(&order.iter().map(|environment| (environment.id, environment.updated_at)).collect::<Vec<_>>()).await?;
            tell_order(&mut write, now, &by);
            write.commit().await?;
            Ok(order)
        })
        .await
    }
}

/// Adds an environment at a place in the order, which must be locked, or else before the first one of a later type.
async fn insert_environment(
    write: &mut Write,
    environment: &Environment,
    place: Option<usize>,
    now: Time,
    by: &Label,
) -> Result<(), Error> {
    let position = match place {
        Some(place) => write.position_at(place, environment.id).await?,
        None => write.position_by_type(environment.r#type).await?,
    };
    write.add_environment(environment, position).await?;
    tell_environment(write, EventType::EnvironmentCreated, environment, now, by);
    Ok(())
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

/// The environments in the order of these ids; those whose place changed are changed now.
fn reordered(mut environments: Vec<Environment>, ids: &[Uuid], now: Time) -> Vec<Environment> {
    let places: HashMap<Uuid, i64> = ids.iter().copied().zip(1..).collect();
    for environment in &mut environments {
        let place = places.get(&environment.id).copied().unwrap_or(i64::MAX);
        if environment.order != place {
            (environment.order, environment.updated_at) = (place, now);
        }
    }
    environments.sort_by_key(|environment| environment.order);
    environments
}
