//! The commands of README.md can be typed as they are shown there.

use std::process::{Command, Stdio};

use deploytrack_tests::program::{Home, Process, binary};

use crate::{
    pages::{blocks, lines_of, page, section},
    release,
};

/// A home whose shell finds the programs, with a server started by the README's own line.
pub(crate) fn after_serve() -> (Home, Process) {
    let folder = binary("deploytrack")
        .parent()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    // Another program on this machine may use the port of the examples.
    let home = Home::new()
        .with("PATH", format!("{folder}:/usr/bin:/bin"))
        .with("DEPLOYTRACK_LISTEN", "127.0.0.1:0");
    let readme = page("README.md");
    let serve = lines_of(&readme)
        .into_iter()
        .find(|line| *line == "deploytrack serve")
        .unwrap();
    let mut command = shell(&home, &format!("exec {serve}"));
    command.stderr(Stdio::null());
    let server = Process::started(command);
    (home, server)
}

/// A script in a shell that has the variables and the folder of a home.
pub(crate) fn shell(home: &Home, script: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-euc", script])
        .env_clear()
        .current_dir(home.path())
        .stdin(Stdio::null());
    command.envs(
        home.command("deploytrack", &[])
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
}

/// Types a line, which must end with 0, and returns its standard output.
pub(crate) fn typed(home: &Home, line: &str) -> String {
    let output = shell(home, line).output().unwrap();
    assert!(output.status.success(), "{line}\n{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Writes the `deploy.sh` of the examples into a home: it prints its arguments.
pub(crate) fn with_deploy_script(home: &Home) {
    with_script(home, "deploy.sh", "#!/bin/sh\necho \"$@\"\n");
}

/// Writes a script that can be executed into a home.
pub(crate) fn with_script(home: &Home, name: &str, text: &str) {
    // Another process writes it, because a file that this one has open, in a child of another
    // thread, cannot be executed.
    let write = "printf %s \"$1\" >\"$2\" && chmod 755 \"$2\"";
    let written = Command::new("sh")
        .args(["-c", write, "sh", text, name])
        .current_dir(home.path())
        .status();
    assert!(written.unwrap().success());
}

#[test]
fn the_first_matrix_and_the_pipeline_step_run_in_one_home() {
    let (home, _server) = after_serve();
    let readme = page("README.md");
    let lines: Vec<_> = lines_of(section(&readme, "## Your first matrix"))
        .into_iter()
        .filter(|line| *line != "deploytrack serve")
        .collect();
    assert_eq!(lines.len(), 2, "record and matrix: {lines:?}");
    assert!(uuid::Uuid::try_parse(typed(&home, lines[0]).trim()).is_ok());
    assert!(typed(&home, lines[1]).contains("v2.3.0"));

    with_deploy_script(&home);
    let step = blocks(section(&readme, "## In a pipeline"), "yaml")[0];
    assert_eq!(step.lines().count(), 4, "{step}");
    let run = step
        .lines()
        .next()
        .unwrap()
        .strip_prefix("- run: ")
        .unwrap();
    let variables = step
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(name, _)| name);
    assert!(
        ["DEPLOYTRACK_URL", "DEPLOYTRACK_TOKEN"]
            .iter()
            .all(|name| variables.clone().any(|there| there == *name)),
        "{step}"
    );
    let home = home.with("GITHUB_SHA", "07e5493d33ed4b1c9f2a6d8e0b7c5a4f3e2d1c0b");
    with_script(&home, "deploytrack.sh", &release::script());
    typed(&home, run);
    assert!(typed(&home, "deploytrack matrix").contains("07e5493d33ed"));
    assert!(
        typed(&home, "deploytrack list -o csv")
            .lines()
            .skip(1)
            .all(|line| line.contains("succeeded"))
    );
}

#[test]
fn the_demo_prints_the_matrix_that_the_readme_shows() {
    let readme = page("README.md");
    let (_, rest) = readme
        .split_once("The same matrix in a terminal:\n\n")
        .unwrap();
    let (block, _) = rest.split_once("\n\nEach cell").unwrap();
    let lines: Vec<_> = block
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    let shown = lines.join("\n") + "\n";
    let home = Home::new();
    assert!(readme.contains("    cargo run --release -- serve --demo\n"));
    let mut server = Process::started(home.command(
        "deploytrack",
        &["serve", "--demo", "--listen", "127.0.0.1:0"],
    ));
    let said = server.read_until(|text| text.contains("Ctrl-C"));
    assert!(
        said.contains(&shown),
        "the README shows\n{shown}\nand the demo prints\n{said}"
    );
}

#[test]
fn the_readme_is_short_and_names_the_test_command_and_what_it_installs() {
    let readme = page("README.md");
    assert!(readme.lines().count() <= 180);
    let script = page("scripts/test");
    assert!(readme.contains("    scripts/test\n") && page(".ci/run").contains("scripts/test"));
    let installed = readme
        .split("\n\n")
        .find(|text| text.contains("**It installs packages"))
        .unwrap();
    assert!(installed.contains("`apt-get`"), "{installed}");
    let installed = installed.to_lowercase().replace('.', "");
    let calls = script
        .split("! install ")
        .skip(1)
        .chain(script.split("|| install ").skip(1));
    let packages: Vec<_> = calls
        .filter_map(|rest| rest.split(['|', ';', '\n']).next())
        .flat_map(str::split_whitespace)
        .collect();
    assert!(packages.contains(&"pgbouncer"), "{packages:?}");
    for package in packages {
        let name = package.split('-').next().unwrap();
        assert!(
            installed.contains(name),
            "scripts/test installs {package}, and the README does not name it"
        );
    }
}
