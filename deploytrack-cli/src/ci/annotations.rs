//! The formats of warnings and errors that providers show beside their logs.

/// The format of a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// No annotations, only lines of the log.
    #[default]
    Plain,
    /// GitHub, and other forges that run its workflows.
    GitHub,
    Azure,
    TeamCity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Warning,
    Error,
}

impl Form {
    /// The annotation, on one line; none for the plain format. No text in it can start another
    /// workflow command.
    pub(crate) fn line(self, level: Level, text: &str) -> Option<String> {
        let text = escape_commands(text);
        let word = if level == Level::Warning {
            "warning"
        } else {
            "error"
        };
        match self {
            Self::Plain => None,
            Self::GitHub => Some(format!(
                "::{word} title=deploytrack::{}",
                percent_escaped(&text, "%25")
            )),
            Self::Azure => Some(format!(
                "##vso[task.logissue type={word}]{}",
                percent_escaped(&text, "%AZP25")
            )),
            Self::TeamCity => Some(format!(
                "##teamcity[message text='{}' status='{}']",
                bar_escaped(&text),
                word.to_uppercase()
            )),
        }
    }
}

/// Puts a space between any two hash signs: an older form of commands begins with them, even in the
/// middle of a line.
fn escape_commands(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            if c == '#' && out.ends_with('#') {
                out.push(' ');
            }
            out.push(c);
            out
        })
}

/// Escapes for GitHub and Azure, which differ in the percent sign.
fn percent_escaped(text: &str, percent: &str) -> String {
    text.replace('%', percent)
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes for `TeamCity`.
fn bar_escaped(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '|' | '\'' | '[' | ']' => out.extend(['|', c]),
                '\n' => out.push_str("|n"),
                '\r' => out.push_str("|r"),
                c if c.is_ascii() => out.push(c),
                c => out.extend(
                    c.encode_utf16(&mut [0; 2])
                        .iter()
                        .map(|unit| format!("|0x{unit:04X}")),
                ),
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_gets_a_warning_in_its_format() {
        let line = |form: Form, level| form.line(level, "50% of\nit's [é] gone").unwrap();
        assert_eq!(
            line(Form::GitHub, Level::Warning),
            "::warning title=deploytrack::50%25 of%0Ait's [é] gone"
        );
        assert_eq!(
            line(Form::Azure, Level::Error),
            "##vso[task.logissue type=error]50%AZP25 of%0Ait's [é] gone"
        );
        let text = "50% of|nit|'s |[|0x00E9|] gone";
        assert_eq!(
            line(Form::TeamCity, Level::Warning),
            format!("##teamcity[message text='{text}' status='WARNING']")
        );
        assert_eq!(Form::Plain.line(Level::Error, "x"), None);
    }

    /// Random texts of pieces of commands, from a fixed seed.
    fn hostile() -> impl Iterator<Item = String> {
        const PIECES: [&str; 16] = [
            "\n",
            "\r",
            "::",
            "::error::",
            "##",
            "#",
            "###",
            "[",
            "]",
            "##vso[",
            "##teamcity[",
            "'",
            "|",
            "%0A",
            "%",
            "set-env name=X",
        ];
        let mut seed = 0x9e37_79b9_u64;
        let mut next = move || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap()
        };
        (0..5_000).map(move |_| {
            (0..next() % 9)
                .map(|_| PIECES[next() % PIECES.len()])
                .collect()
        })
    }

    #[test]
    fn no_text_starts_a_second_command() {
        for text in hostile() {
            for form in [Form::GitHub, Form::Azure, Form::TeamCity] {
                let line = form.line(Level::Warning, &text).unwrap();
                assert!(!line.contains(['\n', '\r']), "{line:?}");
                assert!(!line[1..].contains("##"), "{line:?}");
            }
            // TeamCity's message must end where ours does: no quote or bracket of the text is
            // unescaped.
            let line = Form::TeamCity.line(Level::Warning, &text).unwrap();
            let text = line
                .strip_prefix("##teamcity[message text='")
                .unwrap()
                .strip_suffix("' status='WARNING']")
                .unwrap();
            assert!(
                !text
                    .replace("||", "")
                    .replace("|'", "")
                    .replace("|[", "")
                    .replace("|]", "")
                    .contains(['\'', '[', ']']),
                "{line:?}"
            );
        }
    }
}
