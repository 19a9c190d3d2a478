//! The secrets of tokens: random texts that scanners of repositories recognise.
//!
//! A secret is `dtk_`, 30 random characters, and the CRC-32 of these in 6 characters, all of them of
//! base 62. That is the form of GitHub's tokens
//! (<https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>): a scanner
//! finds the prefix, and the checksum excludes other texts without asking the server.

use std::{fmt, str::FromStr};

use crate::{digest::Digest, invalid::Invalid};

/// The digits of base 62, in GitHub's order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The random characters: 178 bits.
const RANDOM: usize = 30;
/// The characters of the checksum.
const CHECKSUM: usize = 6;

/// The secret of a token. Its `Debug` does not contain it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

impl TokenSecret {
    /// The first characters of every secret.
    pub const PREFIX: &str = "dtk_";
    /// The number of characters.
    pub const LENGTH: usize = Self::PREFIX.len() + RANDOM + CHECKSUM;

    /// A secret from the random number generator of the system.
    ///
    /// # Errors
    /// The error of the generator.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self::of(bytes))
    }

    /// The secret that these random bytes make.
    #[must_use]
    pub fn of(mut random: [u8; 32]) -> Self {
        let text: String = (0..RANDOM).map(|_| digit(divide(&mut random))).collect();
        Self(format!("{}{text}{}", Self::PREFIX, checksum(&text)))
    }

    /// The text, for the one answer that contains it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The digest under which the token is stored.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// Whether a text has the form and the checksum of a secret.
    #[must_use]
    pub fn is_secret(text: &str) -> bool {
        let rest = text.strip_prefix(Self::PREFIX);
        let is_base62 = |rest: &&str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        rest.filter(is_base62)
            .and_then(|rest| rest.split_at_checked(RANDOM))
            .is_some_and(|(random, check)| checksum(random) == check)
    }
}

impl FromStr for TokenSecret {
    type Err = Invalid;

    /// Checks the form and the checksum.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if Self::is_secret(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid(
                "must be the secret of a token, which begins with dtk_",
            ))
        }
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(dtk_...)")
    }
}

/// Divides a number of 256 bits by 62, and returns the rest.
fn divide(number: &mut [u8; 32]) -> u32 {
    let mut rest = 0;
    for byte in number {
        let part = rest * 256 + u32::from(*byte);
        // The quotient fits: the rest before it is less than 62.
        *byte = u8::try_from(part / 62).unwrap_or(u8::MAX);
        rest = part % 62;
    }
    rest
}

fn digit(value: u32) -> char {
    let digit = usize::try_from(value)
        .ok()
        .and_then(|value| DIGITS.get(value));
    char::from(digit.copied().unwrap_or(b'0'))
}

fn checksum(random: &str) -> String {
    let mut rest = crc32fast::hash(random.as_bytes());
    let mut digits = ['0'; CHECKSUM];
    for place in digits.iter_mut().rev() {
        *place = digit(rest % 62);
        rest /= 62;
    }
    digits.iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_that_of_githubs_tokens() {
        // A published example: 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.
        assert_eq!(checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"), "0mLq17");
    }

    #[test]
    fn a_secret_is_the_base_62_of_its_bytes_and_does_not_appear_in_debug() {
        let secret = TokenSecret::of([0; 32]);
        assert!(
            secret
                .expose()
                .starts_with("dtk_000000000000000000000000000000")
        );
        let mut one = [0; 32];
        one[31] = 61;
        assert!(TokenSecret::of(one).expose().starts_with("dtk_z00000"));
        assert_eq!(format!("{secret:?}"), "TokenSecret(dtk_...)");
    }

    proptest! {
        #[test]
        fn every_secret_is_recognised_and_none_with_another_character(
            bytes in any::<[u8; 32]>(), at in 0..TokenSecret::LENGTH, other in any::<char>()
        ) {
            let secret = TokenSecret::of(bytes);
            prop_assert_eq!(secret.expose().len(), TokenSecret::LENGTH);
            prop_assert_eq!(secret.expose().parse(), Ok(secret.clone()));
            let mut wrong: Vec<char> = secret.expose().chars().collect();
            let changed = wrong[at] != other;
            wrong[at] = other;
            let wrong: String = wrong.into_iter().collect();
            prop_assert_eq!(TokenSecret::is_secret(&wrong), !changed);
        }

        #[test]
        fn other_texts_are_no_secrets(text in "(dtk_)?\\PC{0,50}") {
            prop_assert!(!TokenSecret::is_secret(&text));
        }
    }
}
