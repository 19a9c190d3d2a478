//! The message for a matrix without rows.

use deploytrack_core::query::{CatalogFilter, MatrixFilter, PageRequest};

use crate::{error::Failure, session::Session};

/// The reason why the matrix is empty.
pub(super) async fn reason(
    filter: &MatrixFilter,
    session: &Session<'_>,
) -> Result<String, Failure> {
    let archived = CatalogFilter {
        name: None,
        archived: Some(true),
    };
    let archived = session
        .client
        .matching_components(&archived, PageRequest::default())
        .await?
        .value
        .total;
    let hidden = (archived > 0 && !filter.include_archived)
        .then(|| format!("; {archived} components are archived: --include-archived shows them"));
    let labels = [
        ("--owner", &filter.owner),
        ("--kind", &filter.kind),
        ("--lifecycle", &filter.lifecycle),
    ];
    let given: Vec<_> = labels
        .iter()
        .filter_map(|(flag, label)| Some(format!("{flag} {}", label.as_ref()?)))
        .collect();
    let is_narrowed =
        !filter.components.is_empty() || !filter.environments.is_empty() || filter.at.is_some();
    Ok(match hidden {
        hidden if !given.is_empty() => format!(
            "the matrix is empty: no component with {} has a current deployment; `deploytrack component list` shows the components{}",
            given.join(" and "),
            hidden.unwrap_or_default()
        ),
        hidden if is_narrowed => {
            format!("the matrix is empty: no deployment that matches the filters is current{}", hidden.unwrap_or_default())
        }
        Some(hidden) => format!("the matrix is empty{hidden}"),
        None => {
            "the matrix is empty; record something: deploytrack record --component api --environment production --version v1 --status succeeded"
                .to_owned()
        }
    })
}
