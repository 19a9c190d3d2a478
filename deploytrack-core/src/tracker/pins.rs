//! Pins: comparing the ids in identity tokens with them, listing and removing them.

use uuid::Uuid;

use super::{Tracker, audit::add_pin_event, in_own_task, page_links::counted};
use crate::{
    clock::Time,
    error::Error,
    event::EventType,
    origin::Origin,
    pin::{MOST, NamedId, Pin, PinConflict},
    query::{Page, PageRequest},
    store::{PinKey, Write},
    text::Label,
};

impl Tracker {
    /// Part of the pins, the newest first.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn pins(&self, page: PageRequest) -> Result<Page<Pin>, Error> {
        counted(page, self.store.pins(page.skip(), page.take()).await?)
    }

    /// Removes a pin: the next token with its name is accepted with any id, which is pinned then.
    ///
    /// # Errors
    /// [`Error::NotFound`], and errors of the database.
    pub async fn remove_pin(&self, id: Uuid, by: &Label) -> Result<(), Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let Some(pin) = write.remove_pin(id).await? else {
                return Err(Error::NotFound {
                    what: "pin",
                    key: id.to_string(),
                });
            };
            let now = this.clock.now();
            add_pin_event(&mut write, EventType::PinRemoved, &pin, (now, &by));
            write.commit().await
        })
        .await
    }

    /// The first of these names whose id is another one than its pin. It writes nothing.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn pin_conflict(
        &self,
        origin: &Origin,
        named: &[NamedId],
    ) -> Result<Option<PinConflict>, Error> {
        for named in named {
            let pin = self.store.pin(key(origin, named)).await?;
            if let Some(conflict) = pin.and_then(|pin| conflict(pin, named)) {
                return Ok(Some(conflict));
            }
        }
        Ok(None)
    }

    /// Compares the ids of these names with their pins, and pins those that have none yet.
    pub(super) async fn pin_in(
        &self,
        write: &mut Write,
        origin: &Origin,
        named: &[NamedId],
        (now, by): (Time, &Label),
    ) -> Result<(), Error> {
        for named in named {
            let mut pinned = write.pin(key(origin, named)).await?;
            if let (None, Some(value)) = (&pinned, &named.value) {
                let pin = self.new_pin(origin, named, value, now);
                if write.count_pins().await? >= MOST {
                    return Err(Error::TooManyPins(MOST));
                }
                if write.add_pin(&pin).await? {
                    add_pin_event(write, EventType::PinCreated, &pin, (now, by));
                    continue;
                }
                // Another server has pinned the name meanwhile.
                pinned = write.pin(key(origin, named)).await?;
            }
            if let Some(conflict) = pinned.and_then(|pin| conflict(pin, named)) {
                return Err(Error::PinConflict(Box::new(conflict)));
            }
        }
        Ok(())
    }

    fn new_pin(&self, origin: &Origin, named: &NamedId, value: &Label, now: Time) -> Pin {
        Pin {
            id: self.next_id(),
            issuer: origin.issuer.clone(),
            rule: origin.rule.clone(),
            claim: named.claim.clone(),
            name: named.name.clone(),
            value: value.clone(),
            created_at: now,
        }
    }
}

const fn key<'a>(origin: &'a Origin, named: &'a NamedId) -> PinKey<'a> {
    PinKey {
        issuer: &origin.issuer,
        rule: &origin.rule,
        claim: &named.claim,
        name: &named.name,
    }
}

fn conflict(pin: Pin, named: &NamedId) -> Option<PinConflict> {
    (named.value.as_ref() != Some(&pin.value)).then(|| PinConflict {
        pin,
        received: named.value.clone(),
    })
}
