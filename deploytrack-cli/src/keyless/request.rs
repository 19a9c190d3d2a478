//! The request for an identity token of GitHub Actions, GitHub Enterprise Server and Forgejo
//! Actions.

use deploytrack_core::client::{ClientSettings, Error, IdentityRequest, NoIdentity, ServerAddress};
use url::Url;

use super::offer::{REQUEST_TOKEN, REQUEST_URL};
use crate::{process_env::ProcessEnv, proxy};

/// Requests an identity token for this audience. `server` has the timeout and the certificates of
/// the own server, which are also those for the provider.
pub(super) async fn token(
    server: &ClientSettings,
    audience: &str,
    allows_http: bool,
    env: &ProcessEnv,
) -> Result<String, Error> {
    let url = env.variable(REQUEST_URL).unwrap_or_default();
    let host = host(url, allows_http).map_err(|why| {
        Error::NoIdentity(NoIdentity {
            why: format!("the address in {REQUEST_URL} {why}"),
            way_out: None,
            may_pass: false,
        })
    })?;
    let proxy = proxy::of(&host, env).map_err(|failure| Error::Setup(failure.summary().1))?;
    let settings = ClientSettings {
        url: url.to_owned(),
        token: env.variable(REQUEST_TOKEN).map(str::to_owned),
        proxy,
        ..server.clone()
    };
    IdentityRequest::new(settings, audience)?.send().await
}

/// The host of the provider, to which the token of the request is sent: by https, or to this
/// machine.
fn host(url: &str, allows_http: bool) -> Result<ServerAddress, String> {
    let mut url = Url::parse(url).map_err(|error| format!("is invalid: {error}"))?;
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    let host: ServerAddress = url
        .as_str()
        .parse()
        .map_err(|error| format!("is invalid: it {error}"))?;
    if host.is_encrypted() || host.is_local() || allows_http {
        Ok(host)
    } else {
        Err(format!(
            "is not used, because others could read the job's token on the way to {host}: it must begin with https://; in a \
             private network --allow-http (DEPLOYTRACK_ALLOW_HTTP=1) allows it"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_token_is_sent_by_https_or_to_this_machine() {
        for (url, allows_http, host_name) in [
            (
                "https://pipelines.example.com/a/b?api-version=2.0",
                false,
                "https://pipelines.example.com",
            ),
            (
                "https://ghes.example.com:8443/_services/x?y",
                false,
                "https://ghes.example.com:8443",
            ),
            ("http://127.0.0.1:9/x", false, "http://127.0.0.1:9"),
            (
                "http://forgejo/api?placeholder=true",
                true,
                "http://forgejo",
            ),
        ] {
            assert_eq!(host(url, allows_http).unwrap().as_str(), host_name);
        }
        for (url, why) in [
            ("http://forgejo/api", "must begin with https://"),
            ("ftp://host/x", "must begin with http:// or https://"),
            ("https://me:hush@host/x", "must not have a user name"),
            ("", "is invalid"),
        ] {
            let refusal = host(url, false).unwrap_err();
            assert!(
                refusal.contains(why) && !refusal.contains("hush"),
                "{url}: {refusal}"
            );
        }
    }
}
