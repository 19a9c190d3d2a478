//! Outputs for later steps, and a line in the summary of the run, in the files of GitHub.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use deploytrack_core::deployment::NewDeployment;
use uuid::Uuid;

use super::{annotations::Form, manner::form_of_provider};
use crate::{process_env::ProcessEnv, render::text::clean};

/// Writes the id as the output `id`, and adds a line to the summary. A file that cannot be written
/// is only a warning.
pub(crate) fn write(id: Uuid, new: &NewDeployment, env: &ProcessEnv, mut warn: impl FnMut(&str)) {
    if form_of_provider(env) != Form::GitHub {
        return;
    }
    for (variable, line) in [
        ("GITHUB_OUTPUT", format!("id={id}")),
        ("GITHUB_STEP_SUMMARY", summary(id, new)),
    ] {
        let Some(path) = env.path_variable(variable) else {
            continue;
        };
        if let Err(error) = append(&path, &line) {
            warn(&format!(
                "{variable} cannot be written: {error}; deployment {id} is recorded"
            ));
        }
    }
}

fn summary(id: Uuid, new: &NewDeployment) -> String {
    let [component, version, environment] = [
        new.component.to_string(),
        new.version.to_string(),
        new.environment.to_string(),
    ]
    .map(|text| escaped(&text));
    format!("- deploytrack: {component} {version} in {environment}, deployment `{id}`")
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
        let new =
            NewDeployment::named("api", "eu/production", "v1</td>[x](javascript:1)`@all|").unwrap();
        let text = r"api v1\<\/td\>\[x\]\(javascript\:1\)\`\@all\| in eu\/production";
        assert_eq!(
            summary(Uuid::nil(), &new),
            format!("- deploytrack: {text}, deployment `{}`", Uuid::nil())
        );
    }
}
