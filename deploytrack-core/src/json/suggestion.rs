//! Suggestions for unknown fields.

/// The names of other programs for a field, in lower case and without separators.
const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "component",
        &[
            "service",
            "app",
            "application",
            "componentname",
            "servicename",
            "appname",
            "repository",
            "repo",
            "project",
        ],
    ),
    (
        "environment",
        &[
            "env",
            "environmentname",
            "envname",
            "stage",
            "target",
            "namespace",
            "destination",
        ],
    ),
    (
        "version",
        &[
            "tag",
            "image",
            "imagetag",
            "release",
            "ref",
            "revision",
            "build",
            "buildnumber",
            "artifact",
            "deploymentversion",
        ],
    ),
    (
        "commitSha",
        &[
            "sha",
            "commit",
            "commitid",
            "commithash",
            "revisionid",
            "gitsha",
            "gitcommit",
            "oid",
        ],
    ),
    (
        "deployedBy",
        &[
            "user",
            "username",
            "author",
            "actor",
            "creator",
            "deployer",
            "by",
            "triggeredby",
        ],
    ),
    (
        "status",
        &[
            "state",
            "result",
            "outcome",
            "conclusion",
            "phase",
            "to",
            "deploymentstate",
        ],
    ),
    (
        "occurredAt",
        &[
            "timestamp",
            "time",
            "date",
            "at",
            "deployedat",
            "createdat",
            "created",
            "updatedat",
            "succeededat",
            "removedat",
            "statuschangedat",
        ],
    ),
    (
        "startedAt",
        &[
            "started",
            "starttime",
            "starteddate",
            "begunat",
            "deploystartedat",
        ],
    ),
    (
        "finishedAt",
        &[
            "finished",
            "finishtime",
            "finisheddate",
            "endtime",
            "endedat",
            "completedat",
            "completedon",
        ],
    ),
    (
        "reason",
        &["message", "error", "errormessage", "why", "statusmessage"],
    ),
    ("description", &["comment", "notes", "summary"]),
    ("history", &["statuses", "transitions", "events"]),
    (
        "metadata",
        &["labels", "annotations", "payload", "extra", "properties"],
    ),
];

/// Finds the one of the `known` fields that an unknown name probably means: another spelling, the
/// name in another program, or a typing error.
#[must_use]
pub fn suggested_field(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = plain(name);
    let same = known.iter().find(|known| self::plain(known) == plain);
    let synonym = || {
        let (field, _) = SYNONYMS
            .iter()
            .find(|(_, others)| others.contains(&plain.as_str()))?;
        known.iter().find(|known| *known == field)
    };
    let near = || {
        let distance = |known: &str| strsim::osa_distance(&self::plain(known), &plain);
        // The name may be as long as a body. The distance is only computed for short names.
        let candidates = known
            .iter()
            .filter(|known| plain.len() > 3 && plain.len() <= known.len() + 2);
        candidates
            .map(|known| (distance(known), known))
            .filter(|(distance, _)| *distance <= 2)
            .min()
            .map(|(_, known)| known)
    };
    same.or_else(synonym).or_else(near).copied()
}

/// Converts a name to lower case without separators: `deployed_by`, `Deployed By` and `deployedBy`
/// become equal.
fn plain(name: &str) -> String {
    name.chars()
        .take(100)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_suggested_for_another_spelling_another_name_or_a_typing_error() {
        let known = [
            "component",
            "environment",
            "version",
            "deployedBy",
            "commitSha",
            "occurredAt",
        ];
        for (name, suggestion) in [
            ("deployed_by", Some("deployedBy")),
            ("Commit SHA", Some("commitSha")),
            ("service", Some("component")),
            ("env", Some("environment")),
            ("enviroment", Some("environment")),
            ("vesrion", Some("version")),
            ("deployedAt", Some("occurredAt")),
            ("state", None),
            ("seq", None),
            ("x", None),
        ] {
            assert_eq!(suggested_field(name, &known), suggestion, "{name}");
        }
    }
}
