//! A cached token must not make any other token valid.

use std::thread;

use super::*;

fn signed(subject: &str, roles: &[&str]) -> String {
    let mut claims = with("sub", json!(subject));
    claims["roles"] = json!(roles);
    sign(Algorithm::HS256, &claims, BYTES)
}

/// A verifier that has cached this token.
fn verifier_with(token: &str) -> Verifier {
    let verifier = Verifier::new(&secret());
    assert!(verifier.check(token, now()).is_ok());
    assert_eq!(verifier.cache.len(), 1);
    verifier
}

#[test]
fn a_cached_token_is_valid_for_as_long_as_an_uncached_one() {
    let token = sign(
        Algorithm::HS256,
        &with("nbf", json!(now().timestamp())),
        BYTES,
    );
    let verifier = verifier_with(&token);
    for offset in [-120, -61, -60, 0, 3600, 3659, 3660, 1_000_000, 0] {
        let at = now() + chrono::TimeDelta::seconds(offset);
        let uncached = Verifier::new(&secret()).check(&token, at).is_ok();
        assert_eq!(
            verifier.check(&token, at).is_ok(),
            uncached,
            "{offset} seconds later"
        );
        assert_eq!(
            uncached,
            (-60..3660).contains(&offset),
            "{offset} seconds later"
        );
    }
}

#[test]
fn a_token_from_the_future_is_not_cached_before_its_time() {
    let token = sign(
        Algorithm::HS256,
        &with("nbf", json!(now().timestamp() + 600)),
        BYTES,
    );
    let verifier = Verifier::new(&secret());
    assert!(verifier.check(&token, now()).is_err());
    assert_eq!(verifier.cache.len(), 0);
    assert!(
        verifier
            .check(&token, now() + Duration::from_mins(10))
            .is_ok()
    );
    assert!(
        verifier.check(&token, now()).is_err(),
        "the clock was put back"
    );
}

#[test]
fn a_token_that_only_resembles_a_cached_one_is_rejected() {
    let token = signed("ci-bot", &["admin"]);
    let verifier = verifier_with(&token);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let last = if signature.ends_with('A') { 'B' } else { 'A' };
    let reversed: String = signature.chars().rev().collect();
    for other in [
        message.to_owned(),
        format!("{message}."),
        format!("{message}.{reversed}"),
        format!("{message}.{}", "A".repeat(signature.len())),
        format!("{}{last}", &token[..token.len() - 1]),
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        format!("{token}."),
        format!("{token} "),
        token.to_ascii_lowercase(),
        sign(
            Algorithm::HS256,
            &valid(),
            b"another secret of more than 32 bytes",
        ),
    ] {
        assert!(verifier.check(&other, now()).is_err(), "{other}");
    }
    assert_eq!(verifier.cache.len(), 1, "rejected tokens are not cached");
    assert!(verifier.check(&token, now()).is_ok());
}

#[test]
fn claims_of_one_token_with_the_signature_of_another_are_rejected() {
    let (admin, reader) = (signed("ada", &["admin"]), signed("bob", &[]));
    let verifier = verifier_with(&admin);
    assert!(verifier.check(&reader, now()).is_ok());
    let (message, signature) = (
        admin.rsplit_once('.').unwrap().0,
        reader.rsplit_once('.').unwrap().1,
    );
    assert!(
        verifier
            .check(&format!("{message}.{signature}"), now())
            .is_err()
    );
}

#[test]
fn more_tokens_than_the_cache_can_hold_get_their_own_claims() {
    let verifier = Verifier::new(&secret());
    let tokens: Vec<_> = (0..3000)
        .map(|number| {
            (
                number,
                signed(
                    &format!("bot-{number}"),
                    if number % 3 == 0 { &["admin"] } else { &[] },
                ),
            )
        })
        .collect();
    for _ in 0..2 {
        for (number, token) in &tokens {
            let claims = verifier.check(token, now()).unwrap();
            assert_eq!(
                (claims.subject.as_str(), claims.role == Role::Admin),
                (format!("bot-{number}").as_str(), number % 3 == 0)
            );
        }
        assert!(
            (512..=1024).contains(&verifier.cache.len()),
            "{} are cached",
            verifier.cache.len()
        );
    }
}

#[test]
fn simultaneous_requests_get_their_own_claims() {
    let verifier = Verifier::new(&secret());
    thread::scope(|scope| {
        for client in 0..8 {
            let verifier = &verifier;
            scope.spawn(move || {
                let (subject, admin) = (format!("bot-{client}"), client % 2 == 0);
                let token = signed(&subject, if admin { &["admin"] } else { &[] });
                for round in 0..2000 {
                    let claims = verifier.check(&token, now()).unwrap();
                    assert_eq!(
                        (claims.subject.as_str(), claims.role == Role::Admin),
                        (subject.as_str(), admin)
                    );
                    // New tokens replace old ones in the cache.
                    verifier
                        .check(&signed(&format!("{subject}-{round}"), &[]), now())
                        .unwrap();
                }
            });
        }
    });
}
