//! `deploytrack show`

use deploytrack_core::history::attempts;
use uuid::Uuid;

use crate::{args::Output, error::Failure, render::deployment, session::Session};

pub(crate) async fn run(id: Uuid, session: &mut Session<'_>) -> Result<(), Failure> {
    let shown = session.client.deployment(id).await?;
    let history = session.client.history(id).await?;
    let (details, entries) = (deployment::details(&shown.value), deployment::history(&shown.value, &history.value));
    match session.output() {
        Output::Json | Output::Yaml | Output::Jsonl => {
            session.json(&format!(r#"{{"deployment":{},"history":{}}}"#, shown.text, history.text))
        }
        Output::Csv => Ok(session.out.write_all(entries.csv().as_bytes())?),
        Output::Markdown => Ok(write!(session.out, "{}\n{}", details.markdown(), entries.markdown())?),
        Output::Table => {
            let attempts = deployment::attempts(&attempts(&history.value));
            let view = &session.view;
            Ok(write!(session.out, "{}\n{}\n{}", details.details(view), attempts.table(view), entries.table(view))?)
        }
    }
}
