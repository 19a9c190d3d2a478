//! Decides which version is deployed and which commit it was built from. The CI and git may each name another one.
//!
//! - A tag goes before a commit. The tag is the CI's if the CI builds one, else the one at HEAD. Two possible tags are an error
//!   that lists them.
//! - Without a tag the version is the first 12 digits of the commit that is checked out, else of the CI's commit. In another
//!   repository than the CI's, HEAD and the CI's commit are two answers, and so an error.
//! - A run that deploys what another run built has no commit of its own: its commit is that of the deploying pipeline.
//! - The commit is stored only where the version names it: as a tag, or by its digits. A wrong commit is worse than none.

use deploytrack_core::text::{CommitSha, Name, Version};

use super::{Known, checkout::Checkout, tags};

#[cfg(test)]
mod tests;

/// How many digits of a commit are the version.
const DIGITS: usize = 12;
/// How many answers an error lists.
const MOST_SHOWN: usize = 5;
/// Fewer digits in a version may be there by chance.
const FEWEST_DIGITS: usize = 7;

/// The variables of the CI about the code of its run.
#[derive(Clone, Debug, Default)]
pub(super) struct CiFacts {
    pub(super) is_ci: bool,
    /// Whether a machine runs this: a CI of the list of providers, or another one.
    pub(super) is_automated: bool,
    /// The tag of the run.
    pub(super) tag: Option<Known>,
    /// Whether the commit is that of the tag. A tag that a person chose as a parameter has another.
    pub(super) builds_tag: bool,
    pub(super) commit: Option<Known>,
    /// The variable by which the run deploys what another run built, with its value.
    pub(super) downstream: Option<String>,
    /// The commit of that other run.
    pub(super) built: Option<Known>,
    /// The address of the repository.
    pub(super) address: Option<String>,
}

/// A version and the commit it was built from; in the place of each the reason if it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revision {
    pub(super) version: Result<Known, String>,
    pub(super) commit: Result<Known, String>,
    /// A doubt about the version that does not prevent the record.
    pub(super) warning: Option<String>,
}

/// The sources of the decision.
pub(super) struct Sources<'a> {
    ci: &'a CiFacts,
    checkout: &'a Checkout<'a>,
    component: Option<&'a Name>,
    /// Whether the repository here is evidently not the CI's.
    is_foreign: bool,
}

type Found<T> = Result<T, String>;

impl<'a> Sources<'a> {
    pub(super) fn new(ci: &'a CiFacts, checkout: &'a Checkout<'a>, component: Option<&'a Name>) -> Self {
        let CiFacts { is_ci, commit, address, .. } = ci;
        let is_foreign = *is_ci && checkout.is_foreign(commit.as_ref().map(|commit| commit.value.as_str()), address.as_deref());
        Self { ci, checkout, component, is_foreign }
    }

    /// The commit of the version that was given.
    pub(super) fn commit_of(&self, version: &Version) -> Found<Known> {
        let text = version.as_str();
        let tag = self.ci.tag.as_ref().filter(|tag| tag.value == text);
        let found = self.commit_in_digits(text).or_else(|| self.commit_of_tag(text, tag));
        found.ok_or_else(|| format!("the version {text} names neither a tag nor a commit here; --commit-sha sets it{}", self.obstacle()))
    }

    /// The circumstance for which a tag may be missing, as the end of a sentence.
    fn obstacle(&self) -> String {
        match (&self.checkout.head, &self.ci.downstream) {
            (Err(error), _) => format!("; {error}"),
            (Ok(_), _) if self.is_foreign => "; the repository here is not the one that the CI builds".to_owned(),
            (Ok(_), Some(variable)) => format!("; {variable}: this run deploys what another run built"),
            (Ok(_), None) if self.checkout.is_shallow() => "; the clone is shallow, `git fetch --tags` gets its tags".to_owned(),
            (Ok(_), None) => String::new(),
        }
    }

    /// The version where none was given, and its commit.
    pub(super) fn revision(&self) -> Revision {
        match self.tag() {
            Err(why) => Revision { version: Err(why.clone()), commit: Err(why), warning: None },
            Ok(Some(tag)) => self.tagged(tag),
            Ok(None) => match self.commit() {
                Ok(commit) => self.short(commit),
                Err(why) => Revision { version: Err(why.clone()), commit: Err(why), warning: None },
            },
        }
    }

    /// The commit that is checked out.
    fn head(&self) -> Option<Known> {
        self.checkout.head.as_ref().ok().map(|head| from_git(head.clone()))
    }

    /// The tag that is meant, if there is one.
    fn tag(&self) -> Found<Option<Known>> {
        let here: Vec<_> = self.possible(&self.checkout.tags).into_iter().map(from_git).collect();
        let built = self.ci.tag.as_ref().filter(|tag| !self.possible(std::slice::from_ref(&tag.value)).is_empty());
        match (built, &self.ci.commit) {
            (Some(built), _) if self.is_certain(built, &here) => Ok(Some(built.clone())),
            (Some(built), _) => Err(ambiguity(std::iter::once(built).chain(&here))),
            // Tags of another repository are versions of what is built from that one.
            (None, Some(commit)) if self.is_foreign && !here.is_empty() && self.ci.downstream.is_none() => {
                Err(ambiguity(here.iter().chain([&shortened(commit)])))
            }
            (None, _) => only_one(here),
        }
    }

    fn possible(&self, tags: &[String]) -> Vec<String> {
        tags::of_component(tags, self.component, &self.checkout.projects)
    }

    /// Whether the tag of the CI's run is the version, where these are the tags at HEAD.
    fn is_certain(&self, built: &Known, here: &[Known]) -> bool {
        let is_checked_out = || self.ci.builds_tag && is_same_commit(self.ci.commit.as_ref(), self.head().as_ref());
        self.is_foreign || here.is_empty() || here.iter().any(|tag| tag.value == built.value) || is_checked_out()
    }

    fn tagged(&self, tag: Known) -> Revision {
        let is_built = self.ci.tag.as_ref() == Some(&tag);
        let changed = !is_built && self.is_changed();
        let commit = if is_built { self.commit_of_tag(&tag.value, Some(&tag)) } else { self.head().filter(|_| !changed) };
        let commit =
            commit.ok_or_else(|| if changed { CHANGED.to_owned() } else { format!("the tag {} is not in this repository", tag.value) });
        Revision { version: Ok(if changed { dirty(&tag) } else { tag }), commit, warning: None }
    }

    /// The commit of a tag; `built` is the tag of the CI's run, if it is this one.
    fn commit_of_tag(&self, tag: &str, built: Option<&Known>) -> Option<Known> {
        // A tag of the same name in another repository is another version.
        let found = if self.is_foreign {
            None
        } else if self.checkout.tags.iter().any(|here| here == tag) {
            self.head()
        } else if self.ci.downstream.is_none() {
            self.checkout.commit_of_tag(tag).map(from_git)
        } else {
            None
        };
        found.or_else(|| self.ci.commit.clone().filter(|_| built.is_some() && self.ci.builds_tag))
    }

    /// The commit whose digits are in the version, as in `main-07e5493d`.
    fn commit_in_digits(&self, version: &str) -> Option<Known> {
        let known: Vec<_> = [self.ci.commit.clone(), self.ci.built.clone(), self.head()].into_iter().flatten().collect();
        let words = version.split(|sign: char| !sign.is_ascii_alphanumeric());
        // `git describe` puts a g in front.
        let digits = words.flat_map(|word| [word, word.strip_prefix('g').unwrap_or_default()]);
        let mut digits = digits.filter(|digits| digits.len() >= FEWEST_DIGITS).map(str::to_ascii_lowercase);
        let spelled = digits.find_map(|digits| known.iter().find(|commit| commit.value.starts_with(&digits)).cloned());
        let whole = matches!(version.len(), 40 | 64) && CommitSha::new(version).is_ok();
        spelled.or_else(|| whole.then(|| Known { value: version.to_ascii_lowercase(), source: "the version".to_owned() }))
    }

    /// The commit that is deployed, where there is no tag.
    fn commit(&self) -> Found<Known> {
        let CiFacts { downstream, built, commit, .. } = self.ci;
        let told = if downstream.is_some() { built } else { commit };
        match (told, self.head()) {
            (Some(told), Some(head)) if is_same_commit(Some(told), Some(&head)) => Ok(Known { source: told.source.clone(), ..head }),
            (Some(told), Some(head)) if downstream.is_some() || self.is_foreign => Err(ambiguity([told, &head].map(shortened).iter())),
            // The job has checked out another commit than the one it was started for.
            (Some(_), Some(head)) => Ok(head),
            (None, head) => match downstream {
                Some(variable) if head.is_none() || is_same_commit(commit.as_ref(), head.as_ref()) => {
                    Err(format!("{variable}: this run deploys what another run built, so the commit is not the one in its variables"))
                }
                _ => head.ok_or_else(String::new),
            },
            (Some(told), None) => Ok(told.clone()),
        }
    }

    fn short(&self, commit: Known) -> Revision {
        let changed = self.is_changed();
        let source = format!("{}, its first {DIGITS} digits: {}", commit.source, self.reason_without_tag());
        let version = Known { source, ..shortened(&commit) };
        let version = if changed { dirty(&version) } else { version };
        let warning =
            self.checkout.head.as_ref().err().filter(|error| error.hides_a_repository()).map(|error| {
                format!("the version is the commit in {}, which may not be the one that is checked out: {error}", commit.source)
            });
        let commit = if changed { Err(CHANGED.to_owned()) } else { Ok(commit) };
        Revision { version: Ok(version), commit, warning }
    }

    /// Why there is no tag.
    fn reason_without_tag(&self) -> String {
        let others: Vec<_> = self.ci.tag.iter().map(|tag| &tag.value).chain(&self.checkout.tags).map(String::as_str).collect();
        match &self.checkout.head {
            _ if !others.is_empty() => format!("no tag of this component ({} is of another package)", others[0]),
            Ok(_) if self.checkout.is_shallow() => "no tag in this shallow clone, `git fetch --tags` gets them".to_owned(),
            Ok(_) => "no tag".to_owned(),
            Err(error) => format!("no tag, and {error}"),
        }
    }

    /// Whether files were changed by hand. In a CI such changes are made by the build.
    fn is_changed(&self) -> bool {
        !self.ci.is_automated && self.checkout.is_changed()
    }
}

const CHANGED: &str = "files differ from the commit at HEAD";

/// Whether two commits are the same; some providers give the first digits alone.
fn is_same_commit(one: Option<&Known>, other: Option<&Known>) -> bool {
    let starts_with = |long: &Known, short: &Known| long.value.starts_with(&short.value.to_ascii_lowercase());
    one.zip(other).is_some_and(|(one, other)| starts_with(one, other) || starts_with(other, one))
}

fn from_git(value: String) -> Known {
    Known { value, source: "git".to_owned() }
}

/// The only one, if there is one.
fn only_one(mut answers: Vec<Known>) -> Found<Option<Known>> {
    if answers.len() > 1 { Err(ambiguity(answers.iter())) } else { Ok(answers.pop()) }
}

fn ambiguity<'a>(answers: impl Iterator<Item = &'a Known>) -> String {
    let answers: Vec<_> = answers.map(|known| format!("{} ({})", known.value, known.source)).collect();
    let shown = answers.iter().take(MOST_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if answers.len() > MOST_SHOWN { ", and more" } else { "" };
    format!("there is more than one answer: {shown}{more}")
}

fn shortened(commit: &Known) -> Known {
    Known { value: commit.value.chars().take(DIGITS).collect(), source: commit.source.clone() }
}

/// As `git describe --dirty` marks what no commit has.
fn dirty(version: &Known) -> Known {
    Known { value: format!("{}-dirty", version.value), source: format!("{}; files differ from the commit at HEAD", version.source) }
}
