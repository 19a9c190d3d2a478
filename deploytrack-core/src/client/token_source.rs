//! Tokens that are obtained only when a request needs one, and replaced when they end.

use std::pin::Pin;

use super::Error;

/// The future of a token source.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<String>, Error>> + Send + 'a>>;

/// A source of tokens for the requests of a client.
///
/// A token of a source is only sent to the client's own server, as a fixed token is.
pub trait TokenSource: Send + Sync {
    /// The token for the next request; `None` for a request without a token.
    ///
    /// # Errors
    /// Why there is no token. The request is then not sent, and returns this error.
    fn token(&self) -> TokenFuture<'_>;

    /// A token in place of one that the server has rejected with 401, for one more try; `None` if
    /// there is no other one, and the request returns the rejection.
    ///
    /// # Errors
    /// A better explanation of the rejection, which the request returns instead.
    fn after_rejection<'a>(&'a self, rejected: Option<&'a str>) -> TokenFuture<'a>;
}
