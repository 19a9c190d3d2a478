//! The handlers: one function for each endpoint. It reads the request, calls the tracker and
//! returns the response.

mod api_docs;
mod archive;
mod badges;
mod components;
mod deployments;
mod environments;
mod events;
mod health;
mod verification;

use crate::{
    request::Call,
    response::{HandlerResult, moved, options},
    route::Route,
};

/// Calls the handler of a route.
pub(crate) async fn call(route: Route, call: Call) -> HandlerResult {
    match route {
        Route::Live => health::live(),
        Route::Ready => health::ready(&call).await,
        Route::OpenApi => api_docs::document(&call).await,
        Route::Docs(file) => api_docs::page(&call, &file).await,
        Route::DocsRedirect(path) => Ok(moved(path)),
        Route::Options(allow) => Ok(options(allow)),
        Route::Badge(names) => badges::show(&call, &names).await,
        Route::BadgeByQuery => badges::show_by_query(&call).await,
        Route::ListDeployments => deployments::list(&call).await,
        Route::RecordDeployment => deployments::record(call).await,
        Route::ShowDeployment(id) => deployments::show(&call, &id).await,
        Route::UpdateDeployment(id) => deployments::update(call, &id).await,
        Route::History(id) => deployments::history(&call, &id).await,
        Route::Undeploy(id) => deployments::undeploy(call, &id).await,
        Route::Events => events::follow(&call).await,
        Route::Verify => verification::verify(&call).await,
        Route::Matrix => deployments::matrix(&call).await,
        Route::Unsettled => deployments::unsettled(&call).await,
        Route::Latest => deployments::latest(&call).await,
        Route::Import => deployments::import(call).await,
        Route::Export => deployments::export(&call).await,
        Route::ListComponents => components::list(&call).await,
        Route::CreateComponent => components::create(call).await,
        Route::ShowComponent(id) => components::show(&call, &id).await,
        Route::UpdateComponent(id) => components::update(call, &id).await,
        Route::DeleteComponent(id) => components::delete(&call, &id).await,
        Route::ListEnvironments => environments::list(&call).await,
        Route::CreateEnvironment => environments::create(call).await,
        Route::ShowEnvironment(id) => environments::show(&call, &id).await,
        Route::UpdateEnvironment(id) => environments::update(call, &id).await,
        Route::DeleteEnvironment(id) => environments::delete(&call, &id).await,
        Route::OrderEnvironments => environments::order(call).await,
        Route::Archive(kind) => archive::archive(call, kind).await,
        #[cfg(feature = "dashboard")]
        Route::Dashboard(asset) => asset.response(call.headers()).await,
    }
}
