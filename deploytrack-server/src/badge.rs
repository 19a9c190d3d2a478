//! The SVG picture of a badge: the environment on its left side, the version and its age on its
//! right side.
//!
//! A version is untrusted text. It is escaped, and characters that XML does not allow or that
//! change the direction of the text are replaced by U+FFFD. The picture contains no script and
//! loads nothing.

use std::borrow::Cow;

use chrono::TimeDelta;
use deploytrack_core::{
    age,
    clock::{self, Time},
    matrix::Cell,
    text::Name,
};
use unicode_width::UnicodeWidthChar as _;

const LABEL: &str = "#555";
const CURRENT: &str = "#0969da";
const NOTHING: &str = "#6e7781";
/// The most characters of a text in the picture. The title contains the whole text.
const SHOWN: usize = 30;
/// Replaces the rest of a text.
const SHORTENED: char = '…';
/// The space between a text and the edge of its box, in pixels.
const PADDING: u32 = 5;
/// The widths of the characters from space to tilde in Verdana at 11 pixels, in tenths of a pixel.
/// All badges have that size. On a machine without the font, the text is fitted to the same length.
const WIDTHS: [u32; 95] = [
    39, 43, 50, 90, 70, 118, 80, 30, 50, 50, 70, 90, 40, 50, 40, 50, 70, 70, 70, 70, 70, 70, 70,
    70, 70, 70, 50, 50, 90, 90, 90, 60, 110, 75, 75, 77, 85, 70, 63, 85, 83, 46, 50, 76, 61, 93,
    82, 87, 66, 87, 76, 75, 68, 81, 75, 109, 75, 68, 75, 50, 50, 50, 90, 70, 70, 66, 69, 57, 69,
    66, 39, 69, 70, 30, 38, 65, 30, 107, 70, 67, 69, 69, 47, 57, 43, 70, 65, 90, 65, 65, 58, 70,
    50, 70, 90,
];

/// The texts and the colour of a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Badge {
    label: String,
    message: String,
    title: String,
    colour: &'static str,
}

impl Badge {
    /// The badge of a cell: the version of the current deployment, and its age.
    pub(crate) fn current(component: &Name, environment: &Name, cell: &Cell, now: Time) -> Self {
        let (version, since) = (
            clean(cell.version.as_str()),
            clock::format(&cell.deployed_at),
        );
        let message = format!(
            "{} · {}",
            isolated(&shortened(&version)),
            age(now, cell.deployed_at)
        );
        let title = format!(
            "{}: {} since {since}",
            cell_name(component, environment),
            isolated(&version)
        );
        Self {
            label: shortened(environment.as_str()),
            message,
            title,
            colour: CURRENT,
        }
    }

    /// The badge of an empty cell.
    pub(crate) fn nothing_deployed(component: &Name, environment: &Name) -> Self {
        let message = "nothing deployed".to_owned();
        let title = format!("{}: {message}", cell_name(component, environment));
        Self {
            label: shortened(environment.as_str()),
            message,
            title,
            colour: NOTHING,
        }
    }

    /// The badge for an unknown component or environment. It does not repeat the requested names,
    /// which may be any text.
    pub(crate) fn unknown() -> Self {
        let title = "There is no such component or environment".to_owned();
        Self {
            label: "deployment".to_owned(),
            message: "unknown".to_owned(),
            title,
            colour: NOTHING,
        }
    }

    /// The picture, 20 pixels high.
    pub(crate) fn svg(&self) -> String {
        let (left, right) = (length(&self.label), length(&self.message));
        let (edge, width) = (left + 2 * PADDING, left + right + 4 * PADDING);
        let (title, label, message, colour) = (
            escaped(&self.title),
            escaped(&self.label),
            escaped(&self.message),
            self.colour,
        );
        let (label_at, message_at, corner) = (PADDING, edge + PADDING, width - 3);
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<rect width="{width}" height="20" rx="3" fill="{LABEL}"/>
<path d="M{edge} 0H{corner}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{edge}z" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
<text x="{label_at}" y="14" textLength="{left}" lengthAdjust="spacingAndGlyphs">{label}</text>
<text x="{message_at}" y="14" textLength="{right}" lengthAdjust="spacingAndGlyphs">{message}</text>
</g>
</svg>
"##
        )
    }
}

/// A component and its environment, as a part of a sentence.
fn cell_name(component: &Name, environment: &Name) -> String {
    format!(
        "{} in {}",
        isolated(component.as_str()),
        isolated(environment.as_str())
    )
}

/// The age without seconds, because a badge may be cached for a minute.
fn age(now: Time, then: Time) -> String {
    if now - then < TimeDelta::minutes(1) {
        "just now".to_owned()
    } else {
        age::age(now, then)
    }
}

/// The text without the characters that XML does not allow (control characters, two non-characters)
/// and without those that change the direction of the text after it.
fn clean(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{fffe}'
        | '\u{ffff}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN - 1).chain([SHORTENED]).collect()
}

/// The text in directional isolates (FSI and PDI, Unicode Annex 9), so that right-to-left text does
/// not affect its surroundings.
fn isolated(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii() || c == SHORTENED;
    if text.chars().all(plain) {
        text.into()
    } else {
        format!("\u{2068}{text}\u{2069}").into()
    }
}

/// The length of a text in pixels.
fn length(text: &str) -> u32 {
    let tenths: u32 = text.chars().map(tenths).sum();
    tenths.div_ceil(10).max(1)
}

fn tenths(c: char) -> u32 {
    let width = (c as usize)
        .checked_sub(' ' as usize)
        .and_then(|index| WIDTHS.get(index));
    width.copied().unwrap_or_else(|| match c.width() {
        Some(0) => 0,
        Some(1) | None => 75,
        Some(_) => 125,
    })
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use roxmltree::Document;

    use super::*;

    fn with_version(text: &str) -> Badge {
        let cell = |version| Cell {
            version,
            deployed_at: clock::parse("2026-11-20T18:00:00Z").unwrap(),
            deployment_id: uuid::Uuid::nil(),
            deployed_by: "ada".parse().unwrap(),
            commit_sha: None,
            gap: None,
        };
        let (component, environment) = (
            "user-service".parse().unwrap(),
            "production".parse().unwrap(),
        );
        Badge::current(
            &component,
            &environment,
            &cell(text.parse().unwrap()),
            clock::parse("2026-11-23T18:32:00Z").unwrap(),
        )
    }

    /// A badge with this text, which need not be a valid version.
    fn with_text(text: &str) -> Badge {
        Badge {
            label: clean(text),
            message: shortened(&clean(text)),
            title: clean(text),
            colour: CURRENT,
        }
    }

    fn texts(svg: &str) -> Vec<String> {
        let document = Document::parse(svg).unwrap();
        let texts = document
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
        texts
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect()
    }

    proptest! {
        #[test]
        fn any_text_becomes_a_text_node_of_well_formed_xml(text in any::<String>()) {
            let svg = with_text(&text).svg();
            let document = Document::parse(&svg).unwrap();
            let names: Vec<_> = document.descendants().filter(roxmltree::Node::is_element).map(|node| node.tag_name().name()).collect();
            prop_assert_eq!(names, ["svg", "title", "rect", "path", "g", "text", "text"]);
            let root = document.root_element();
            let clean = clean(&text);
            prop_assert_eq!(root.attribute("aria-label"), Some(clean.as_str()));
            prop_assert_eq!(root.first_element_child().unwrap().text().unwrap_or_default(), &clean);
            prop_assert_eq!(&texts(&svg)[0], &clean);
        }

        #[test]
        fn the_width_of_a_badge_fits_its_texts(text in "\\PC{0,40}") {
            let badge = with_text(&text);
            let (svg, length) = (badge.svg(), length(&badge.label) + length(&badge.message));
            let document = Document::parse(&svg).unwrap();
            let width: u32 = document.root_element().attribute("width").unwrap().parse().unwrap();
            prop_assert_eq!(width, length + 4 * PADDING);
        }
    }

    #[test]
    fn a_long_version_is_shortened_but_not_in_the_title() {
        let version = "v".repeat(255);
        let badge = with_version(&version);
        assert_eq!(badge.message, format!("{}… · 3d", "v".repeat(29)));
        assert_eq!(
            badge.title,
            format!("user-service in production: {version} since 2026-11-20T18:00:00.000Z")
        );
    }

    #[test]
    fn hostile_versions_stay_text() {
        for version in [
            "<script>alert(1)</script>",
            "\"/><image href='//x'/>",
            "]]>",
            "&lt;",
            "&#0;",
            "..",
            "%00",
        ] {
            let svg = with_version(version).svg();
            assert_eq!(texts(&svg)[1], format!("{version} · 3d"), "{svg}");
        }
    }

    #[test]
    fn a_version_does_not_change_the_direction_of_the_text_after_it() {
        assert_eq!(
            with_version("1\u{202e}2").message,
            "\u{2068}1\u{fffd}2\u{2069} · 3d",
            "no override"
        );
        assert_eq!(with_version("גרסה").message, "\u{2068}גרסה\u{2069} · 3d");
        assert_eq!(with_version("1.4.2").message, "1.4.2 · 3d");
    }

    #[test]
    fn the_length_of_a_text_is_its_width_in_pixels() {
        assert_eq!(
            (length("1.4.2"), length("production"), length("")),
            (29, 59, 1)
        );
        assert_eq!(length("版本"), 25, "wide characters");
        assert_eq!(length("e\u{301}"), length("e"), "combining characters");
    }

    /// The contrast between white and a colour (WCAG 2.2, section 1.4.3).
    fn contrast(colour: &str) -> f64 {
        let digits = colour.trim_start_matches('#');
        let digit = |at: usize| u32::from_str_radix(&digits[at..=at], 16).unwrap();
        let channel = |number: usize| {
            let value = if digits.len() == 3 {
                17 * digit(number)
            } else {
                16 * digit(2 * number) + digit(2 * number + 1)
            };
            let part = f64::from(value) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        1.05 / (0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2) + 0.05)
    }

    #[test]
    fn colours_have_enough_contrast() {
        for colour in [LABEL, CURRENT, NOTHING] {
            assert!(contrast(colour) >= 4.5, "{colour}: {}", contrast(colour));
        }
    }
}
