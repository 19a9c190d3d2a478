use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::*;
use crate::{flags::Global, process_env::ProcessEnv, settings::Settings};

/// A spool in this folder, with the keys of a token.
pub(super) fn spool_in(folder: PathBuf) -> Spool {
    Spool::in_folder(folder, keys(), "http://host".to_owned())
}

fn keys() -> Keys {
    Keys::of(&ProcessEnv::default(), Some("token"))
}

/// The keys of a call in this run of a pipeline, with the claims of its identity token.
pub(super) fn job_keys(home: &Path, run: &str, claims: &str) -> Keys {
    let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let variables = [
        ("HOME", home.to_str().unwrap()),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_RUN_ID", run),
        ("DEPLOYTRACK_ID_TOKEN", &token),
    ];
    let env = ProcessEnv {
        variables: variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..ProcessEnv::default()
    };
    let settings = Settings::find(&Global::default(), &env).unwrap();
    Keys::of_settings(&env, &settings)
}

/// The same keys, after the identity token was read.
pub(super) async fn proved_keys(home: &Path, run: &str, claims: &str) -> Keys {
    let keys = job_keys(home, run, claims);
    keys.read_identity_token().await;
    keys
}

fn spool() -> (tempfile::TempDir, Spool) {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool_in(folder.path().join("spool"));
    (folder, spool)
}

fn event(number: usize) -> Event {
    let request = Request::Update {
        body: serde_json::json!({"status": "failed", "number": number}),
    };
    Event {
        server: "http://host".to_owned(),
        key: format!("k-{number}").parse().unwrap(),
        request,
    }
}

#[test]
fn an_entry_stays_locked_while_its_process_lives_and_can_be_opened_afterwards() {
    let (_folder, spool) = spool();
    let entry = spool.begin().unwrap();
    entry.store_event(0, &event(0)).unwrap();
    let pending = PendingOutcome {
        server: "http://host".to_owned(),
        key: "k".parse().unwrap(),
    };
    entry.mark_unfinished(&pending).unwrap();
    let name = entry.name();
    assert_eq!(spool.names().unwrap(), [name.as_str()]);
    assert!(spool.open(&name).unwrap().is_none());
    drop(entry);
    let found = spool.open(&name).unwrap().unwrap();
    assert_eq!(found.pending_outcome(), Some(pending));
    assert_eq!(found.events().unwrap(), [(0, event(0))]);
    found.remove().unwrap();
    assert!(spool.open(&name).unwrap().is_none());
}

#[test]
fn an_entry_stays_locked_while_its_keeper_lives() {
    let (_folder, spool) = spool();
    let entry = spool.begin().unwrap();
    let (name, folder) = (entry.name(), entry.folder().to_owned());
    let keeper = KeeperLock::acquire(&folder, keys()).unwrap().unwrap();
    assert!(KeeperLock::acquire(&folder, keys()).unwrap().is_none());
    drop(entry);
    assert!(spool.open(&name).unwrap().is_none());
    leave(&folder);
    assert!(
        spool.open(&name).unwrap().is_some(),
        "the next call need not wait for a keeper that is about to end"
    );
    drop(keeper);
    let found = spool.open(&name).unwrap().unwrap();
    found.remove().unwrap();
    assert!(KeeperLock::acquire(&folder, keys()).is_err());
}

#[test]
fn events_are_read_in_order_and_removed_one_by_one() {
    let (_folder, spool) = spool();
    let entry = spool.begin().unwrap();
    for position in [1, 0, 10] {
        entry.store_event(position, &event(position)).unwrap();
    }
    entry.remove_event(0).unwrap();
    assert_eq!(entry.events().unwrap(), [(1, event(1)), (10, event(10))]);
    assert_eq!(entry.acknowledged_start(), Some(event(0)));
    let id = Uuid::now_v7();
    entry.store_deployment(id).unwrap();
    assert_eq!(entry.deployment(), Some(id));
    entry.remove().unwrap();
    assert!(spool.names().unwrap().is_empty());
}

#[test]
fn a_draft_is_not_an_event_and_an_unreadable_event_is_an_error() {
    let (_folder, spool) = spool();
    let entry = spool.begin().unwrap();
    fs::write(entry.folder.join(".0.json"), "{").unwrap();
    assert_eq!(entry.events().unwrap(), []);
    entry.write("1.json", b"{").unwrap();
    assert!(entry.events().unwrap_err().to_string().contains("1.json"));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_spool() {
    use std::os::unix::fs::PermissionsExt;

    let (_folder, spool) = spool();
    let entry = spool.begin().unwrap();
    entry.store_event(0, &event(0)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (
            mode(&spool.folder),
            mode(&entry.folder),
            mode(&entry.folder.join("0.json"))
        ),
        (0o700, 0o700, 0o600)
    );
}

#[tokio::test]
async fn an_entry_gets_the_seals_of_an_identity_that_is_proved_after_its_start() {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let claims = r#"{"iss":"https://i","ref":"refs/heads/main"}"#;
    let spool =
        |keys| Spool::in_folder(folder.path().join("spool"), keys, "http://host".to_owned());
    let first = spool(job_keys(home.path(), "1", claims));
    let entry = first.begin().unwrap();
    entry.store_event(0, &event(0)).unwrap();
    let name = entry.name();
    entry.add_seals();
    drop(entry);
    let later = spool(proved_keys(home.path(), "2", claims).await);
    assert!(later.open(&name).is_err(), "nothing was learned");
    let entry = first.open(&name).unwrap().unwrap();
    first.keys.read_identity_token().await;
    entry.add_seals();
    drop(entry);
    let found = later.open(&name).unwrap().unwrap();
    assert_eq!(found.events().unwrap(), [(0, event(0))]);
}
