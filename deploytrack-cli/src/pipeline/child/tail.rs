//! The last lines of the output of a command, with secrets masked.

use super::recent_output::RecentOutput;
use crate::{render::text::clean, secrets::Secrets};

/// The largest number of bytes of one line, and of all lines. The metadata of a deployment have at
/// most 16 KiB of JSON, in which a quote takes two bytes.
const MOST_OF_A_LINE: usize = 1024;
const MOST: usize = 7 * 1024;

/// The last `most` lines.
pub(super) fn tail(output: &RecentOutput, most: usize) -> String {
    let mut secrets = Secrets::of_this_process();
    output.secrets.iter().for_each(|secret| secrets.add(secret));
    shortened(&secrets.mask_log(&output.lines().join("\n")), most)
}

/// The text must be masked before: half of a secret would not be recognised.
fn shortened(text: &str, most: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(most)..];
    let cut = |line: String| line[..line.floor_char_boundary(MOST_OF_A_LINE)].to_owned();
    let short = last
        .iter()
        .map(|line| cut(clean(line)))
        .collect::<Vec<_>>()
        .join("\n");
    short[short.ceil_char_boundary(short.len().saturating_sub(MOST))..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_output_the_end_is_recorded() {
        assert_eq!(shortened("a\nb\nc", 2), "b\nc");
        assert_eq!(
            shortened(&"0123456789".repeat(10_000), 5).len(),
            MOST_OF_A_LINE
        );
        let line = "ä".repeat(400) + "\n";
        assert!(shortened(&line.repeat(50), 50).len() <= MOST);
    }

    #[test]
    fn a_secret_from_a_mask_command_is_masked_after_the_command_is_dropped() {
        let mut output = RecentOutput::default();
        output.push(0, b"x sw0rdfish\n", vec!["sw0rdfish".to_owned()]);
        assert_eq!(tail(&output, 3), "x ***");
    }
}
