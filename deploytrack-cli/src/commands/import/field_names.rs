//! The fields that a column of a CSV table may have, and the spellings of their names.

/// The fields that a column may have.
pub(super) const FIELDS: [&str; 17] = [
    "component",
    "environment",
    "version",
    "status",
    "occurredAt",
    "startedAt",
    "finishedAt",
    "deployedBy",
    "commitSha",
    "description",
    "reason",
    "metadata",
    "history",
    "event",
    "sequence",
    "componentId",
    "environmentId",
];
/// The columns of `deploytrack list -o csv` that an import ignores.
pub(super) const IGNORED: [&str; 5] = ["id", "attempt", "createdAt", "updatedAt", "succeededAt"];

/// The field for a header in any spelling: `deployed_by`, `Deployed By`. A key of the metadata is
/// `metadata.key`.
pub(super) fn field(cell: &str) -> Option<String> {
    if let Some(key) = cell.strip_prefix("metadata.").filter(|key| !key.is_empty()) {
        return Some(format!("metadata.{key}"));
    }
    FIELDS
        .iter()
        .find(|field| plain(field) == plain(cell))
        .map(|field| (*field).to_owned())
}

/// The letters and digits of a text in lower case: two spellings of one name are equal in this
/// form.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
