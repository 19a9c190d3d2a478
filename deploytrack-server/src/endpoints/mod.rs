//! The endpoints of the server.
//!
//! An endpoint is a row of [`TABLE`] and a file below this folder: `doc` describes the operation for
//! the OpenAPI document, and `handle` answers a request. Everything else follows from the row: the
//! methods of a path (`Allow`, OPTIONS, HEAD, 405), the check of the token, the cache, the headers
//! of a write, and the document.

use deploytrack_core::api;
use futures_util::future::BoxFuture;
use http::Method;

use crate::{
    auth::Access::{
        self, Admin, Badges, Health, Identity, Metrics, Open, Reader, Session, Wall, Writer,
    },
    cache::Caching::{self, Collection, No, Record},
    openapi::OperationDraft,
    preconditions::WriteHeader::{self, IdempotencyKey, IfMatch, SentAt},
    request::Call,
    response::HandlerResult,
};

mod archive;
mod audit;
mod badges;
mod components;
mod deployments;
mod environments;
mod events;
mod health;
mod identity;
mod metrics;
mod openapi;
#[cfg(feature = "dashboard")]
mod pages;
mod paths;
mod retention;
mod revocations;
mod session;
#[cfg(feature = "swagger")]
mod swagger;
#[cfg(test)]
mod tests;
mod tokens;
mod verify;
mod walls;

pub(crate) use self::paths::find;

/// An endpoint. A row states every field, so that none is forgotten.
pub(crate) struct Endpoint {
    /// The method. A path with GET accepts HEAD too, and every path accepts OPTIONS.
    pub(crate) method: Method,
    /// The path. At most one part of it is a placeholder in braces, see [`paths`].
    pub(crate) path: &'static str,
    /// The callers that may use it.
    pub(crate) access: Access,
    /// Whether the cache may store its answer.
    pub(crate) caching: Caching,
    /// The headers that change what it does. `If-Match` is refused at every other endpoint.
    pub(crate) conditions: &'static [WriteHeader],
    /// The operation in the OpenAPI document, if the endpoint belongs to the API.
    pub(crate) doc: Option<fn() -> OperationDraft>,
    /// Answers a request.
    pub(crate) handle: &'static dyn Handler,
}

/// A function that answers a request.
pub(crate) trait Handler: Sync {
    /// Answers a request.
    fn call(&self, call: Call) -> BoxFuture<'static, HandlerResult>;
}

impl<F, R> Handler for F
where
    F: Fn(Call) -> R + Sync,
    R: Future<Output = HandlerResult> + Send + 'static,
{
    fn call(&self, call: Call) -> BoxFuture<'static, HandlerResult> {
        Box::pin(self(call))
    }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// All endpoints. The operations of the OpenAPI document have this order. A row has three lines, so
/// that the table fits on a few screens: rustfmt would make nine.
#[rustfmt::skip]
pub(crate) static TABLE: &[Endpoint] = &[
    // Open to anyone.
    Endpoint { method: GET,    path: "/healthz",                            access: Health,
               caching: No,         conditions: &[],
               doc: Some(health::live_doc), handle: &health::live },
    Endpoint { method: GET,    path: "/readyz",                             access: Health,
               caching: No,         conditions: &[],
               doc: Some(health::ready_doc), handle: &health::ready },
    Endpoint { method: GET,    path: api::OPENAPI,                          access: Open,
               caching: No,         conditions: &[],
               doc: Some(openapi::doc), handle: &openapi::handle },
    // Deployments, and everything that is read from them.
    Endpoint { method: GET,    path: api::DEPLOYMENTS,                      access: Wall,
               caching: Collection, conditions: &[],
               doc: Some(deployments::list::doc), handle: &deployments::list::handle },
    Endpoint { method: POST,   path: api::DEPLOYMENTS,                      access: Writer,
               caching: No,         conditions: &[IdempotencyKey, SentAt],
               doc: Some(deployments::record::doc), handle: &deployments::record::handle },
    Endpoint { method: GET,    path: api::MATRIX,                           access: Wall,
               caching: Collection, conditions: &[],
               doc: Some(deployments::matrix::doc), handle: &deployments::matrix::handle },
    Endpoint { method: GET,    path: api::UNSETTLED,                        access: Wall,
               caching: Collection, conditions: &[],
               doc: Some(deployments::unsettled::doc), handle: &deployments::unsettled::handle },
    Endpoint { method: GET,    path: api::DAILY,                            access: Wall,
               caching: No,         conditions: &[],
               doc: Some(deployments::daily::doc), handle: &deployments::daily::handle },
    Endpoint { method: GET,    path: api::IDS,                              access: Reader,
               caching: Collection, conditions: &[],
               doc: Some(deployments::ids::doc), handle: &deployments::ids::handle },
    Endpoint { method: GET,    path: api::LATEST,                           access: Reader,
               caching: Collection, conditions: &[],
               doc: Some(deployments::latest::doc), handle: &deployments::latest::handle },
    Endpoint { method: POST,   path: api::IMPORT,                           access: Admin,
               caching: No,         conditions: &[IdempotencyKey, SentAt],
               doc: Some(deployments::import::doc), handle: &deployments::import::handle },
    Endpoint { method: GET,    path: api::EXPORT,                           access: Reader,
               caching: No,         conditions: &[],
               doc: Some(deployments::export::doc), handle: &deployments::export::handle },
    Endpoint { method: GET,    path: "/api/v1/deployments/{id}",            access: Reader,
               caching: Record,     conditions: &[],
               doc: Some(deployments::show::doc), handle: &deployments::show::handle },
    Endpoint { method: PATCH,  path: "/api/v1/deployments/{id}",            access: Writer,
               caching: No,         conditions: &[IdempotencyKey, SentAt, IfMatch],
               doc: Some(deployments::update::doc), handle: &deployments::update::handle },
    Endpoint { method: GET,    path: "/api/v1/deployments/{id}/history",    access: Reader,
               caching: Collection, conditions: &[],
               doc: Some(deployments::history::doc), handle: &deployments::history::handle },
    Endpoint { method: POST,   path: "/api/v1/deployments/{id}/undeploy",   access: Writer,
               caching: No,         conditions: &[IdempotencyKey, SentAt, IfMatch],
               doc: Some(deployments::undeploy::doc), handle: &deployments::undeploy::handle },
    // The whole server.
    Endpoint { method: GET,    path: api::VERIFY,                           access: Admin,
               caching: No,         conditions: &[],
               doc: Some(verify::doc), handle: &verify::handle },
    Endpoint { method: GET,    path: api::AUDIT,                            access: Admin,
               caching: No,         conditions: &[],
               doc: Some(audit::doc), handle: &audit::handle },
    Endpoint { method: GET,    path: api::RETENTION,                        access: Admin,
               caching: No,         conditions: &[],
               doc: Some(retention::preview::doc), handle: &retention::preview::handle },
    Endpoint { method: POST,   path: api::RETENTION,                        access: Admin,
               caching: No,         conditions: &[],
               doc: Some(retention::remove::doc), handle: &retention::remove::handle },
    Endpoint { method: GET,    path: api::EVENTS,                           access: Wall,
               caching: No,         conditions: &[],
               doc: Some(events::doc), handle: &events::handle },
    // Sessions of the pages.
    Endpoint { method: POST,   path: api::SESSION,                          access: Session,
               caching: No,         conditions: &[],
               doc: Some(session::start::doc), handle: &session::start::handle },
    Endpoint { method: GET,    path: api::SESSION,                          access: Wall,
               caching: No,         conditions: &[],
               doc: Some(session::show::doc), handle: &session::show::handle },
    Endpoint { method: DELETE, path: api::SESSION,                          access: Session,
               caching: No,         conditions: &[],
               doc: Some(session::end::doc), handle: &session::end::handle },
    Endpoint { method: POST,   path: api::SESSION_CODE,                     access: Reader,
               caching: No,         conditions: &[],
               doc: Some(session::code::doc), handle: &session::code::handle },
    // Identity tokens.
    Endpoint { method: POST,   path: api::TOKEN,                            access: Identity,
               caching: No,         conditions: &[],
               doc: Some(identity::exchange::doc), handle: &identity::exchange::handle },
    Endpoint { method: POST,   path: api::OIDC_EXPLAIN,                     access: Identity,
               caching: No,         conditions: &[],
               doc: Some(identity::explain::doc), handle: &identity::explain::handle },
    Endpoint { method: GET,    path: api::PINS,                             access: Admin,
               caching: No,         conditions: &[],
               doc: Some(identity::list_pins::doc), handle: &identity::list_pins::handle },
    Endpoint { method: DELETE, path: "/api/v1/oidc/pins/{id}",              access: Admin,
               caching: No,         conditions: &[],
               doc: Some(identity::remove_pin::doc), handle: &identity::remove_pin::handle },
    // Walls.
    Endpoint { method: GET,    path: api::WALLS,                            access: Admin,
               caching: No,         conditions: &[],
               doc: Some(walls::list::doc), handle: &walls::list::handle },
    Endpoint { method: POST,   path: api::WALLS,                            access: Admin,
               caching: No,         conditions: &[IdempotencyKey],
               doc: Some(walls::create::doc), handle: &walls::create::handle },
    Endpoint { method: DELETE, path: "/api/v1/walls/{wall}",                access: Admin,
               caching: No,         conditions: &[],
               doc: Some(walls::revoke::doc), handle: &walls::revoke::handle },
    // Tokens, and revocations of JSON Web Tokens.
    Endpoint { method: GET,    path: api::TOKENS,                           access: Admin,
               caching: No,         conditions: &[],
               doc: Some(tokens::list::doc), handle: &tokens::list::handle },
    Endpoint { method: POST,   path: api::TOKENS,                           access: Admin,
               caching: No,         conditions: &[IdempotencyKey],
               doc: Some(tokens::create::doc), handle: &tokens::create::handle },
    Endpoint { method: GET,    path: "/api/v1/tokens/{id}",                 access: Admin,
               caching: No,         conditions: &[],
               doc: Some(tokens::show::doc), handle: &tokens::show::handle },
    Endpoint { method: DELETE, path: "/api/v1/tokens/{id}",                 access: Admin,
               caching: No,         conditions: &[],
               doc: Some(tokens::revoke::doc), handle: &tokens::revoke::handle },
    Endpoint { method: POST,   path: "/api/v1/tokens/{id}/rotate",          access: Admin,
               caching: No,         conditions: &[IdempotencyKey],
               doc: Some(tokens::rotate::doc), handle: &tokens::rotate::handle },
    Endpoint { method: GET,    path: api::REVOCATIONS,                      access: Admin,
               caching: No,         conditions: &[],
               doc: Some(revocations::list::doc), handle: &revocations::list::handle },
    Endpoint { method: POST,   path: api::REVOCATIONS,                      access: Admin,
               caching: No,         conditions: &[IdempotencyKey],
               doc: Some(revocations::create::doc), handle: &revocations::create::handle },
    Endpoint { method: DELETE, path: "/api/v1/revocations/{id}",            access: Admin,
               caching: No,         conditions: &[],
               doc: Some(revocations::remove::doc), handle: &revocations::remove::handle },
    // Components.
    Endpoint { method: GET,    path: api::COMPONENTS,                       access: Wall,
               caching: Collection, conditions: &[],
               doc: Some(components::list::doc), handle: &components::list::handle },
    Endpoint { method: POST,   path: api::COMPONENTS,                       access: Admin,
               caching: No,         conditions: &[IdempotencyKey],
               doc: Some(components::create::doc), handle: &components::create::handle },
    Endpoint { method: POST,   path: api::ARCHIVE_COMPONENTS,               access: Admin,
               caching: No,         conditions: &[IdempotencyKey],
               doc: Some(components::archive::doc), handle: &components::archive::handle },
    Endpoint { method: GET,    path: "/api/v1/components/{id}",             access: Reader,
               caching: Record,     conditions: &[],
               doc: Some(components::show::doc), handle: &components::show::handle },
    Endpoint { method: PATCH,  path: "/api/v1/components/{id}",             access: Admin,
               caching: No,         conditions: &[IdempotencyKey, IfMatch],
               doc: Some(components::update::doc), handle: &components::update::handle },
    Endpoint { method: DELETE, path: "/api/v1/components/{id}",             access: Admin,
               caching: No,         conditions: &[],
               doc: Some(components::delete::doc), handle: &components::delete::handle },
    // Environments.
    Endpoint { method: GET,    path: api::ENVIRONMENTS,                     access: Wall,
               caching: Collection, conditions: &[],
               doc: Some(environments::list::doc), handle: &environments::list::handle },
    Endpoint { method: POST,   path: api::ENVIRONMENTS,                     access: Admin,
               caching: No,         conditions: &[IdempotencyKey],
               doc: Some(environments::create::doc), handle: &environments::create::handle },
    Endpoint { method: POST,   path: api::ARCHIVE_ENVIRONMENTS,             access: Admin,
               caching: No,         conditions: &[IdempotencyKey],
               doc: Some(environments::archive::doc), handle: &environments::archive::handle },
    Endpoint { method: GET,    path: "/api/v1/environments/{id}",           access: Reader,
               caching: Record,     conditions: &[],
               doc: Some(environments::show::doc), handle: &environments::show::handle },
    Endpoint { method: PATCH,  path: "/api/v1/environments/{id}",           access: Admin,
               caching: No,         conditions: &[IdempotencyKey, IfMatch],
               doc: Some(environments::update::doc), handle: &environments::update::handle },
    Endpoint { method: DELETE, path: "/api/v1/environments/{id}",           access: Admin,
               caching: No,         conditions: &[],
               doc: Some(environments::delete::doc), handle: &environments::delete::handle },
    Endpoint { method: PUT,    path: api::ENVIRONMENT_ORDER,                access: Admin,
               caching: No,         conditions: &[],
               doc: Some(environments::order::doc), handle: &environments::order::handle },
    // Badges.
    Endpoint { method: GET,    path: "/badges/{names}.svg",                 access: Badges,
               caching: No,         conditions: &[],
               doc: Some(badges::path_doc), handle: &badges::by_path },
    Endpoint { method: GET,    path: "/badge.svg",                          access: Badges,
               caching: No,         conditions: &[],
               doc: Some(badges::query_doc), handle: &badges::by_query },
    // Metrics and pages, which are no operations of the API.
    Endpoint { method: GET,    path: "/metrics",                            access: Metrics,
               caching: No,         conditions: &[],
               doc: None, handle: &metrics::everything },
    Endpoint { method: GET,    path: "/metrics/cells",                      access: Metrics,
               caching: No,         conditions: &[],
               doc: None, handle: &metrics::cells },
    #[cfg(feature = "swagger")]
    Endpoint { method: GET,    path: "/api/docs/",                          access: Open,
               caching: No,         conditions: &[],
               doc: None, handle: &swagger::file },
    #[cfg(feature = "swagger")]
    Endpoint { method: GET,    path: "/api/docs/{file}",                    access: Open,
               caching: No,         conditions: &[],
               doc: None, handle: &swagger::file },
    #[cfg(feature = "swagger")]
    Endpoint { method: GET,    path: "/api/docs",                           access: Open,
               caching: No,         conditions: &[],
               doc: None, handle: &swagger::from_api_docs },
    #[cfg(feature = "swagger")]
    Endpoint { method: GET,    path: "/api-docs",                           access: Open,
               caching: No,         conditions: &[],
               doc: None, handle: &swagger::from_root },
    #[cfg(feature = "dashboard")]
    Endpoint { method: GET,    path: "/",                                   access: Open,
               caching: No,         conditions: &[],
               doc: None, handle: &pages::file },
    #[cfg(feature = "dashboard")]
    Endpoint { method: GET,    path: "/assets/{asset}",                     access: Open,
               caching: No,         conditions: &[],
               doc: None, handle: &pages::file },
];
