//! Masks the secrets of this process in texts that a pipeline gives, such as `--description "$(tail
//! log)"`.

use std::str::FromStr;

use deploytrack_core::{
    deployment::{Change, Metadata, NewDeployment},
    text::Reason,
};
use serde_json::{Map, Value};

use crate::{secrets::Secrets, session::Session};

/// Masks secrets in the description and the metadata of a deployment.
pub(crate) fn new_deployment(mut new: NewDeployment, session: &mut Session<'_>) -> NewDeployment {
    let (secrets, given) = (Secrets::certain(&session.env.variables), new.clone());
    new.description = new.description.map(|text| without(text, &secrets));
    new.metadata = metadata(new.metadata, &secrets);
    warn_if(new != given, session);
    new
}

/// Masks secrets in the reason, the description and the metadata of a change.
pub(crate) fn change(mut change: Change, session: &mut Session<'_>) -> Change {
    let (secrets, given) = (Secrets::certain(&session.env.variables), change.clone());
    change.reason = change.reason.map(|text| without(text, &secrets));
    change.description = change
        .description
        .map(|text| text.map(|text| without(text, &secrets)));
    change.metadata = change.metadata.map(|kept| metadata(kept, &secrets));
    warn_if(change != given, session);
    change
}

/// Masks secrets in a reason.
pub(crate) fn reason(reason: Option<Reason>, session: &mut Session<'_>) -> Option<Reason> {
    let (secrets, given) = (Secrets::certain(&session.env.variables), reason.clone());
    let reason = reason.map(|text| without(text, &secrets));
    warn_if(reason != given, session);
    reason
}

fn warn_if(masked: bool, session: &mut Session<'_>) {
    if masked {
        session.warn("a secret in the recorded text was masked");
    }
}

/// Masks secrets. The mask is shorter than the secret, so a text that was valid stays valid.
fn without<T: FromStr + ToString>(text: T, secrets: &Secrets) -> T {
    secrets.mask_text(&text.to_string()).parse().unwrap_or(text)
}

fn metadata(metadata: Metadata, secrets: &Secrets) -> Metadata {
    let masked: Map<_, _> = metadata
        .to_map()
        .into_iter()
        .map(|(key, value)| (key, value_without(&value, secrets)))
        .collect();
    Metadata::new(masked).unwrap_or(metadata)
}

fn value_without(value: &Value, secrets: &Secrets) -> Value {
    match value {
        Value::String(text) => secrets.mask_text(text).into(),
        Value::Array(all) => all.iter().map(|one| value_without(one, secrets)).collect(),
        Value::Object(all) => all
            .iter()
            .map(|(key, one)| (key.clone(), value_without(one, secrets)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
