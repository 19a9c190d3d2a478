//! Texts that are no token: other numbers of parts, other alphabets, changed bytes.

use jsonwebtoken::Algorithm;

use super::{
    Forgery, good_claims, good_token,
    keys::{base64, hmac, message},
};

pub(super) fn forgeries() -> Vec<Forgery> {
    let good = good_token();
    let parts: Vec<_> = good.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let mut all = changed(&good);
    let mut add = |name: &str, token: String| all.push(Forgery::new(name, token));
    add("one part", header.to_owned());
    add("two parts", format!("{header}.{claims}"));
    add("four parts", format!("{good}.{signature}"));
    add("five parts", format!("{good}.{claims}.{signature}"));
    add("an empty first part", format!(".{claims}.{signature}"));
    add("an empty second part", format!("{header}..{signature}"));
    add("dots alone", "..".to_owned());
    add("nothing", String::new());
    add("a dot in front", format!(".{good}"));
    add("a dot behind", format!("{good}."));
    add(
        "the parts in another order",
        format!("{claims}.{header}.{signature}"),
    );
    add("padding", format!("{good}="));
    add(
        "padding in the middle",
        format!("{header}=.{claims}.{signature}"),
    );
    add("a blank inside", format!("{header}. {claims}.{signature}"));
    add("a tab inside", format!("{header}.\t{claims}.{signature}"));
    add("a comma behind", format!("{good},"));
    add("two tokens", format!("{good},{good}"));
    add("two tokens with a blank", format!("{good} {good}"));
    add("quotes", format!("\"{good}\""));
    add("the scheme twice", format!("Bearer {good}"));
    add("percent signs", good.replace('.', "%2E"));
    add(
        "the other alphabet",
        format!("{header}.{claims}.{}+", &signature[1..]),
    );
    add("another case", good.to_uppercase());
    add("reversed", good.chars().rev().collect());
    add(
        "too long",
        format!("{header}.{}.{signature}", base64("x".repeat(8 * 1024))),
    );
    add(
        "the secret itself",
        deploytrack_tests::caller::SECRET.to_owned(),
    );
    add("the word null", "null".to_owned());
    add("the word undefined", "undefined".to_owned());
    add("a placeholder", "$TOKEN".to_owned());
    add(
        "a code of a session",
        "dtc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    );
    add(
        "a link of a wall",
        "dtw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    );
    for (name, token) in stored() {
        add(name, token);
    }
    let mut other = good_claims();
    other["sub"] = "root".into();
    add(
        "other claims under the signature",
        format!("{header}.{}.{signature}", base64(other.to_string())),
    );
    for (name, secret) in [
        ("an empty secret", ""),
        (
            "the secret in capitals",
            "A-SECRET-FOR-TESTS-OF-THIRTY-TWO-BYTES",
        ),
        (
            "the secret with a line break",
            "a-secret-for-tests-of-thirty-two-bytes\n",
        ),
        (
            "the start of the secret",
            "a-secret-for-tests-of-thirty-two",
        ),
        ("a usual secret", "your-256-bit-secret"),
    ] {
        let message = message(r#"{"alg":"HS256"}"#, &good_claims().to_string());
        let signature = hmac(&message, secret.as_bytes(), Algorithm::HS256);
        add(
            &format!("signed with {name}"),
            format!("{message}.{signature}"),
        );
    }
    all
}

/// Texts that look like a token of which the server stores the digest: `dtk_`, 30 characters, and 6 of
/// their CRC-32. None of them was issued.
fn stored() -> Vec<(&'static str, String)> {
    let random = "0123456789ABCDEFGHIJKLMNOPabcd";
    let right = format!("dtk_{random}{}", checksum(random));
    vec![
        ("a stored token that was not issued", right.clone()),
        (
            "a stored token with another checksum",
            format!("dtk_{random}000000"),
        ),
        (
            "a stored token that is too short",
            right[..right.len() - 1].to_owned(),
        ),
        ("a stored token that is too long", format!("{right}0")),
        (
            "a stored token without its checksum",
            format!("dtk_{random}"),
        ),
        ("a stored token alone in its prefix", "dtk_".to_owned()),
        (
            "a stored token with another prefix",
            right.replace("dtk_", "DTK_"),
        ),
        (
            "a stored token of another program",
            right.replace("dtk_", "ghp_"),
        ),
        (
            "a stored token with a character of no digit",
            right.replace('P', "-"),
        ),
        (
            "a stored token with a letter of another alphabet",
            right.replace('a', "%D0%B0"),
        ),
        (
            "a stored token as the claims of another",
            format!("e30.{right}.e30"),
        ),
    ]
}

/// The CRC-32 (IEEE 802.3) of a text as 6 digits of base 62.
fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut crc = text.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    });
    crc = !crc;
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.push(char::from(DIGITS[(crc % 62) as usize]));
        crc /= 62;
    }
    digits.into_iter().rev().collect()
}

/// The good token with one character changed, and with its signature cut off.
fn changed(good: &str) -> Vec<Forgery> {
    let mut all = Vec::new();
    for at in (0..good.len()).step_by(13) {
        let other = if &good[at..=at] == "A" { "B" } else { "A" };
        if &good[at..=at] != "." {
            let mut token = good.to_owned();
            token.replace_range(at..=at, other);
            all.push(Forgery::new(format!("the character {at} changed"), token));
        }
    }
    for cut in [1, 2, 3, 10, 42] {
        let token = good[..good.len() - cut].to_owned();
        all.push(Forgery::new(format!("{cut} characters cut off"), token));
    }
    // The last character of 32 bytes in base64 has two bits that mean nothing, and must be 0.
    let last = good.chars().next_back().unwrap();
    let beside = |last: char| char::from_u32(u32::from(last) + 1).unwrap();
    let token = format!("{}{}", &good[..good.len() - 1], beside(last));
    all.push(Forgery::new(
        "another last character of the signature",
        token,
    ));
    all
}
