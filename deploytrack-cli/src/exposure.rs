//! Whether others on this machine can read or replace a file that holds a secret.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rustix::process::geteuid;

const ROOT: u32 = 0;
const GROUP: u32 = 0o070;
const OTHERS: u32 = 0o007;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// What is wrong with the rights of a file, and the way out; none for one that is for its owner alone, and for a pipe.
///
/// It is a warning and no refusal: a file that a container has mounted keeps the owner and the rights that it has outside, and
/// a deploy must not fail for that.
pub(crate) fn of(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok().filter(Metadata::is_file)?;
    let (shown, mode, own) = (path.display(), found.mode() & 0o777, geteuid().as_raw());
    if found.uid() != own && found.uid() != ROOT {
        return Some(format!("{shown} belongs to user {} and not to user {own}, so that one can change it: chown it", found.uid()));
    }
    // A secret that Kubernetes mounts is root's, and is read by the group of the pod.
    let private_from = if found.uid() == own { GROUP | OTHERS } else { OTHERS };
    if mode & private_from != 0 {
        return Some(format!("others on this machine can read {shown} and the token in it (mode {mode:03o}): chmod 600 {shown}"));
    }
    let folder = fs::metadata(path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))).ok()?;
    if folder.mode() & OTHERS_WRITE != 0 && folder.mode() & STICKY == 0 {
        return Some(format!("anyone on this machine can replace {shown}: chmod o-w on its folder"));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_and_its_folder_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "hush").unwrap();
        for (mode, open) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o644, true)] {
            set(&file, mode);
            assert_eq!(of(&file).is_some_and(|said| said.contains("chmod 600")), open, "{mode:o}");
        }
        set(&file, 0o600);
        set(folder.path(), 0o777);
        assert!(of(&file).unwrap().contains("anyone on this machine can replace"));
        set(folder.path(), 0o1777);
        assert_eq!(of(&file), None);
        assert_eq!(of(Path::new("/dev/null")), None);
    }
}
