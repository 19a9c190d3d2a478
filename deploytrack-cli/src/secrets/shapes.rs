//! Texts that are secret by their form.

use std::{ops::Range, sync::LazyLock};

use regex::{Regex, RegexBuilder};

/// Tokens with the prefix of a service. The secret is each group, or the whole match if there is
/// none. Tokens are ASCII: the classes of Unicode, repeated, would take most of the time of a start.
const TOKENS: &str = concat!(
    r"(?-u)\b(?:gh[a-z]_[A-Za-z0-9]{16,}|dtk_[A-Za-z0-9]{36}|github_pat_\w{20,}|gl[a-z]{2,6}-[\w.-]{16,}",
    r"|A(?:3T|KI|SI|BI|CC|RO|ID)A[A-Z0-9]{12,}|AIza[\w-]{30,}|ya29\.[\w.-]{16,}|LTAI[A-Za-z0-9]{12,}",
    r"|xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|[srp]k_(?:live|test)_\w{10,}|whsec_\w{10,}|sk-[\w-]{16,}",
    r"|eyJ[\w-]{6,}(?:\.[\w-]*){0,4}|npm_\w{16,}|pypi-[\w-]{16,}|rubygems_\w{16,}|dckr_[a-z]+_[\w-]{10,}|do[a-z]_v1_\w{16,}",
    r"|hv[a-z]\.[\w-]{16,}|SG\.[\w-]{8,}\.[\w-]{8,}|shp[a-z]{2}_\w{16,}|gls?[ac]_\w{16,}|sntr[a-z]+_[\w=+/-]{16,}|lin_api_\w{16,}",
    r"|bk[a-z]{2}_[\w-]{16,}|CCI[A-Z]{3}_\w{16,}|AT[A-Z]{2}[T3B]?[\w=-]{24,}|PMAK-[\w-]{16,}|HRKU-[\w-]{16,}|figd_[\w-]{16,}",
    r"|AGE-SECRET-KEY-[A-Z0-9]{16,}|oy2[a-z0-9]{40,}|dapi[a-f0-9]{32}|tfp_\w{16,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{16,})",
);
const HOOKS: &str = r"(?i)https://(?:hooks\.slack\.com|(?:\w+\.)?discord(?:app)?\.com/api/webhooks|[\w.-]+\.webhook\.office\.com)(/[^\s]+)";
/// A user and a password, or a token in their place, up to the last character that can end them.
const ADDRESSES: &str = r"(?i)\b[a-z][a-z0-9+.-]*://(?:[^\s/@:?#]*:([^\s]+)|([^\s/@:?#]{6,}))@";
const PEM: &str = r"(?s)(-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\z))";
/// The end of a PEM block whose beginning is gone.
const PEM_END: &str = r"((?:[A-Za-z0-9+/=]{16,}\s+){1,}[A-Za-z0-9+/=]*\s*-----END [A-Z0-9 ]+-----)";
const HEADERS: &str = concat!(
    r#"(?i)\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?([^\r\n"']+)"#,
    r#"|\b(?:bearer|basic|negotiate|digest)\s+([A-Za-z0-9+/=._~-]{6,})"#,
    r#"|\b(?:private-token|job-token|deploy-token|api-?key|x-[\w-]*(?:token|key|auth|secret)[\w-]*|(?:set-)?cookie)["']?\s*:\s*["']?([^\r\n"']+)"#,
);
const FIELDS: &str = concat!(
    r#"(?i)[\w.-]*(?:passw(?:or)?d|passwd|passphrase|\bpwd|secret|token|api_?-?key|access_?-?key|account_?-?key|shared_?access_?key|"#,
    r#"private_?-?key|credential|signature|\bsig|connection_?string)[\w.-]*["']?\s*(?:=>|:=|[:=])\s*"#,
    r#"(?:"((?:[^"\\]|\\.)+)"|'([^']+)'|([^\s"';&,]+))"#,
);
const FLAGS: &str = concat!(
    r#"(?i)(?:^|\s)--?[\w-]*(?:password|passwd|passphrase|token|secret|api-?key|access-?key)[\s=]+(?:"([^"]+)"|'([^']+)'|([^\s"']+))"#,
    r#"|(?:^|\s)(?:-u|--user|--proxy-user)[\s=]*["']?[^\s:"']+:([^\s"']+)"#,
    r"|\blogin\s+\S+\s+password\s+(\S+)|\bmysql\w*\s(?:.*\s)?-p(\S+)",
);
/// A whole line of base64, such as a key without its header.
const LINES: &str = r"(?m)^\s*([A-Za-z0-9+/]{60,}={0,2})\s*$";

static CERTAIN: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [TOKENS, HOOKS, ADDRESSES, PEM, PEM_END]
        .map(compiled)
        .into()
});
static LIKELY: LazyLock<Vec<Regex>> =
    LazyLock::new(|| [HEADERS, FIELDS, FLAGS, LINES].map(compiled).into());

/// Compiles a pattern of this file or its siblings.
pub(super) fn compiled(pattern: &str) -> Regex {
    // Every pattern is tested. An invalid one would mask nothing.
    let nothing = || Regex::new("").unwrap_or_else(|_| unreachable!());
    RegexBuilder::new(pattern)
        .size_limit(64 * 1024 * 1024)
        .build()
        .unwrap_or_else(|_| nothing())
}

/// The ranges of a log that are secret by their form, or by the text before them.
pub(super) fn of_a_log(text: &str) -> Vec<Range<usize>> {
    let likely = LIKELY
        .iter()
        .flat_map(|shape| found(shape, text))
        .filter(|range| !is_digest(&text[range.clone()]));
    of_a_text(text).into_iter().chain(likely).collect()
}

/// The ranges of a text that are secret by their form.
pub(super) fn of_a_text(text: &str) -> Vec<Range<usize>> {
    CERTAIN
        .iter()
        .flat_map(|shape| found(shape, text))
        .collect()
}

fn found(shape: &Regex, text: &str) -> Vec<Range<usize>> {
    let groups = |captures: regex::Captures<'_>| {
        let groups: Vec<_> = captures
            .iter()
            .skip(1)
            .flatten()
            .map(|group| group.range())
            .collect();
        if shape.captures_len() == 1 {
            captures
                .get(0)
                .map(|all| vec![all.range()])
                .unwrap_or_default()
        } else {
            groups
        }
    };
    shape.captures_iter(text).flat_map(groups).collect()
}

/// Whether it is a digest of some content, which is public.
fn is_digest(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit()) && [64, 96, 128].contains(&text.len())
}
