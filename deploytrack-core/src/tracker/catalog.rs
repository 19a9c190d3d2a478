//! Listing and changing components and environments.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{
    Start, Terms, Tracker, WriteOutcome,
    audit::{
        add_component_change, add_component_event, add_environment_change, add_environment_event,
        add_order_event,
    },
    in_own_task,
    page_links::counted,
};
use crate::{
    api::EnvironmentOrder,
    catalog::{
        CatalogKind, Component, ComponentChange, Environment, EnvironmentChange, NewComponent,
        NewEnvironment, Reference,
    },
    clock::Time,
    error::{Error, Fault},
    event::EventType,
    fault::Faults,
    query::{CatalogFilter, Page, PageRequest},
    store::Write,
    text::{Label, Name},
};

impl Tracker {
    /// Part of the components in name order, or only the one with this name.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn components(
        &self,
        name: Option<&Name>,
        page: PageRequest,
    ) -> Result<Page<Component>, Error> {
        counted(
            page,
            self.store
                .components(name, page.skip(), page.take())
                .await?,
        )
    }

    /// Part of the components that match, in name order.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn matching_components(
        &self,
        filter: &CatalogFilter,
        page: PageRequest,
    ) -> Result<Page<Component>, Error> {
        counted(
            page,
            self.store
                .matching_components(filter, page.skip(), page.take())
                .await?,
        )
    }

    /// One component.
    ///
    /// # Errors
    /// [`Error::NotFound`], and errors of the database.
    pub async fn component(&self, id: Uuid) -> Result<Component, Error> {
        self.store
            .component(id)
            .await?
            .ok_or_else(|| Error::unknown(CatalogKind::Component, id))
    }

    /// The id of the component that a reference names.
    pub(super) async fn component_id(&self, component: Reference) -> Result<Uuid, Error> {
        match component {
            Reference::Id(id) => Ok(self.component(id).await?.id),
            Reference::Name(name) => {
                let (found, _) = self.store.components(Some(&name), 0, 1).await?;
                let found = found.first().map(|component| component.id);
                found.ok_or_else(|| Error::unknown(CatalogKind::Component, name))
            }
        }
    }

    /// Registers a component.
    ///
    /// # Errors
    /// [`Error::NameTaken`], errors of an idempotency key, and errors of the database.
    pub async fn create_component(
        &self,
        new: NewComponent,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<Component>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let component = new
                .details
                .applied_to(Component::registered(this.next_id(), new.name, now), now);
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            if !work.write.add_component(&component).await? {
                return Err(Error::NameTaken {
                    kind: CatalogKind::Component,
                    name: component.name,
                });
            }
            add_component_event(
                &mut work.write,
                EventType::ComponentCreated,
                &component,
                now,
                terms.author(),
            );
            work.finish(component).await
        })
        .await
    }

    /// Changes a component.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NameTaken`], [`Error::Changed`] if it does not fulfil the
    /// condition of the terms, errors of an idempotency key, and errors of the database.
    pub async fn update_component(
        &self,
        id: Uuid,
        change: ComponentChange,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<Component>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            let write = &mut work.write;
            write.lock_component(id).await?;
            let before = this.existing_component(write, id).await?;
            terms.check(&before)?;
            let component = change.applied_to(before.clone(), now);
            write.replace_component(&component).await?;
            add_component_change(write, (&before, &component), now, terms.author())?;
            work.finish(component).await
        })
        .await
    }

    /// Deletes a component that never had a deployment.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InUse`], and errors of the database.
    pub async fn delete_component(&self, id: Uuid, by: &Label) -> Result<(), Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let component = this.existing_component(&mut write, id).await?;
            write.delete_component(&component).await?;
            add_component_event(
                &mut write,
                EventType::ComponentDeleted,
                &component,
                this.clock.now(),
                &by,
            );
            write.commit().await
        })
        .await
    }

    /// Part of the environments in their order, or only the one with this name.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn environments(
        &self,
        name: Option<&Name>,
        page: PageRequest,
    ) -> Result<Page<Environment>, Error> {
        counted(
            page,
            self.store
                .environments(name, page.skip(), page.take())
                .await?,
        )
    }

    /// Part of the environments that match, in their order.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn matching_environments(
        &self,
        filter: &CatalogFilter,
        page: PageRequest,
    ) -> Result<Page<Environment>, Error> {
        counted(
            page,
            self.store
                .matching_environments(filter, page.skip(), page.take())
                .await?,
        )
    }

    /// One environment.
    ///
    /// # Errors
    /// [`Error::NotFound`], and errors of the database.
    pub async fn environment(&self, id: Uuid) -> Result<Environment, Error> {
        self.store
            .environment(id)
            .await?
            .ok_or_else(|| Error::unknown(CatalogKind::Environment, id))
    }

    /// Registers an environment at the requested place in the order, or before the first one of a
    /// later type.
    ///
    /// # Errors
    /// [`Error::NameTaken`], errors of an idempotency key, and errors of the database.
    pub async fn create_environment(
        &self,
        new: NewEnvironment,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<Environment>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let (now, ordinal) = (this.clock.now(), new.details.order);
            let environment = new
                .details
                .applied_to(Environment::registered(this.next_id(), new.name, now), now);
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            let write = &mut work.write;
            write.lock_order().await?;
            insert_environment(write, &environment, ordinal, now, terms.author()).await?;
            let added = this.existing_environment(write, environment.id).await?;
            work.finish(added).await
        })
        .await
    }

    /// Adds the environments whose names are unknown, each at its place in the order or before the
    /// first one of a later type. Returns how many were added.
    pub(super) async fn insert_unknown_environments(
        &self,
        write: &mut Write,
        new: Vec<(Environment, Option<usize>)>,
        by: &Label,
    ) -> Result<u64, Error> {
        write.lock_order().await?;
        let (now, mut added) = (self.clock.now(), 0);
        let mut names: HashSet<_> = write
            .all_environments()
            .await?
            .iter()
            .map(|environment| environment.name.key().into_owned())
            .collect();
        for (environment, ordinal) in new {
            if names.insert(environment.name.key().into_owned()) {
                insert_environment(write, &environment, ordinal, now, by).await?;
                added += 1;
            }
        }
        Ok(added)
    }

    /// Changes an environment, and moves it in the order if requested.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NameTaken`], [`Error::Changed`] if it does not fulfil the
    /// condition of the terms, errors of an idempotency key, and errors of the database.
    pub async fn update_environment(
        &self,
        id: Uuid,
        change: EnvironmentChange,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<Environment>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let (now, ordinal) = (this.clock.now(), change.order);
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            let write = &mut work.write;
            if ordinal.is_some() {
                write.lock_order().await?;
            }
            write.lock_environment(id).await?;
            let before = this.existing_environment(write, id).await?;
            terms.check(&before)?;
            let mut changed = change.applied_to(before.clone(), now);
            write.replace_environment(&changed).await?;
            if let Some(ordinal) = ordinal {
                let position = write.position_at(ordinal, id).await?;
                write.move_environment(id, position).await?;
                changed = this.existing_environment(write, id).await?;
            }
            add_environment_change(write, (&before, &changed), now, terms.author())?;
            work.finish(changed).await
        })
        .await
    }

    /// Deletes an environment that never had a deployment; the environments after it move up.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InUse`], and errors of the database.
    pub async fn delete_environment(&self, id: Uuid, by: &Label) -> Result<(), Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let environment = this.existing_environment(&mut write, id).await?;
            write.delete_environment(&environment).await?;
            add_environment_event(
                &mut write,
                EventType::EnvironmentDeleted,
                &environment,
                this.clock.now(),
                &by,
            );
            write.commit().await
        })
        .await
    }

    /// Sets the order of all environments at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the order does not list every environment exactly once; errors of the
    /// database.
    pub async fn reorder_environments(
        &self,
        order: impl Into<EnvironmentOrder>,
        by: &Label,
    ) -> Result<Vec<Environment>, Error> {
        let (this, order, by) = (self.clone(), order.into(), by.clone());
        in_own_task(async move {
            let (mut write, now) = (this.store.write().await?, this.clock.now());
            write.lock_order().await?;
            let environments = write.all_environments().await?;
            let ids = checked_order(&order, &environments)?;
            let order = reordered(environments, &ids, now);
            write
                .set_order(
                    &order
                        .iter()
                        .map(|environment| (environment.id, environment.updated_at))
                        .collect::<Vec<_>>(),
                )
                .await?;
            add_order_event(&mut write, now, &by);
            write.commit().await?;
            Ok(order)
        })
        .await
    }
}

/// Adds an environment at a place in the order, or before the first one of a later type. The order
/// must be locked.
async fn insert_environment(
    write: &mut Write,
    environment: &Environment,
    ordinal: Option<usize>,
    now: Time,
    by: &Label,
) -> Result<(), Error> {
    let position = match ordinal {
        Some(ordinal) => write.position_at(ordinal, environment.id).await?,
        None => write.position_by_type(environment.r#type).await?,
    };
    write.add_environment(environment, position).await?;
    add_environment_event(write, EventType::EnvironmentCreated, environment, now, by);
    Ok(())
}

/// The ids of a new order. Reports every entry that is unknown, duplicate or missing.
fn checked_order(order: &EnvironmentOrder, known: &[Environment]) -> Result<Vec<Uuid>, Error> {
    let (field, entry) = match order {
        EnvironmentOrder::Ids(_) => ("ids", "id"),
        EnvironmentOrder::Names(_) => ("names", "name"),
    };
    let (mut ids, mut seen, mut faults) = (Vec::new(), HashSet::new(), Faults::default());
    for (at, id) in listed(order, known).into_iter().enumerate() {
        let wrong = match id {
            None => format!("is not the {entry} of an environment"),
            Some(id) if !seen.insert(id) => "is given twice".to_owned(),
            Some(id) => {
                ids.push(id);
                continue;
            }
        };
        faults.add(|| Fault::at(format!("/{field}/{at}"), wrong));
    }
    for missing in known
        .iter()
        .filter(|environment| !seen.contains(&environment.id))
    {
        let why = || {
            format!(
                "must list every environment; {} ({}) is missing",
                missing.name, missing.id
            )
        };
        faults.add(|| Fault::at(format!("/{field}"), why()));
    }
    if faults.is_empty() {
        Ok(ids)
    } else {
        Err(Error::Invalid(faults.into()))
    }
}

/// The id of each entry of a new order; `None` for an unknown one.
fn listed(order: &EnvironmentOrder, known: &[Environment]) -> Vec<Option<Uuid>> {
    match order {
        EnvironmentOrder::Ids(ids) => {
            let known: HashSet<_> = known.iter().map(|environment| environment.id).collect();
            let id = |id: &Uuid| known.get(id).copied();
            ids.iter().map(id).collect()
        }
        EnvironmentOrder::Names(names) => {
            let known: HashMap<_, _> = known
                .iter()
                .map(|environment| (&environment.name, environment.id))
                .collect();
            names.iter().map(|name| known.get(name).copied()).collect()
        }
    }
}

/// Sorts the environments by these ids. Those that move get the time of the change.
fn reordered(mut environments: Vec<Environment>, ids: &[Uuid], now: Time) -> Vec<Environment> {
    let ordinals: HashMap<Uuid, i64> = ids.iter().copied().zip(1..).collect();
    for environment in &mut environments {
        let ordinal = ordinals.get(&environment.id).copied().unwrap_or(i64::MAX);
        if environment.order != ordinal {
            (environment.order, environment.updated_at) = (ordinal, now);
        }
    }
    environments.sort_by_key(|environment| environment.order);
    environments
}
