//! Badges, for whoever the operator lets have them.

use deploytrack_core::{error::Error, text::Name};
use percent_encoding::percent_decode_str;

use crate::{
    badge::Badge,
    problem::Refusal,
    request::Call,
    response::{Answer, picture},
};

/// The badge of a component in an environment. It is a picture whatever was asked for, and 200: pages show no picture that
/// comes with another status, and what it says would not be seen. Parameters are ignored, since those who pass pictures on
/// add their own.
pub(crate) async fn show(call: &Call, component: &str, environment: &str) -> Answer {
    let badge = match (name(component), name(environment)) {
        (Some(component), Some(environment)) => badge(call, &component, &environment).await?,
        _ => Badge::unknown(),
    };
    picture(badge.svg())
}

async fn badge(call: &Call, component: &Name, environment: &Name) -> Result<Badge, Refusal> {
    match call.tracker().cell(component, environment).await {
        Ok(Some(current)) => Ok(Badge::current(component, environment, &current, call.tracker().clock().now())),
        Ok(None) => Ok(Badge::nothing_deployed(component, environment)),
        Err(Error::NotFound { .. }) => Ok(Badge::unknown()),
        Err(error) => Err(error.into()),
    }
}

/// The name that a segment of the path says, if it can be one.
fn name(segment: &str) -> Option<Name> {
    percent_decode_str(segment).decode_utf8().ok()?.parse().ok()
}
