//! The form of an exchange (RFC 8693, section 2.1).

use std::collections::HashMap;

use deploytrack_core::{
    error::Fault,
    exchange::{GRANT_TYPE, SUBJECT_TOKEN_TYPES},
};
use serde_json::json;
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, Required,
    request_body::{RequestBody, RequestBodyBuilder},
    schema::Type,
};

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// A request for an exchange.
#[derive(Debug)]
pub(super) struct ExchangeRequest {
    /// The identity token.
    pub(super) subject_token: String,
    /// The audience for which the client wants the token.
    pub(super) audience: Option<String>,
}

impl ExchangeRequest {
    /// Reads the fields of the form. Unknown ones are ignored (RFC 6749, section 3.2), and one that is
    /// given twice is refused.
    pub(super) fn of(fields: Vec<(String, String)>) -> Result<Self, Vec<Fault>> {
        let (mut known, mut faults) = (HashMap::new(), Vec::new());
        for (name, value) in fields {
            if known.insert(name.clone(), value).is_some() && FIELDS.contains(&name.as_str()) {
                faults.push(Fault::at(format!("/{name}"), "is given more than once"));
            }
        }
        let mut required = |name: &str, allowed: &[&str]| match known.get(name) {
            None => faults.push(Fault::at(format!("/{name}"), "is required")),
            Some(value) if !allowed.is_empty() && !allowed.contains(&value.as_str()) => {
                let allowed = allowed.join(" or ");
                faults.push(Fault::at(format!("/{name}"), format!("must be {allowed}")));
            }
            Some(_) => {}
        };
        required("grant_type", &[GRANT_TYPE]);
        required("subject_token", &[]);
        required("subject_token_type", &SUBJECT_TOKEN_TYPES);
        let audience = known
            .remove("audience")
            .filter(|audience| !audience.is_empty());
        match known.remove("subject_token") {
            Some(subject_token) if faults.is_empty() => Ok(Self {
                subject_token,
                audience,
            }),
            _ => Err(faults),
        }
    }
}

/// The fields that are read.
const FIELDS: [&str; 4] = [
    "audience",
    "grant_type",
    "subject_token",
    "subject_token_type",
];

/// The description of the form.
pub(super) fn form() -> RequestBody {
    let text = |description: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(description))
    };
    let one_of = |description: &str, values: &[&str]| {
        text(description).enum_values(Some(values.iter().copied()))
    };
    let schema = ObjectBuilder::new()
        .property("grant_type", one_of("The grant type.", &[GRANT_TYPE]))
        .required("grant_type")
        .property("subject_token", text("The identity token."))
        .required("subject_token")
        .property(
            "subject_token_type",
            one_of("The type of the identity token.", &SUBJECT_TOKEN_TYPES),
        )
        .required("subject_token_type")
        .property(
            "audience",
            text("An audience of the server for this issuer. Another one is refused."),
        );
    let example = json!({
        "grant_type": GRANT_TYPE,
        "subject_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL3Rva2VuLmFjdGlvbnMuZ2l0aHVidXNlcmNvbnRlbnQuY29tIn0.c2lnbmF0dXJl",
        "subject_token_type": SUBJECT_TOKEN_TYPES[0],
    });
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(example));
    RequestBodyBuilder::new()
        .description(Some("At most 32 KiB."))
        .content(FORM, content.build())
        .required(Some(Required::True))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, &str)]) -> Result<ExchangeRequest, Vec<String>> {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ExchangeRequest::of(fields.collect()).map_err(|faults| {
            let shown =
                |fault: Fault| format!("{} {}", fault.pointer.unwrap_or_default(), fault.detail);
            faults.into_iter().map(shown).collect()
        })
    }

    #[test]
    fn a_form_has_its_three_fields_once() {
        let (grant, token) = (("grant_type", GRANT_TYPE), ("subject_token", "a.b.c"));
        let types = SUBJECT_TOKEN_TYPES.map(|text| ("subject_token_type", text));
        for kind in types {
            let read = read(&[grant, token, kind, ("other", "x"), ("other", "y")]).unwrap();
            assert_eq!(
                (read.subject_token.as_str(), read.audience),
                ("a.b.c", None)
            );
        }
        let with = read(&[grant, token, types[0], ("audience", "a")]).unwrap();
        assert_eq!(with.audience.as_deref(), Some("a"));
        let all = ["/grant_type", "/subject_token", "/subject_token_type"];
        let faults = read(&[]).unwrap_err();
        assert_eq!(faults, all.map(|name| format!("{name} is required")));
        let faults = read(&[("grant_type", "password"), token, types[0]]).unwrap_err();
        assert_eq!(faults, [format!("/grant_type must be {GRANT_TYPE}")]);
        let faults = read(&[grant, token, types[0], token]).unwrap_err();
        assert_eq!(faults, ["/subject_token is given more than once"]);
    }
}
