//! The git repository of the current directory: the commit and the tags at HEAD, and whether it is
//! the CI's repository.

use super::git::GitError;

/// Runs git with these arguments. Tests replace it.
pub(super) type AskGit<'a> = dyn Fn(&[&str]) -> Result<String, GitError> + 'a;

/// The git repository of the current directory.
pub(super) struct Checkout<'a> {
    ask: &'a AskGit<'a>,
    /// The commit at HEAD.
    pub(super) head: Result<String, GitError>,
    /// The tags at HEAD, annotated or not: both kinds name this commit equally well.
    pub(super) tags: Vec<String>,
    /// The last part of the addresses of the repository's remotes: the name of the project.
    pub(super) projects: Vec<String>,
    remotes: Vec<String>,
}

impl<'a> Checkout<'a> {
    /// Reads HEAD, its tags and the remotes.
    pub(super) fn read(ask: &'a AskGit<'a>) -> Self {
        let head = head(ask);
        if head.is_err() {
            return Self {
                ask,
                head,
                tags: Vec::new(),
                projects: Vec::new(),
                remotes: Vec::new(),
            };
        }
        let tags = lines(
            ask,
            &[
                "for-each-ref",
                "--count=100",
                "--points-at=HEAD",
                "--format=%(refname:strip=2)",
                "refs/tags",
            ],
        );
        let tags = tags
            .into_iter()
            .filter(|tag| !tag.contains(char::REPLACEMENT_CHARACTER))
            .collect();
        let remotes = lines(ask, &["config", "--get-regexp", r"^remote\..*\.url$"]);
        let remotes: Vec<_> = remotes
            .iter()
            .filter_map(|line| Some(line.split_once(' ')?.1.to_owned()))
            .collect();
        let projects = remotes
            .iter()
            .filter_map(|remote| Some(path(remote).rsplit('/').next()?.to_owned()))
            .collect();
        Self {
            ask,
            head,
            tags,
            projects,
            remotes,
        }
    }

    /// The commit of a tag.
    pub(super) fn commit_of_tag(&self, tag: &str) -> Option<String> {
        let name = format!("refs/tags/{tag}");
        let lines = self.lines(&["show-ref", "--tags", "--dereference", "--", &name]);
        // A pattern matches every name that ends with it. An annotated tag has a second line, with
        // `^{}`, for its commit.
        let named = |wanted: &str| {
            lines
                .iter()
                .find_map(|line| line.split_once(' ').filter(|(_, name)| *name == wanted))
        };
        let (object, _) = named(&format!("{name}^{{}}")).or_else(|| named(&name))?;
        self.line(&[
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("{object}^{{commit}}"),
        ])
    }

    /// Whether files under version control differ from the commit at HEAD.
    pub(super) fn is_changed(&self) -> bool {
        !self
            .lines(&["status", "--porcelain", "--untracked-files=no"])
            .is_empty()
    }

    /// Whether commits and their tags may be missing.
    pub(super) fn is_shallow(&self) -> bool {
        self.line(&["rev-parse", "--is-shallow-repository"])
            .as_deref()
            == Some("true")
    }

    /// Whether this is evidently another repository than the one at `address`, of which the CI
    /// builds `commit`. Without evidence it counts as the same.
    pub(super) fn is_foreign(&self, commit: Option<&str>, address: Option<&str>) -> bool {
        if self.head.is_err() || commit.is_some_and(|commit| self.has(commit)) {
            return false;
        }
        let is_at = |address: &str| {
            self.remotes
                .iter()
                .any(|remote| is_same_address(remote, address))
        };
        match address {
            Some(address) if is_at(address) => false,
            Some(_) if !self.remotes.is_empty() => true,
            _ => self.is_submodule(),
        }
    }

    fn has(&self, commit: &str) -> bool {
        self.head.as_deref() == Ok(commit)
            || (self.ask)(&["cat-file", "-e", &format!("{commit}^{{commit}}")]).is_ok()
    }

    fn is_submodule(&self) -> bool {
        self.line(&["rev-parse", "--show-superproject-working-tree"])
            .is_some()
    }

    fn line(&self, question: &[&str]) -> Option<String> {
        self.lines(question).pop()
    }

    fn lines(&self, question: &[&str]) -> Vec<String> {
        if self.head.is_ok() {
            lines(self.ask, question)
        } else {
            Vec::new()
        }
    }
}

fn lines(ask: &AskGit<'_>, question: &[&str]) -> Vec<String> {
    let answer = ask(question).unwrap_or_default();
    answer
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn head(ask: &AskGit<'_>) -> Result<String, GitError> {
    match ask(&["rev-parse", "--verify", "HEAD^{commit}"]) {
        Ok(commit) => Ok(commit.trim().to_owned()),
        // HEAD has a name, but its commit cannot be read.
        Err(GitError::Failed(_)) if ask(&["rev-parse", "--verify", "HEAD"]).is_ok() => {
            Err(GitError::Damaged)
        }
        Err(GitError::Failed(text)) if text.contains("Needed a single revision") => {
            Err(GitError::NoCommits)
        }
        Err(error) => Err(error),
    }
}

/// Whether two addresses are of one repository. A mirror has another host, and a forge may add a
/// path in front.
fn is_same_address(one: &str, other: &str) -> bool {
    let (one, other) = (path(one), path(other));
    let ends_with = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    ends_with(&one, &other) || ends_with(&other, &one)
}

/// The path of an address, such as `group/project`, in lower case.
fn path(address: &str) -> String {
    let path = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        // The SSH form: user@host:path.
        None => address.split_once(':').map_or(address, |(_, path)| path),
    };
    let path = path.trim_matches('/').to_ascii_lowercase();
    path.strip_suffix(".git").unwrap_or(&path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_of_one_repository_are_the_same() {
        for other in [
            "git@github.com:Octo/API.git",
            "https://x:hush@github.com/octo/api/",
            "ssh://git@mirror:22/octo/api",
            "https://h/git/octo/api",
        ] {
            assert!(
                is_same_address("https://github.com/octo/api", other),
                "{other}"
            );
        }
        for other in [
            "https://github.com/octo/web",
            "https://github.com/octo/my-api",
            "git@github.com:other/api.git",
        ] {
            assert!(
                !is_same_address("https://github.com/octo/api", other),
                "{other}"
            );
        }
    }
}
