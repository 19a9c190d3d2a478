//! The characters that a name may have.
//!
//! People read a name, copy it from a table and type it again, so each of its characters must be
//! visible. A name must not have controls, line breaks, zero-width characters, direction marks,
//! fillers, or characters that are unassigned in Unicode or for private use: these do not look the
//! same everywhere.

use unicode_properties::{
    EmojiStatus, GeneralCategory, GeneralCategoryGroup, UnicodeEmoji as _,
    UnicodeGeneralCategory as _,
};

use super::Name;
use crate::invalid::Invalid;

/// The joiner, which combines several emoji into one.
const JOINER: char = '\u{200d}';

/// Checks a trimmed text in NFC.
pub(super) fn check(text: &str) -> Result<(), Invalid> {
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let in_emoji = match c {
            JOINER => {
                before.is_some_and(is_in_emoji) && chars.peek().copied().is_some_and(is_emoji)
            }
            '\u{fe0e}' | '\u{fe0f}' => before.is_some_and(is_emoji),
            _ => false,
        };
        if !in_emoji {
            printable(c)?;
        }
        before = Some(c);
    }
    match text.chars().next() {
        None => Err(Invalid("must not be empty")),
        Some(first) if first.general_category_group() == GeneralCategoryGroup::Mark => Err(
            Invalid("must not begin with a mark that is written over the character before it"),
        ),
        _ if text.chars().count() > Name::MOST => {
            Err(Invalid("must be at most 255 characters long"))
        }
        _ => Ok(()),
    }
}

/// Whether a character only selects the appearance of an emoji, or joins two.
pub(super) const fn is_joiner(c: char) -> bool {
    matches!(c, JOINER | '\u{fe0e}' | '\u{fe0f}')
}

fn is_in_emoji(c: char) -> bool {
    is_emoji(c) || c == '\u{fe0f}'
}

fn is_emoji(c: char) -> bool {
    c.emoji_status() != EmojiStatus::NonEmoji
}

fn printable(c: char) -> Result<(), Invalid> {
    let why = match c.general_category() {
        GeneralCategory::Control => "must have no control characters",
        GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            "must have no line breaks"
        }
        GeneralCategory::Format => {
            "must have no invisible characters, such as zero-width spaces and marks of direction"
        }
        GeneralCategory::Unassigned | GeneralCategory::PrivateUse | GeneralCategory::Surrogate => {
            "must have no characters that Unicode has not assigned"
        }
        _ if is_blank(c) => {
            "must have no invisible characters, such as zero-width spaces and marks of direction"
        }
        _ if c == '\u{fffd}' => "must have no U+FFFD, which stands for bytes that are not UTF-8",
        _ => return Ok(()),
    };
    Err(Invalid(why))
}

/// Whether a letter, mark or symbol is invisible (`Default_Ignorable_Code_Point`, and the empty
/// Braille pattern).
const fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
