//! Network file systems, which SQLite does not support. The processes that use a database share an
//! index of its write-ahead log in memory, so a second machine would overwrite data that it cannot
//! see; and the locks of these file systems are not reliable.

use std::path::Path;

use crate::error::Error;

/// Rejects a database file on a network file system.
pub(super) fn refuse(database: &Path) -> Result<(), Error> {
    magic(database).and_then(name).map_or(Ok(()), |kind| {
        Err(Error::Setup(format!(
            "the database file {} is on {kind}, a network file system, where SQLite can lose data; use a disk or volume of this \
             machine, or PostgreSQL",
            database.display()
        )))
    })
}

/// The name of a network file system, by its number in `statfs(2)` and `linux/magic.h`. FUSE and 9p
/// are not listed, since they are also used for folders of the same machine.
const fn name(magic: u32) -> Option<&'static str> {
    match magic {
        0x6969 => Some("NFS"),
        0x517b | 0xfe53_4d42 | 0xff53_4d42 => Some("SMB (CIFS)"),
        _ => None,
    }
}

/// The number of the file system of a file, or of its folder if the file does not exist yet.
#[cfg(target_os = "linux")]
fn magic(file: &Path) -> Option<u32> {
    let folder = || match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let found = rustix::fs::statfs(file).or_else(|_| rustix::fs::statfs(folder()));
    // The type of the field differs between architectures; a number has 32 bits.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the upper half is empty, or copies of the sign"
    )]
    found.ok().map(|found| found.f_type as u32)
}

#[cfg(not(target_os = "linux"))]
const fn magic(_: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        for (magic, expected) in [
            (0x6969, Some("NFS")),
            (0x517b, Some("SMB (CIFS)")),
            (0xff53_4d42, Some("SMB (CIFS)")),
            (0xfe53_4d42, Some("SMB (CIFS)")),
            // ext4, tmpfs, overlayfs, FUSE
            (0xef53, None),
            (0x0102_1994, None),
            (0x794c_7630, None),
            (0x6573_5546, None),
        ] {
            assert_eq!(name(magic), expected, "{magic:#x}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_file_system_of_a_file_that_does_not_exist_is_that_of_its_folder() {
        let proc = Some(0x9fa0);
        assert_eq!(magic(Path::new("/proc/self/status")), proc);
        assert_eq!(magic(Path::new("/proc/absent.db")), proc);
        assert_eq!(magic(Path::new("absent.db")), magic(Path::new(".")));
        assert_eq!(magic(Path::new("/no/such/folder/absent.db")), None);
    }
}
