//! A list of names and values: for one record, or for rows if the terminal is too narrow for
//! columns. Nothing is shortened.

use anstyle::{AnsiColor, Style};

use super::{
    GAP, View,
    text::{padded, width, wrapped},
};

/// If values have less room than this, they go below their names.
const LEAST: usize = 10;
/// The indent of a value below its name.
const INDENT: usize = 2;

/// A name and its value. A value without a name belongs to the field above it.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) colour: Option<AnsiColor>,
}

/// The fields of one record. No line is wider than the terminal, unless one character and its
/// indent are wider.
pub(crate) fn fields(all: &[Field], view: &View) -> String {
    let names = all
        .iter()
        .map(|field| width(&field.name))
        .max()
        .unwrap_or(0);
    let most = view.width.map_or(usize::MAX, usize::from);
    let room = most.saturating_sub(names + GAP);
    all.iter()
        .map(|field| {
            if room < LEAST {
                under(field, most, view)
            } else {
                beside(field, names, room, view)
            }
        })
        .collect()
}

fn beside(field: &Field, names: usize, room: usize, view: &View) -> String {
    let mut lines = wrapped(&field.text, room).into_iter();
    let gap = " ".repeat(GAP);
    let first = lines.next().unwrap_or_default();
    let name = if field.name.is_empty() {
        " ".repeat(names)
    } else {
        bold(&padded(&field.name, names), view)
    };
    let rest = lines.map(|line| {
        format!(
            "{}{gap}{}\n",
            " ".repeat(names),
            coloured(&line, field, view)
        )
    });
    std::iter::once(format!("{name}{gap}{}\n", coloured(&first, field, view)))
        .chain(rest)
        .collect()
}

fn under(field: &Field, most: usize, view: &View) -> String {
    let name = wrapped(&field.name, most)
        .into_iter()
        .filter(|line| !line.is_empty())
        .map(|line| format!("{}\n", bold(&line, view)));
    let indent = " ".repeat(INDENT);
    let value = wrapped(&field.text, most.saturating_sub(INDENT)).into_iter();
    name.chain(value.map(|line| format!("{indent}{}\n", coloured(&line, field, view))))
        .collect()
}

/// The text in bold, if colour is used.
pub(crate) fn bold(text: &str, view: &View) -> String {
    styled(text, Style::new().bold(), view)
}

fn coloured(text: &str, field: &Field, view: &View) -> String {
    styled(
        text,
        field.colour.map_or_else(Style::new, AnsiColor::on_default),
        view,
    )
}

/// The text in this style, if colour is used.
pub(crate) fn styled(text: &str, style: Style, view: &View) -> String {
    if view.colour {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use deploytrack_core::clock::Time;

    use super::*;

    fn draw(width: Option<u16>) -> String {
        let field = |name: &str, text: &str| Field {
            name: name.to_owned(),
            text: text.to_owned(),
            colour: None,
        };
        fields(
            &[
                field("component", "本番環境サービス"),
                field("version", "0123456789abcdef0123"),
            ],
            &View {
                width,
                colour: false,
                is_wide: false,
                has_header: true,
                now: Time::default(),
            },
        )
    }

    #[test]
    fn a_long_value_is_wrapped() {
        assert_eq!(
            draw(None),
            "component  本番環境サービス\nversion    0123456789abcdef0123\n"
        );
        assert_eq!(
            draw(Some(23)),
            "component  本番環境サー\n           ビス\nversion    0123456789ab\n           cdef0123\n"
        );
        assert_eq!(
            draw(Some(12)),
            "component\n  本番環境サ\n  ービス\nversion\n  0123456789\n  abcdef0123\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_nothing_is_lost() {
        for columns in 4..40 {
            let text = draw(Some(columns));
            assert!(
                text.lines().all(|line| width(line) <= usize::from(columns)),
                "{columns}: {text}"
            );
            let whole: String = text.split_whitespace().collect();
            assert!(
                whole.contains("0123456789abcdef0123") && whole.contains("本番環境サービス"),
                "{columns}: {text}"
            );
        }
    }
}
