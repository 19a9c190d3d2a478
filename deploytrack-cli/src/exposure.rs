//! Checks whether other users of this machine can read or replace a file with a secret.

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

/// The warning about the owner or the mode of a file, with the way out; `None` for a private file
/// and for a pipe.
///
/// This is only a warning: a file that is mounted into a container has the owner and mode from
/// outside, and a deploy must not fail for that.
pub(crate) fn of(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok().filter(Metadata::is_file)?;
    let (shown, mode, own) = (path.display(), found.mode() & 0o777, geteuid().as_raw());
    if found.uid() != own && found.uid() != ROOT {
        return Some(format!(
            "{shown} belongs to user {}, not to user {own}, so user {} can change it: run chown {own} {shown}",
            found.uid(),
            found.uid()
        ));
    }
    // A secret that Kubernetes mounts belongs to root and is readable by the group of the pod.
    let private_from = if found.uid() == own {
        GROUP | OTHERS
    } else {
        OTHERS
    };
    if mode & private_from != 0 {
        return Some(format!(
            "other users of this machine can read {shown} and the token in it (mode {mode:03o}): run chmod 600 {shown}"
        ));
    }
    let folder = fs::metadata(
        path.parent()
            .filter(|folder| *folder != Path::new(""))
            .unwrap_or(Path::new(".")),
    )
    .ok()?;
    if folder.mode() & OTHERS_WRITE != 0 && folder.mode() & STICKY == 0 {
        return Some(format!(
            "every user of this machine can replace {shown}: run chmod o-w on its folder"
        ));
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
    fn a_file_or_folder_that_others_can_use_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "hush").unwrap();
        for (mode, open) in [
            (0o600, false),
            (0o400, false),
            (0o640, true),
            (0o604, true),
            (0o644, true),
        ] {
            set(&file, mode);
            assert_eq!(
                of(&file).is_some_and(|warning| warning.contains("chmod 600")),
                open,
                "{mode:o}"
            );
        }
        set(&file, 0o600);
        set(folder.path(), 0o777);
        assert!(
            of(&file)
                .unwrap()
                .contains("every user of this machine can replace")
        );
        set(folder.path(), 0o1777);
        assert_eq!(of(&file), None);
        assert_eq!(of(Path::new("/dev/null")), None);
    }
}
