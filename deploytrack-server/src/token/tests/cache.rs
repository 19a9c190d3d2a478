//! What was good once must not make anything else good.

use std::thread;

use super::*;

fn signed(subject: &str, roles: &[&str]) -> String {
    let mut claims = with("sub", json!(subject));
    claims["roles"] = json!(roles);
    sign(Algorithm::HS256, &claims, BYTES)
}

/// A verifier that has found this token good.
fn knowing(token: &str) -> Verifier {
    let verifier = Verifier::new(&secret());
    assert!(verifier.check(token, now()).is_ok());
    assert_eq!(verifier.known.len(), 1);
    verifier
}

#[test]
fn a_remembered_token_is_good_for_as_long_as_an_unknown_one() {
    let token = sign(Algorithm::HS256, &with("nbf", json!(now().timestamp())), BYTES);
    let verifier = knowing(&token);
    for offset in [-120, -61, -60, 0, 3600, 3659, 3660, 1_000_000, 0] {
        let at = now() + chrono::TimeDelta::seconds(offset);
        let unknown = Verifier::new(&secret()).check(&token, at).is_ok();
        assert_eq!(verifier.check(&token, at).is_ok(), unknown, "{offset} seconds later");
        assert_eq!(unknown, (-60..3660).contains(&offset), "{offset} seconds later");
    }
}

#[test]
fn a_token_from_the_future_is_not_remembered_before_its_time() {
    let token = sign(Algorithm::HS256, &with("nbf", json!(now().timestamp() + 600)), BYTES);
    let verifier = Verifier::new(&secret());
    assert!(verifier.check(&token, now()).is_err());
    assert_eq!(verifier.known.len(), 0);
    assert!(verifier.check(&token, now() + Duration::from_mins(10)).is_ok());
    assert!(verifier.check(&token, now()).is_err(), "the clock was put back");
}

#[test]
fn a_token_that_only_resembles_a_remembered_one_is_refused() {
    let token = signed("ci-bot", &[ADMIN]);
    let verifier = knowing(&token);
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
        sign(Algorithm::HS256, &good(), b"another secret of more than 32 bytes"),
    ] {
        assert!(verifier.check(&other, now()).is_err(), "{other}");
    }
    assert_eq!(verifier.known.len(), 1, "nothing that was refused is remembered");
    assert!(verifier.check(&token, now()).is_ok());
}

#[test]
fn claims_of_one_token_under_the_signature_of_another_are_refused() {
    let (admin, reader) = (signed("ada", &[ADMIN]), signed("bob", &[]));
    let verifier = knowing(&admin);
    assert!(verifier.check(&reader, now()).is_ok());
    let (message, signature) = (admin.rsplit_once('.').unwrap().0, reader.rsplit_once('.').unwrap().1);
    assert!(verifier.check(&format!("{message}.{signature}"), now()).is_err());
}

#[test]
fn more_tokens_than_there_is_room_for_are_all_answered_rightly() {
    let verifier = Verifier::new(&secret());
    let tokens: Vec<_> =
        (0..3000).map(|number| (number, signed(&format!("bot-{number}"), if number % 3 == 0 { &[ADMIN] } else { &[] }))).collect();
    for _ in 0..2 {
        for (number, token) in &tokens {
            let bearer = verifier.check(token, now()).unwrap();
            assert_eq!((bearer.subject.as_str(), bearer.admin), (format!("bot-{number}").as_str(), number % 3 == 0));
        }
        assert!((512..=1024).contains(&verifier.known.len()), "{} are remembered", verifier.known.len());
    }
}

#[test]
fn simultaneous_callers_keep_their_own_roles() {
    let verifier = Verifier::new(&secret());
    thread::scope(|scope| {
        for caller in 0..8 {
            let verifier = &verifier;
            scope.spawn(move || {
                let (subject, admin) = (format!("bot-{caller}"), caller % 2 == 0);
                let token = signed(&subject, if admin { &[ADMIN] } else { &[] });
                for round in 0..2000 {
                    let bearer = verifier.check(&token, now()).unwrap();
                    assert_eq!((bearer.subject.as_str(), bearer.admin), (subject.as_str(), admin));
                    // New tokens push old ones out meanwhile.
                    verifier.check(&signed(&format!("{subject}-{round}"), &[]), now()).unwrap();
                }
            });
        }
    });
}
