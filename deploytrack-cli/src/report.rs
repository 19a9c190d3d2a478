//! The line that says what was recorded, and the address of its page.

use std::time::Duration;

use deploytrack_core::{deployment::Deployment, status::Status};
use uuid::Uuid;

/// A recorded deployment, for people.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) id: Uuid,
    /// The deployment in a few words: `api v1 in production`.
    pub(crate) subject: String,
    pub(crate) status: Status,
    /// How long the wrapped command took.
    pub(crate) took: Option<Duration>,
    /// The address of the server.
    pub(crate) server: String,
}

impl Report {
    /// The report about a deployment that was recorded in one request.
    pub(crate) fn of(deployment: &Deployment, server: String) -> Self {
        Self {
            id: deployment.id,
            subject: subject(deployment),
            status: deployment.status,
            took: None,
            server,
        }
    }

    /// One line: `api v1 in production succeeded after 42s: https://tracker/#/deployments/...`.
    pub(crate) fn line(&self) -> String {
        format!("{} {}: {}", self.subject, self.outcome(), self.page())
    }

    /// The status in words, with the time that the command took.
    pub(crate) fn outcome(&self) -> String {
        let status = match self.status {
            Status::Pending => "is pending",
            Status::InProgress => "is in progress",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::RolledBack => "was rolled back",
        };
        self.took.map_or_else(
            || status.to_owned(),
            |took| {
                let seconds = Duration::from_secs(took.as_secs());
                format!("{status} after {}", humantime::format_duration(seconds))
            },
        )
    }

    /// The address of the page of the deployment.
    pub(crate) fn page(&self) -> String {
        let server = self.server.trim_end_matches('/');
        format!("{server}/#/deployments/{}", self.id)
    }
}

/// A deployment in a few words: `api v1 in production`.
pub(crate) fn subject(deployment: &Deployment) -> String {
    format!(
        "{} {} in {}",
        deployment.component_name, deployment.version, deployment.environment_name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_subject_outcome_duration_and_page() {
        let report = Report {
            id: Uuid::nil(),
            subject: "api v1 in production".to_owned(),
            status: Status::Failed,
            took: Some(Duration::from_millis(62_400)),
            server: "https://tracker/base/".to_owned(),
        };
        assert_eq!(
            report.line(),
            "api v1 in production failed after 1m 2s: https://tracker/base/#/deployments/00000000-0000-0000-0000-000000000000"
        );
        let plain = Report {
            status: Status::Pending,
            took: None,
            ..report
        };
        assert_eq!(plain.outcome(), "is pending");
    }
}
