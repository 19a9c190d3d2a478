//! Outputs for later steps, and a line in the summary of the run, in the files of GitHub.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use deploytrack_core::status::Status;

use super::{annotations::Form, manner::form_of_provider};
use crate::{process_env::ProcessEnv, render::text::clean, report::Report};

/// Writes the id as the output `id`, and adds a line to the summary. A file that cannot be written
/// is only a warning.
pub(crate) fn write(report: &Report, env: &ProcessEnv, mut warn: impl FnMut(&str)) {
    if form_of_provider(env) != Form::GitHub {
        return;
    }
    for (variable, line) in [
        ("GITHUB_OUTPUT", format!("id={}", report.id)),
        ("GITHUB_STEP_SUMMARY", summary(report)),
    ] {
        let Some(path) = env.path_variable(variable) else {
            continue;
        };
        if let Err(error) = append(&path, &line) {
            warn(&format!(
                "{variable} cannot be written: {error}; deployment {} is recorded",
                report.id
            ));
        }
    }
}

/// A line such as `- deploytrack: ✅ api v1 in production succeeded after 42s
/// ([deployment](https://tracker/#/deployments/...))`.
fn summary(report: &Report) -> String {
    let sign = match report.status {
        Status::Succeeded => "✅ ",
        Status::Failed => "❌ ",
        _ => "",
    };
    // In the target of a link, these would end it (CommonMark, 6.3).
    let page = report
        .page()
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace(' ', "%20");
    format!(
        "- deploytrack: {sign}{} {} ([deployment](<{page}>))",
        escaped(&report.subject),
        report.outcome()
    )
}

/// The text with all Markdown characters escaped.
fn escaped(text: &str) -> String {
    clean(text).chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_punctuation() && c != '-' {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// Appends a line. If the last step left a line without its end, that is ended first.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let unfinished =
        fs::read(path).is_ok_and(|text| text.last().is_some_and(|last| *last != b'\n'));
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{}{line}\n", if unfinished { "\n" } else { "" }).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_in_a_version_is_escaped_in_the_summary() {
        let report = Report {
            id: uuid::Uuid::nil(),
            subject: "api v1</td>[x](javascript:1)`@all| in eu/production".to_owned(),
            status: Status::Succeeded,
            took: Some(std::time::Duration::from_secs(42)),
            server: "https://tracker".to_owned(),
        };
        let text = r"api v1\<\/td\>\[x\]\(javascript\:1\)\`\@all\| in eu\/production";
        assert_eq!(
            summary(&report),
            format!(
                "- deploytrack: ✅ {text} succeeded after 42s ([deployment](<https://tracker/#/deployments/{}>))",
                report.id
            )
        );
    }
}
