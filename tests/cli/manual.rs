//! Completion scripts and manual pages, which need no server and no settings.

use std::fs;

use deploytrack_tests::program::Home;

#[test]
fn every_shell_has_its_completions() {
    // An unreadable config file does not matter.
    let home = Home::new().with("DEPLOYTRACK_PROFILE", "none-such");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = home.deploytrack(&["completions", shell]);
        assert!(
            run.done().contains("undeploy") && run.err.is_empty(),
            "{shell}: {}",
            run.err
        );
    }
    assert_eq!(home.deploytrack(&["completions", "cmd"]).code, 2);
}

#[test]
fn bash_takes_the_script_and_completes_a_command() {
    let home = Home::new();
    let script = home.path().join("completions");
    fs::write(&script, home.deploytrack(&["completions", "bash"]).done()).unwrap();
    let asks = "source completions; COMP_WORDS=(deploytrack undep); COMP_CWORD=1; _deploytrack deploytrack undep deploytrack; echo \"${COMPREPLY[@]}\"";
    let said = std::process::Command::new("bash")
        .args(["-c", asks])
        .current_dir(home.path())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&said.stdout).trim(),
        "undeploy",
        "{said:?}"
    );
}

#[test]
fn every_command_has_its_manual_page() {
    let home = Home::new();
    let run = home.deploytrack(&["man", "share/man1"]);
    assert_eq!(run.done(), "");
    let page = |name: &str| fs::read_to_string(home.path().join("share/man1").join(name)).unwrap();
    for name in [
        "deploytrack.1",
        "deploytrack-matrix.1",
        "deploytrack-component-create.1",
        "deploytrack-man.1",
    ] {
        assert!(page(name).contains(".SH SYNOPSIS"), "{name}");
    }
    assert!(
        home.deploytrack(&["man"])
            .done()
            .contains(".TH deploytrack 1")
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let home = Home::new();
    fs::write(home.path().join("taken"), "").unwrap();
    let run = home.deploytrack(&["man", "taken"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("taken"), "{run:?}");
}
