//! Badges, for whoever the operator lets have them.

use deploytrack_core::{error::Error, text::Name};
use percent_encoding::percent_decode_str;

use crate::{
    badge::Badge,
    problem::Refusal,
    request::Call,
    response::{Answer, picture},
};

/// The badge of a component in an environment, whose names are in the path. It is a picture whatever was asked for, and 200:
/// pages show no picture that comes with another status, and what it says would not be seen. Parameters are ignored, since
/// those who pass pictures on add their own.
///
/// A `/` in a name is `%2F`, which some proxies decode. Where the path has more of them than one, each may be the one
/// between the names; a badge is shown only if a single one of them has a known name at both sides.
pub(crate) async fn show(call: &Call, names: &str) -> Answer {
    let mut found = Vec::new();
    for (at, _) in names.match_indices('/') {
        if let (Some(component), Some(environment)) = (name(&names[..at]), name(&names[at + 1..])) {
            found.extend(badge(call, &component, &environment).await?);
        }
    }
    let badge = if found.len() == 1 { found.pop() } else { None };
    picture(badge.unwrap_or_else(Badge::unknown).svg())
}

/// The same, where the names are the parameters `component` and `environment`: no proxy decodes those, and any name can be
/// written there.
pub(crate) async fn asked(call: &Call) -> Answer {
    let parameters: Vec<(String, String)> = serde_urlencoded::from_str(call.query_text()).unwrap_or_default();
    let given = |key: &str| parameters.iter().find(|(known, _)| known == key).and_then(|(_, value)| value.parse().ok());
    let badge = match (given("component"), given("environment")) {
        (Some(component), Some(environment)) => badge(call, &component, &environment).await?,
        _ => None,
    };
    picture(badge.unwrap_or_else(Badge::unknown).svg())
}

async fn badge(call: &Call, component: &Name, environment: &Name) -> Result<Option<Badge>, Refusal> {
    match call.tracker().cell(component, environment).await {
        Ok(Some(current)) => Ok(Some(Badge::current(component, environment, &current, call.tracker().clock().now()))),
        Ok(None) => Ok(Some(Badge::nothing_deployed(component, environment))),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The name that a segment of the path says, if it can be one.
fn name(segment: &str) -> Option<Name> {
    percent_decode_str(segment).decode_utf8().ok()?.parse().ok()
}
