//! Decides which version is deployed and which commit it was built from. The CI and git may name
//! different ones.
//!
//! - A tag is preferred to a commit. It is the tag that the CI builds, else the one at HEAD. Two possible tags are an error that
//!   lists them.
//! - Without a tag the version is the first 12 digits of the commit that is checked out, else of the CI's commit. In another
//!   repository than the CI's, HEAD and the CI's commit are two answers, and so an error.
//! - A run that deploys what another run built has no own commit: the commit in its variables is that of the deploying pipeline.
//! - The commit is stored only if the version names it: as a tag, or by its digits. A wrong commit is worse than none.

use deploytrack_core::text::{CommitSha, Name, Version};

use super::{FactValue, checkout::Checkout, tags};

#[cfg(test)]
mod tests;

/// The number of digits of a commit that are used as the version.
const DIGITS: usize = 12;
/// The largest number of candidates in an error.
const MOST_SHOWN: usize = 5;
/// Fewer digits in a version may match by chance.
const FEWEST_DIGITS: usize = 7;

/// The variables of the CI about the code of its run.
#[derive(Clone, Debug, Default)]
pub(super) struct CiFacts {
    pub(super) is_ci: bool,
    /// Whether any CI runs this, even an unknown one.
    pub(super) is_automated: bool,
    /// The tag of the run.
    pub(super) tag: Option<FactValue>,
    /// Whether the commit is that of the tag. It is not if a person chose the tag as a parameter.
    pub(super) builds_tag: bool,
    pub(super) commit: Option<FactValue>,
    /// If the run deploys what another run built: the variable that shows it, with its value.
    pub(super) downstream: Option<String>,
    /// The commit of that other run.
    pub(super) built: Option<FactValue>,
    /// The address of the repository.
    pub(super) address: Option<String>,
}

/// A version and the commit it was built from, or for each the reason why it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revision {
    pub(super) version: Result<FactValue, String>,
    pub(super) commit: Result<FactValue, String>,
    /// A warning about the version, which is recorded anyway.
    pub(super) warning: Option<String>,
}

/// The sources of the decision.
pub(super) struct Sources<'a> {
    ci: &'a CiFacts,
    checkout: &'a Checkout<'a>,
    component: Option<&'a Name>,
    /// Whether this is evidently another repository than the CI's.
    is_foreign: bool,
}

type Found<T> = Result<T, String>;

impl<'a> Sources<'a> {
    pub(super) fn new(
        ci: &'a CiFacts,
        checkout: &'a Checkout<'a>,
        component: Option<&'a Name>,
    ) -> Self {
        let CiFacts {
            is_ci,
            commit,
            address,
            ..
        } = ci;
        let is_foreign = *is_ci
            && checkout.is_foreign(
                commit.as_ref().map(|commit| commit.value.as_str()),
                address.as_deref(),
            );
        Self {
            ci,
            checkout,
            component,
            is_foreign,
        }
    }

    /// The commit of the version on the command line.
    pub(super) fn commit_of(&self, version: &Version) -> Found<FactValue> {
        let text = version.as_str();
        let tag = self.ci.tag.as_ref().filter(|tag| tag.value == text);
        let found = self
            .commit_in_digits(text)
            .or_else(|| self.commit_of_tag(text, tag));
        found.ok_or_else(|| {
            format!("the version {text} names neither a tag nor a commit here; --commit-sha sets the commit{}", self.obstacle())
        })
    }

    /// Why a tag may be missing, as the end of a sentence.
    fn obstacle(&self) -> String {
        match (&self.checkout.head, &self.ci.downstream) {
            (Err(error), _) => format!("; {error}"),
            (Ok(_), _) if self.is_foreign => {
                "; the repository here is not the one that the CI builds".to_owned()
            }
            (Ok(_), Some(variable)) => {
                format!("; {variable}: this run deploys what another run built")
            }
            (Ok(_), None) if self.checkout.is_shallow() => {
                "; the clone is shallow, `git fetch --tags` gets its tags".to_owned()
            }
            (Ok(_), None) => String::new(),
        }
    }

    /// The version if none is on the command line, and its commit.
    pub(super) fn revision(&self) -> Revision {
        match self.tag() {
            Err(why) => Revision {
                version: Err(why.clone()),
                commit: Err(why),
                warning: None,
            },
            Ok(Some(tag)) => self.tagged(tag),
            Ok(None) => match self.commit() {
                Ok(commit) => self.short(commit),
                Err(why) => Revision {
                    version: Err(why.clone()),
                    commit: Err(why),
                    warning: None,
                },
            },
        }
    }

    /// The commit that is checked out.
    fn head(&self) -> Option<FactValue> {
        self.checkout
            .head
            .as_ref()
            .ok()
            .map(|head| from_git(head.clone()))
    }

    /// The tag that is the version, if there is one.
    fn tag(&self) -> Found<Option<FactValue>> {
        let here: Vec<_> = self
            .possible(&self.checkout.tags)
            .into_iter()
            .map(from_git)
            .collect();
        let built = self
            .ci
            .tag
            .as_ref()
            .filter(|tag| !self.possible(std::slice::from_ref(&tag.value)).is_empty());
        match (built, &self.ci.commit) {
            (Some(built), _) if self.is_certain(built, &here) => Ok(Some(built.clone())),
            (Some(built), _) => Err(ambiguity(std::iter::once(built).chain(&here))),
            // Tags in another repository are versions of other software.
            (None, Some(commit))
                if self.is_foreign && !here.is_empty() && self.ci.downstream.is_none() =>
            {
                Err(ambiguity(here.iter().chain([&shortened(commit)])))
            }
            (None, _) => only_one(here),
        }
    }

    fn possible(&self, tags: &[String]) -> Vec<String> {
        tags::of_component(tags, self.component, &self.checkout.projects)
    }

    /// Whether the tag of the CI is certainly the version, given the tags at HEAD.
    fn is_certain(&self, built: &FactValue, here: &[FactValue]) -> bool {
        let is_checked_out =
            || self.ci.builds_tag && is_same_commit(self.ci.commit.as_ref(), self.head().as_ref());
        self.is_foreign
            || here.is_empty()
            || here.iter().any(|tag| tag.value == built.value)
            || is_checked_out()
    }

    fn tagged(&self, tag: FactValue) -> Revision {
        let is_built = self.ci.tag.as_ref() == Some(&tag);
        let changed = !is_built && self.is_changed();
        let commit = if is_built {
            self.commit_of_tag(&tag.value, Some(&tag))
        } else {
            self.head().filter(|_| !changed)
        };
        let commit = commit.ok_or_else(|| {
            if changed {
                CHANGED.to_owned()
            } else {
                format!("the tag {} is not in this repository", tag.value)
            }
        });
        Revision {
            version: Ok(if changed { dirty(&tag) } else { tag }),
            commit,
            warning: None,
        }
    }

    /// The commit of a tag. `built` is the tag of the CI, if it is the same one.
    fn commit_of_tag(&self, tag: &str, built: Option<&FactValue>) -> Option<FactValue> {
        // In another repository, a tag of the same name is another version.
        let found = if self.is_foreign {
            None
        } else if self.checkout.tags.iter().any(|here| here == tag) {
            self.head()
        } else if self.ci.downstream.is_none() {
            self.checkout.commit_of_tag(tag).map(from_git)
        } else {
            None
        };
        found.or_else(|| {
            self.ci
                .commit
                .clone()
                .filter(|_| built.is_some() && self.ci.builds_tag)
        })
    }

    /// The commit whose first digits are in the version, as in `main-07e5493d`.
    fn commit_in_digits(&self, version: &str) -> Option<FactValue> {
        let commits: Vec<_> = [self.ci.commit.clone(), self.ci.built.clone(), self.head()]
            .into_iter()
            .flatten()
            .collect();
        let words = version.split(|sign: char| !sign.is_ascii_alphanumeric());
        // `git describe` writes a g before the commit.
        let digits = words.flat_map(|word| [word, word.strip_prefix('g').unwrap_or_default()]);
        let mut digits = digits
            .filter(|digits| digits.len() >= FEWEST_DIGITS)
            .map(str::to_ascii_lowercase);
        let spelled = digits.find_map(|digits| {
            commits
                .iter()
                .find(|commit| commit.value.starts_with(&digits))
                .cloned()
        });
        let whole = matches!(version.len(), 40 | 64) && CommitSha::new(version).is_ok();
        spelled.or_else(|| {
            whole.then(|| FactValue {
                value: version.to_ascii_lowercase(),
                source: "the version".to_owned(),
            })
        })
    }

    /// The commit that is deployed, if there is no tag.
    fn commit(&self) -> Found<FactValue> {
        let CiFacts {
            downstream,
            built,
            commit,
            ..
        } = self.ci;
        let ci_commit = if downstream.is_some() { built } else { commit };
        match (ci_commit, self.head()) {
            (Some(of_ci), Some(head)) if is_same_commit(Some(of_ci), Some(&head)) => {
                Ok(FactValue {
                    source: of_ci.source.clone(),
                    ..head
                })
            }
            (Some(of_ci), Some(head)) if downstream.is_some() || self.is_foreign => {
                Err(ambiguity([of_ci, &head].map(shortened).iter()))
            }
            // The job has checked out another commit than the one that triggered it.
            (Some(_), Some(head)) => Ok(head),
            (None, head) => match downstream {
                Some(variable)
                    if head.is_none() || is_same_commit(commit.as_ref(), head.as_ref()) =>
                {
                    Err(format!(
                        "{variable}: this run deploys what another run built, so the commit is not the one in its variables"
                    ))
                }
                _ => head.ok_or_else(String::new),
            },
            (Some(of_ci), None) => Ok(of_ci.clone()),
        }
    }

    fn short(&self, commit: FactValue) -> Revision {
        let changed = self.is_changed();
        let source = format!(
            "{}, its first {DIGITS} digits: {}",
            commit.source,
            self.reason_without_tag()
        );
        let version = FactValue {
            source,
            ..shortened(&commit)
        };
        let version = if changed { dirty(&version) } else { version };
        let warning =
            self.checkout.head.as_ref().err().filter(|error| error.hides_a_repository()).map(|error| {
                format!("the version is the commit in {}, which may not be the one that is checked out: {error}", commit.source)
            });
        let commit = if changed {
            Err(CHANGED.to_owned())
        } else {
            Ok(commit)
        };
        Revision {
            version: Ok(version),
            commit,
            warning,
        }
    }

    /// Why there is no tag.
    fn reason_without_tag(&self) -> String {
        let others: Vec<_> = self
            .ci
            .tag
            .iter()
            .map(|tag| &tag.value)
            .chain(&self.checkout.tags)
            .map(String::as_str)
            .collect();
        match &self.checkout.head {
            _ if !others.is_empty() => format!(
                "no tag of this component ({} is of another package)",
                others[0]
            ),
            Ok(_) if self.checkout.is_shallow() => {
                "no tag in this shallow clone, `git fetch --tags` gets them".to_owned()
            }
            Ok(_) => "no tag".to_owned(),
            Err(error) => format!("no tag, and {error}"),
        }
    }

    /// Whether files were changed by hand. In a CI, the build itself changes files.
    fn is_changed(&self) -> bool {
        !self.ci.is_automated && self.checkout.is_changed()
    }
}

const CHANGED: &str = "files differ from the commit at HEAD";

/// Whether two commits are the same. Some providers only give the first digits.
fn is_same_commit(one: Option<&FactValue>, other: Option<&FactValue>) -> bool {
    let starts_with = |long: &FactValue, short: &FactValue| {
        long.value.starts_with(&short.value.to_ascii_lowercase())
    };
    one.zip(other)
        .is_some_and(|(one, other)| starts_with(one, other) || starts_with(other, one))
}

fn from_git(value: String) -> FactValue {
    FactValue {
        value,
        source: "git".to_owned(),
    }
}

/// The only candidate, if there is one. More than one is an error.
fn only_one(mut answers: Vec<FactValue>) -> Found<Option<FactValue>> {
    if answers.len() > 1 {
        Err(ambiguity(answers.iter()))
    } else {
        Ok(answers.pop())
    }
}

fn ambiguity<'a>(answers: impl Iterator<Item = &'a FactValue>) -> String {
    let answers: Vec<_> = answers
        .map(|candidate| format!("{} ({})", candidate.value, candidate.source))
        .collect();
    let shown = answers
        .iter()
        .take(MOST_SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let more = if answers.len() > MOST_SHOWN {
        ", and more"
    } else {
        ""
    };
    format!("there is more than one answer: {shown}{more}")
}

fn shortened(commit: &FactValue) -> FactValue {
    FactValue {
        value: commit.value.chars().take(DIGITS).collect(),
        source: commit.source.clone(),
    }
}

/// Marks a version with changed files as `git describe --dirty` does.
fn dirty(version: &FactValue) -> FactValue {
    FactValue {
        value: format!("{}-dirty", version.value),
        source: format!("{}; files differ from the commit at HEAD", version.source),
    }
}
