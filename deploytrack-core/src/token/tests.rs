use chrono::DateTime;
use proptest::prelude::*;

use super::*;

fn at(minute: i64) -> Time {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

const LONGEST: TimeDelta = TimeDelta::days(1);

/// A token from minute 0 to minute 100.
fn token() -> StoredToken {
    StoredToken {
        token: Token {
            id: Uuid::nil(),
            name: "ci".parse().unwrap(),
            subject: "ci-bot".parse().unwrap(),
            role: Role::Writer,
            components: None,
            environments: None,
            created_by: "ada".parse().unwrap(),
            created_at: at(0),
            expires_at: at(100),
            rotated_at: None,
            former_ends_at: None,
            last_used_at: None,
            revoked_at: None,
        },
        secret: digest("first"),
        former: None,
        exchanged: false,
        origin: None,
    }
}

#[test]
fn a_token_is_valid_until_it_expires() {
    let token = token();
    let check = |minute| token.check(&digest("first"), at(minute));
    assert_eq!((check(0), check(99)), (Ok(()), Ok(())));
    assert_eq!(check(100), Err(TokenEnd::Expired));
    let other = token.check(&digest("other"), at(1));
    assert_eq!(other, Err(TokenEnd::Rotated));
}

#[test]
fn a_revoked_token_is_refused_on_every_clock_also_in_the_grace_of_a_rotation() {
    let mut token = token().rotated(digest("second"), TimeDelta::minutes(30), LONGEST, at(10));
    token.token.revoked_at = Some(at(20));
    for secret in ["first", "second"] {
        let check = |minute| token.check(&digest(secret), at(minute));
        assert_eq!(check(20), Err(TokenEnd::Revoked));
        assert_eq!(
            check(19),
            Err(TokenEnd::Revoked),
            "a server whose clock is behind"
        );
        assert_eq!(check(1000), Err(TokenEnd::Revoked));
    }
}

#[test]
fn a_rotation_renews_the_lifetime_and_leaves_the_former_secret_for_the_grace() {
    let token = token().rotated(digest("second"), TimeDelta::minutes(30), LONGEST, at(50));
    assert_eq!(token.token.expires_at, at(150));
    assert_eq!(token.check(&digest("second"), at(149)), Ok(()));
    assert_eq!(token.check(&digest("first"), at(79)), Ok(()));
    let ended = token.check(&digest("first"), at(80));
    assert_eq!(ended, Err(TokenEnd::Rotated));
}

#[test]
fn a_rotation_does_not_prolong_a_token_beyond_the_longest_lifetime() {
    let (grace, longest) = (TimeDelta::zero(), TimeDelta::minutes(20));
    let token = token().rotated(digest("second"), grace, longest, at(50));
    assert_eq!(token.token.expires_at, at(70));
}

#[test]
fn a_grace_of_zero_ends_the_former_secret_at_once() {
    let token = token().rotated(digest("second"), TimeDelta::zero(), LONGEST, at(50));
    let ended = token.check(&digest("first"), at(50));
    assert_eq!(ended, Err(TokenEnd::Rotated));
}

#[test]
fn a_grace_does_not_prolong_the_former_secret() {
    let token = token().rotated(digest("second"), TimeDelta::days(1), LONGEST, at(90));
    assert_eq!(token.token.former_ends_at, Some(at(100)));
}

#[test]
fn a_second_rotation_ends_the_first_secret_within_its_grace() {
    let once = token().rotated(digest("second"), TimeDelta::minutes(40), LONGEST, at(10));
    let twice = once.rotated(digest("third"), TimeDelta::minutes(40), LONGEST, at(20));
    let check = |secret| twice.check(&digest(secret), at(30));
    assert_eq!(check("first"), Err(TokenEnd::Rotated));
    assert_eq!((check("second"), check("third")), (Ok(()), Ok(())));
}

proptest! {
    /// However a token is rotated and revoked, a secret that was refused is never accepted again.
    #[test]
    fn a_refused_secret_stays_refused(
        rotations in proptest::collection::vec((1_i64..60, 0_i64..120), 0..6),
        revoked in proptest::option::of(0_i64..300),
    ) {
        let (mut token, mut now) = (token(), 0);
        let mut refused: Vec<Digest> = Vec::new();
        let mut secrets = vec![token.secret];
        for (number, (later, grace)) in rotations.into_iter().enumerate() {
            now += later;
            if token.token.end(at(now)).is_some() {
                break;
            }
            let next = digest(&number.to_string());
            token = token.rotated(next, TimeDelta::minutes(grace), LONGEST, at(now));
            secrets.push(next);
            prop_assert_eq!(token.check(&next, at(now)), Ok(()));
        }
        token.token.revoked_at = revoked.map(at);
        for minute in now..now + 300 {
            for secret in &secrets {
                match token.check(secret, at(minute)) {
                    Ok(()) => prop_assert!(!refused.contains(secret)),
                    Err(_) => refused.push(*secret),
                }
            }
            let valid = secrets.iter().filter(|one| token.check(one, at(minute)).is_ok());
            prop_assert!(valid.count() <= 2);
        }
    }
}
