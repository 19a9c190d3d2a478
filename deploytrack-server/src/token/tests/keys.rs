//! Keys against the examples of the standards.

use super::*;

/// The key and the token of RFC 7515, appendix A.2.
const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

#[test]
fn the_example_of_rfc_7515_has_a_valid_signature_and_a_changed_one_has_none() {
    let keys = Key::in_file(RSA.as_bytes()).unwrap();
    assert_eq!(keys.len(), 1);
    let secret = secret().accepting(keys);
    let is_signed = |token: &str| Verifier::new(&secret).is_signed(token);
    assert!(is_signed(TOKEN));
    for (at, _) in TOKEN.char_indices().filter(|(at, _)| at % 37 == 5) {
        let mut changed = TOKEN.to_owned();
        let other = if &changed[at..=at] == "A" { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        assert!(!is_signed(&changed), "{at}");
    }
}

#[test]
fn a_session_ends_when_the_other_keys_change() {
    let fingerprint = |secret: &Secret| *Verifier::new(secret).fingerprint();
    let alone = fingerprint(&secret());
    let with = fingerprint(&secret().accepting(Key::in_file(RSA.as_bytes()).unwrap()));
    assert_eq!(alone, fingerprint(&secret().accepting(Vec::new())));
    assert_ne!(alone, with);
}
