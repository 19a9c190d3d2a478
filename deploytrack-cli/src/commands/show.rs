//! `deploytrack show`

use deploytrack_core::history::attempts;

use crate::{
    error::Failure, flags::Output, pipeline::target::DeploymentArg, render::deployment,
    session::Session,
};

/// Show one deployment with its history
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack show 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50\n  deploytrack show --id-file deployment.id"
)]
pub(crate) struct Show {
    #[command(flatten)]
    which: DeploymentArg,
}

pub(crate) async fn run(show: Show, session: &mut Session<'_>) -> Result<(), Failure> {
    let id = show.which.recorded_id(session).await?;
    let shown = session.client.deployment(id).await?;
    let history = session.client.history(id).await?;
    let (details, entries) = (
        deployment::details(&shown.value),
        deployment::history(&shown.value, &history.value),
    );
    match session.output() {
        Output::Json | Output::Yaml | Output::Jsonl => session.json(&format!(
            r#"{{"deployment":{},"history":{}}}"#,
            shown.text, history.text
        )),
        Output::Csv => Ok(session.out.write_all(entries.csv().as_bytes())?),
        Output::Markdown => Ok(write!(
            session.out,
            "{}\n{}",
            details.markdown(),
            entries.markdown()
        )?),
        Output::Table => {
            let attempts = deployment::attempts(&attempts(&history.value));
            let view = session.view;
            Ok(write!(
                session.out,
                "{}\n{}\n{}",
                details.details(&view),
                attempts.table(&view),
                entries.table(&view)
            )?)
        }
    }
}
