//! Completion scripts and manual pages, which need no server and no settings.

use std::fs;

use deploytrack_tests::program::Home;

use crate::given::Bench;

#[test]
fn every_shell_has_its_completions() {
    // An unreadable config file does not matter.
    let home = Home::new().with("DEPLOYTRACK_PROFILE", "none-such");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = home.deploytrack(&["completions", shell]);
        assert!(
            run.done().contains("DEPLOYTRACK_COMPLETE") && run.err.is_empty(),
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
    assert_eq!(completed(&home, &["undep"]), ["undeploy"]);
    assert_eq!(completed(&home, &["ke"]), [""; 0], "keep is hidden");
}

/// The words with which bash completes the last one of these.
fn completed(home: &Home, words: &[&str]) -> Vec<String> {
    let script = home.deploytrack(&["completions", "bash"]).done().to_owned();
    let asks = format!(
        "{script}\nCOMP_WORDS=(deploytrack {}); COMP_CWORD={}; COMP_TYPE=9; _clap_complete_deploytrack deploytrack '{}' deploytrack; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words
            .iter()
            .map(|word| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(" "),
        words.len(),
        words.last().unwrap(),
    );
    let mut command = std::process::Command::new("bash");
    let inner = home.command("deploytrack", &[]);
    let program = deploytrack_tests::program::binary("deploytrack");
    let folder = program.parent().unwrap().display().to_string();
    let variables = inner
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let said = command
        .args(["-c", &asks])
        .env_clear()
        .envs(variables)
        .env("PATH", format!("{folder}:/usr/bin:/bin"))
        .current_dir(home.path())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&said.stdout);
    words
        .lines()
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn names_are_completed_from_the_server_and_profiles_from_the_file() {
    let bench = Bench::new();
    for (component, environment) in [
        ("api", "production"),
        ("it's", "Production EU"),
        ("web", "staging"),
    ] {
        bench.record(component, environment, "v1", "succeeded");
    }
    let home = &bench.home;
    for (words, expected) in [
        (
            &["latest", "--component", ""][..],
            &["api", r"it\'s", "web"][..],
        ),
        (&["show", "w"], &["web"]),
        (
            &["matrix", "-e", "prod"],
            &["production", r"Production\ EU"],
        ),
        (&["environment", "order", "sta"], &["staging"]),
        (&["component", "show", "a"], &["api"]),
    ] {
        assert_eq!(completed(home, words), expected, "{words:?}");
    }
    let away = Home::new().with("DEPLOYTRACK_URL", "http://127.0.0.1:1");
    assert_eq!(completed(&away, &["matrix", "-e", "prod"]), [""; 0]);
    let config = away.path().join(".config/deploytrack");
    fs::create_dir_all(&config).unwrap();
    fs::write(
        config.join("config.toml"),
        "[profiles.work]\nurl = \"http://a\"\n[profiles.home]\nurl = \"http://b\"\n",
    )
    .unwrap();
    assert_eq!(completed(&away, &["profile", "use", "w"]), ["work"]);
    assert_eq!(completed(&away, &["--profile", ""]), ["home", "work"]);
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
        for section in [
            "SYNOPSIS",
            "\"EXIT STATUS\"",
            "ENVIRONMENT",
            "FILES",
            "\"SEE ALSO\"",
        ] {
            assert!(
                page(name).contains(&format!(".SH {section}")),
                "{name}: {section}"
            );
        }
        assert!(page(name).contains(".SH EXAMPLES"), "{name}");
    }
    let settings = crate::pages::page("docs/cli.md");
    let (_, settings) = settings.split_once("## Settings").unwrap();
    let (settings, _) = settings.split_once("\n## ").unwrap();
    let words = settings.split('`');
    for variable in words.filter(|word| word.starts_with("DEPLOYTRACK_")) {
        assert!(page("deploytrack.1").contains(variable), "{variable}");
    }
    assert!(
        run.err.contains("man share/man1/deploytrack-record.1"),
        "{run:?}"
    );
    for (args, title) in [
        (&["man"][..], ".TH deploytrack 1"),
        (&["man", "record"], ".TH deploytrack-record 1"),
        (
            &["man", "component", "create"],
            ".TH deploytrack-component-create 1",
        ),
    ] {
        assert!(home.deploytrack(args).done().contains(title), "{title}");
    }
    let wrong = home.deploytrack(&["man", "component", "make"]);
    assert_eq!(
        (wrong.code, wrong.err.contains("there is no command make")),
        (2, true)
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
