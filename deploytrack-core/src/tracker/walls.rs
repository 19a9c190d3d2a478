//! Walls: creating, listing and revoking them, and finding the wall of a session.

use chrono::TimeDelta;

use super::{
    Start, Terms, Tracker, WriteOutcome, audit::add_wall_event, in_own_task, page_links::counted,
};
use crate::{
    catalog::Reference,
    digest::Digest,
    error::Error,
    event::EventType,
    query::{Page, PageRequest},
    text::Label,
    wall::{CreatedWall, MOST, NewWall, Wall},
};

/// How old `lastSeenAt` becomes before it is written again.
const SEEN_INTERVAL: TimeDelta = TimeDelta::minutes(5);

impl Tracker {
    /// Part of the walls, in name order.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn walls(&self, page: PageRequest) -> Result<Page<Wall>, Error> {
        counted(page, self.store.walls(page.skip(), page.take()).await?)
    }

    /// Creates a wall under the hash of its session's id. `seed` is returned again when the request
    /// is repeated under its idempotency key.
    ///
    /// # Errors
    /// [`Error::WallExists`], [`Error::TooManyWalls`], errors of an idempotency key, and errors of
    /// the database.
    pub async fn create_wall(
        &self,
        new: NewWall,
        seed: String,
        session: Digest,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<CreatedWall>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let wall = Wall {
                id: this.next_id(),
                name: new.name,
                view: new.view,
                created_by: terms.author().clone(),
                created_at: this.clock.now(),
                last_seen_at: None,
            };
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            if work.write.count_walls().await? >= MOST {
                return Err(Error::TooManyWalls(MOST));
            }
            if !work.write.add_wall(&wall, &session).await? {
                return Err(Error::WallExists(wall.name));
            }
            let (at, by) = (wall.created_at, terms.author());
            add_wall_event(&mut work.write, EventType::WallCreated, &wall, at, by);
            work.finish(CreatedWall { wall, seed }).await
        })
        .await
    }

    /// Revokes a wall: its link and its sessions end.
    ///
    /// # Errors
    /// [`Error::NotFound`], and errors of the database.
    pub async fn revoke_wall(&self, which: Reference, by: &Label) -> Result<(), Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let Some(wall) = write.remove_wall(&which).await? else {
                return Err(Error::NotFound {
                    what: "wall",
                    key: which.to_string(),
                });
            };
            let now = this.clock.now();
            add_wall_event(&mut write, EventType::WallRevoked, &wall, now, &by);
            write.commit().await
        })
        .await
    }

    /// The wall with this hash of its session's id.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn wall(&self, session: &Digest) -> Result<Option<Wall>, Error> {
        self.store.wall(session).await
    }

    /// Notes that a wall is shown, at most once in five minutes. The caller does not wait for the
    /// write: a wall is also shown while the database accepts none.
    pub fn note_wall_seen(&self, wall: &Wall) {
        let (this, id, now) = (self.clone(), wall.id, self.clock.now());
        if wall
            .last_seen_at
            .is_some_and(|seen| now - seen < SEEN_INTERVAL)
        {
            return;
        }
        tokio::spawn(async move {
            let noted = async {
                let mut write = this.store.write().await?;
                write.note_wall_seen(id, now).await?;
                write.commit().await
            };
            if let Err(error) = noted.await {
                tracing::debug!(%error, "the time at which a wall was last seen could not be stored");
            }
        });
    }
}
