//! The last lines that a command wrote, without secrets.

use super::kept::Kept;
use crate::{render::text::clean, secrets::Secrets};

/// The most bytes of one line that are recorded, and of the whole: metadata as a whole have 16 KiB as JSON, where a quote
/// takes two.
const MOST_OF_A_LINE: usize = 1024;
const MOST: usize = 7 * 1024;

/// The last `most` lines.
pub(super) fn tail(kept: &Kept, most: usize) -> String {
    let mut secrets = Secrets::of_this_process();
    kept.secrets.iter().for_each(|secret| secrets.add(secret));
    shortened(&secrets.mask_log(&kept.lines().join("\n")), most)
}

/// Secrets are masked before: half of one could not be recognised.
fn shortened(text: &str, most: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(most)..];
    let cut = |line: String| line[..line.floor_char_boundary(MOST_OF_A_LINE)].to_owned();
    let short = last.iter().map(|line| cut(clean(line))).collect::<Vec<_>>().join("\n");
    short[short.ceil_char_boundary(short.len().saturating_sub(MOST))..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_of_what_is_too_long() {
        assert_eq!(shortened("a\nb\nc", 2), "b\nc");
        assert_eq!(shortened(&"0123456789".repeat(10_000), 5).len(), MOST_OF_A_LINE);
        let line = "ä".repeat(400) + "\n";
        assert!(shortened(&line.repeat(50), 50).len() <= MOST);
    }

    #[test]
    fn what_a_command_told_the_ci_to_mask_is_masked_though_it_is_long_gone() {
        let mut kept = Kept::default();
        kept.push(0, b"x sw0rdfish\n", vec!["sw0rdfish".to_owned()]);
        assert_eq!(tail(&kept, 3), "x ***");
    }
}
