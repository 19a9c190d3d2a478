//! Sessions of the pages: logging in, using a code once, logging out.

use super::{Tracker, in_own_task};
use crate::{digest::Digest, error::Error, session::StoredSession};

impl Tracker {
    /// The session with this hash of its id, if it has not ended and was verified with the same
    /// secret.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn session(
        &self,
        id: &Digest,
        verifier: &Digest,
    ) -> Result<Option<StoredSession>, Error> {
        self.find_session(id, false, verifier).await
    }

    /// The code with this hash, unused, if it has not ended and was verified with the same secret.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn login_code(
        &self,
        code: &Digest,
        verifier: &Digest,
    ) -> Result<Option<StoredSession>, Error> {
        self.find_session(code, true, verifier).await
    }

    async fn find_session(
        &self,
        id: &Digest,
        is_code: bool,
        verifier: &Digest,
    ) -> Result<Option<StoredSession>, Error> {
        let found = self.store.session(id, is_code).await?;
        Ok(found.filter(|session| self.is_valid(session, verifier)))
    }

    /// Stores a session under the hash of its id.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn add_session(&self, id: Digest, session: StoredSession) -> Result<(), Error> {
        self.store_session(id, false, session).await
    }

    /// Stores a code under its hash.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn add_login_code(&self, code: Digest, session: StoredSession) -> Result<(), Error> {
        self.store_session(code, true, session).await
    }

    async fn store_session(
        &self,
        id: Digest,
        is_code: bool,
        session: StoredSession,
    ) -> Result<(), Error> {
        let this = self.clone();
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let now = this.clock.now();
            write.add_session(&id, is_code, &session, now).await?;
            write.commit().await
        })
        .await
    }

    /// Uses a code: removes it and stores the session that it stands for, which lasts as long as
    /// the token. Returns nothing if the code has ended, was used or never existed.
    ///
    /// This is a write also then; [`Self::login_code`] tells before it whether the code is valid.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn use_login_code(
        &self,
        code: Digest,
        id: Digest,
        verifier: Digest,
    ) -> Result<Option<StoredSession>, Error> {
        let this = self.clone();
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let found = write.take_session(&code, true).await?;
            let Some(found) = found.filter(|code| this.is_valid(code, &verifier)) else {
                return Ok(None);
            };
            let session = StoredSession {
                expires_at: found.token_ends,
                ..found
            };
            let now = this.clock.now();
            write.add_session(&id, false, &session, now).await?;
            write.commit().await?;
            Ok(Some(session))
        })
        .await
    }

    /// Ends the session with this hash of its id, if there is one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn end_session(&self, id: Digest) -> Result<(), Error> {
        // An invented cookie must not start a write.
        if self.store.session(&id, false).await?.is_none() {
            return Ok(());
        }
        let this = self.clone();
        in_own_task(async move {
            let mut write = this.store.write().await?;
            write.take_session(&id, false).await?;
            write.commit().await
        })
        .await
    }

    fn is_valid(&self, session: &StoredSession, verifier: &Digest) -> bool {
        session.verifier == *verifier && self.clock.now() < session.expires_at
    }
}
