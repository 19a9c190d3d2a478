//! Cancelled jobs, with the signals of each provider: the deployment does not stay in progress.

use std::{
    io::Read as _,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    given::Bench,
    wrapped::{home, listed, shown},
};

/// GitHub's runner waits for 7.5 and then for 2.5 seconds.
const FIRST: Duration = Duration::from_secs(3);
const SECOND: Duration = Duration::from_secs(1);

/// A step of a job: the shell that runs its script.
struct Step {
    bench: Bench,
    mark: (&'static str, String),
    shell: Child,
}

impl Step {
    /// Starts a step whose command first writes a line. The mark is the variable by which a runner
    /// finds the processes of a job.
    fn begin(mark: &'static str, before: &str, command: &str) -> Self {
        let bench = Bench::new();
        let value = format!("job-{}", bench.server.id());
        let home = home(&bench).with(mark, value.as_str());
        let program = deploytrack_tests::program::binary("deploytrack").display();
        let record = "record --component api --environment production --version v1";
        let script = home.path().join("script.sh");
        std::fs::write(
            &script,
            format!("{before} {program} {record} -- sh -c 'echo begun; {command}'\n"),
        )
        .unwrap();
        let mut shell = Command::new("bash");
        shell
            .args(["--noprofile", "--norc", "-e"])
            .arg(&script)
            .process_group(0);
        shell.env_clear().envs(
            home.command("deploytrack", &[])
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let mut shell = shell
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        shell
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut [0; 6])
            .unwrap();
        // The home is deleted with the bench.
        Self {
            bench: Bench { home, ..bench },
            mark: (mark, value),
            shell,
        }
    }

    /// Sends a signal only to the shell.
    fn signal(&self, signal: &str) {
        let _ = Command::new("kill")
            .args([&format!("-{signal}"), &self.shell.id().to_string()])
            .status();
    }

    /// Sends a signal to the process group of the shell.
    fn signal_group(&self, signal: &str) {
        let _ = Command::new("kill")
            .args([
                &format!("-{signal}"),
                "--",
                &format!("-{}", self.shell.id()),
            ])
            .status();
    }

    /// Sends a signal to every process that has the mark.
    fn signal_marked(&self, signal: &str) -> usize {
        let mark = format!("{}={}", self.mark.0, self.mark.1);
        let processes = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| {
                let environ = std::fs::read(entry.path().join("environ")).ok()?;
                environ
                    .split(|byte| *byte == 0)
                    .any(|variable| variable == mark.as_bytes())
                    .then(|| entry.file_name().into_string().unwrap())
            });
        let processes: Vec<_> = processes.collect();
        for process in &processes {
            let _ = Command::new("kill")
                .args([&format!("-{signal}"), process])
                .stderr(Stdio::null())
                .status();
        }
        processes.len()
    }

    /// Status and last reason, once the deployment is no longer in progress.
    fn settled(&mut self) -> (String, String) {
        let start = Instant::now();
        while listed(&self.bench)[0]["status"] == "in_progress" {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "it stays in progress"
            );
            thread::sleep(Duration::from_millis(100));
        }
        let _ = self.shell.wait();
        let deployment = listed(&self.bench)[0].clone();
        let story = shown(&self.bench, &deployment["id"]);
        let last = story["history"].as_array().unwrap().last().unwrap().clone();
        (
            deployment["status"].as_str().unwrap().to_owned(),
            last["reason"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

const GITHUB: &str = "RUNNER_TRACKING_ID";
const STUBBORN: &str =
    "trap : INT TERM; n=0; while [ $n -lt 100 ]; do sleep 0.1 || :; n=$((n+1)); done";

/// Cancels like the runner of GitHub: only the shell of the step gets the signals, and at the end
/// of the job every remaining process is killed.
fn cancelled_by_github(step: &Step) {
    step.signal("INT");
    thread::sleep(FIRST);
    step.signal("TERM");
    thread::sleep(SECOND);
    step.signal("KILL");
    step.signal_marked("KILL");
}

#[test]
fn a_github_job_is_recorded_with_exec_and_without() {
    for (before, command, reason) in [
        ("exec", "exec sleep 60", "ended by signal 2 (SIGINT)"),
        ("exec", STUBBORN, "ended by signal 9 (SIGKILL)"),
        ("", "exec sleep 60", "ended by signal 9 (SIGKILL)"),
        ("", STUBBORN, "ended by signal 9 (SIGKILL)"),
        (
            "true &&",
            "trap \"exit 3\" INT TERM; while :; do sleep 0.1; done",
            "ended by signal 9 (SIGKILL)",
        ),
    ] {
        let mut step = Step::begin(GITHUB, before, command);
        cancelled_by_github(&step);
        assert_eq!(
            step.settled(),
            ("failed".to_owned(), reason.to_owned()),
            "{before} {command}"
        );
        // A process that the command has just started ends without a signal.
        thread::sleep(Duration::from_millis(500));
        assert_eq!(step.signal_marked("0"), 0, "nothing of the job is left");
    }
}

#[test]
fn a_command_that_outlives_the_shell_of_its_step_is_recorded_as_it_ends() {
    for (ending, status) in [("exit 0", "succeeded"), ("exit 3", "failed")] {
        let mut step = Step::begin(GITHUB, "", &format!("sleep 4; {ending}"));
        step.signal("INT");
        thread::sleep(SECOND);
        step.signal("TERM");
        thread::sleep(SECOND);
        assert_eq!(listed(&step.bench)[0]["status"], "in_progress");
        assert_eq!(step.settled().0, status);
    }
}

#[test]
fn a_group_that_is_killed_is_recorded_as_its_command_ends() {
    // GitLab's shell executor and Buildkite: SIGTERM to the process group, then SIGKILL.
    for (command, status) in [
        ("exec sleep 60", "failed"),
        ("trap : TERM; sleep 5 || sleep 5; exit 0", "succeeded"),
    ] {
        let mut step = Step::begin("CI_JOB_ID", "", command);
        step.signal_group("TERM");
        thread::sleep(FIRST);
        step.signal_group("KILL");
        assert_eq!(step.settled().0, status, "{command}");
    }
}

#[test]
fn a_jenkins_build_that_is_aborted_is_recorded() {
    for (command, reason) in [
        ("exec sleep 60", "ended by signal 15 (SIGTERM)"),
        (STUBBORN, "ended by signal 9 (SIGKILL)"),
    ] {
        let mut step = Step::begin("JENKINS_SERVER_COOKIE", "", command);
        step.signal_marked("TERM");
        thread::sleep(FIRST);
        step.signal_marked("KILL");
        // The agent's machine stays: an event that could not be sent in the remaining time is sent
        // by the next call.
        let _ = step.bench.home.deploytrack(&["flush"]).done();
        assert_eq!(step.settled(), ("failed".to_owned(), reason.to_owned()));
    }
}

#[test]
fn the_command_has_the_variables_of_its_job() {
    let bench = Bench::new();
    let home = home(&bench)
        .with(GITHUB, "github_1")
        .with("JENKINS_SERVER_COOKIE", "durable-1");
    let run = home.deploytrack(&crate::wrapped::wrapped(
        &[],
        &["sh", "-c", "env | grep -E 'TRACKING|COOKIE|KEPT' | sort"],
    ));
    assert_eq!(
        run.done(),
        "JENKINS_SERVER_COOKIE=durable-1\nRUNNER_TRACKING_ID=github_1\n"
    );
}
