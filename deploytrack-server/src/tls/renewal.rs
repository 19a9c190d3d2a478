//! The renewal of the certificate while the server runs.

use std::{convert::Infallible, error::Error as _, sync::PoisonError, thread, time::Duration};

use deploytrack_core::clock::{Clock as _, SystemClock};
use tokio::{
    select,
    sync::oneshot,
    time::{Instant, sleep},
};

use super::{Current, Tls, TlsError, files::Contents, pair::Pair};
use crate::secret_file::SecretFileError;

/// The time between two looks at the files.
const INTERVAL: Duration = Duration::from_secs(2);
/// The time between two warnings about the same certificate.
const REMINDER: Duration = Duration::from_hours(24);

/// An error of new files.
struct Fault {
    text: String,
    is_logged: bool,
}

impl Tls {
    /// Reads the files again and again, for ever. New connections get a new certificate; with a
    /// faulty one the former stays in use.
    pub(crate) async fn renew_for_ever(&self) -> Infallible {
        let (mut fault, mut reminded) = (None, Instant::now());
        self.log();
        loop {
            let asked = select! {
                () = sleep(INTERVAL) => false,
                () = self.0.asked.notified() => true,
            };
            match self.look().await {
                Ok(is_new) => {
                    fault = None;
                    if is_new || reminded.elapsed() >= REMINDER {
                        reminded = Instant::now();
                        self.log();
                    }
                }
                Err(error) => fault = Some(Fault::after(fault, &error, asked)),
            }
        }
    }

    /// Logs the validity of the certificate, as a warning if it is not or not much longer valid.
    fn log(&self) {
        let pair = self.current().pair;
        let certificate = self.0.files.certificate.display();
        match pair.warning(SystemClock.now()) {
            Some(warning) => tracing::warn!(%certificate, "the TLS certificate {warning}"),
            None => {
                tracing::info!(%certificate, "the TLS certificate is valid until {}", pair.valid_until());
            }
        }
        if let Some(warning) = self.0.files.exposure() {
            tracing::warn!("{warning}");
        }
    }

    /// Reads the files, and uses them if they have changed. Returns whether they have.
    async fn look(&self) -> Result<bool, TlsError> {
        let Some(contents) = self.contents().await.transpose()? else {
            return Ok(false);
        };
        if contents.hashes() == self.current().pair.hashes {
            return Ok(false);
        }
        let new = Current::of(Pair::of(&self.0.files, &contents)?)?;
        *self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner) = new;
        Ok(true)
    }

    /// The contents of the files, read by a thread of its own: a network disk may hang, and at its
    /// end the process would wait for a thread of the runtime.
    async fn contents(&self) -> Option<Result<Contents, SecretFileError>> {
        let (files, (sender, receiver)) = (self.0.files.clone(), oneshot::channel());
        let read = move || drop(sender.send(files.can_change().then(|| files.read())));
        thread::Builder::new().spawn(read).ok()?;
        receiver.await.ok().flatten()
    }
}

impl Fault {
    /// The files are exchanged one after the other, so an error counts when the next look finds it
    /// again.
    fn after(former: Option<Self>, error: &TlsError, asked: bool) -> Self {
        let source = error.source().map(|source| format!(": {source}"));
        let text = format!("{error}{}", source.unwrap_or_default());
        let again = former.filter(|former| former.text == text);
        let is_logged = again.as_ref().is_some_and(|former| former.is_logged);
        if !is_logged && (asked || again.is_some()) {
            tracing::error!("the former TLS certificate stays in use: {text}");
            return Self {
                text,
                is_logged: true,
            };
        }
        Self { text, is_logged }
    }
}
