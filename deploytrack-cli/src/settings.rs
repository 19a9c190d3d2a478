//! The server, the token and the timeout: from a flag, else a variable, else the config file, else
//! the default.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use deploytrack_core::client::{
    BadAddress, Certificates, Client, ClientSettings, Proxy, ServerAddress,
};

use crate::{
    error::Failure,
    exposure,
    flags::{Global, duration},
    keyless::{JobIdentity, Offer},
    process_env::ProcessEnv,
    profile::{ConfigFile, Profile},
    proxy, settings_file,
    text::{decode, trimmed},
};

/// The default address of a server on this machine.
const DEFAULT_URL: &str = "http://127.0.0.1:3000";
/// The origin of an address that is not in the config file yet.
const AS_GIVEN: &str = "as given";
/// The variable that allows to send a token without encryption.
const ALLOW_HTTP: &str = "DEPLOYTRACK_ALLOW_HTTP";
/// The default of `--timeout`.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The server and the token, each with its origin.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) url_from: String,
    pub(crate) token: Option<String>,
    pub(crate) token_from: String,
    /// The identity of this job, if there is no token.
    pub(crate) identity: Option<Arc<JobIdentity>>,
    timeout: Duration,
    certificates: Certificates,
    pub(crate) proxy: Option<Proxy>,
    /// Whether a token may be sent without encryption.
    allows_http: bool,
    /// Security warnings for standard error.
    pub(crate) warnings: Vec<String>,
}

/// The origins of the server's address and of the token, as the end of a sentence.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) has_token: bool,
}

impl Settings {
    pub(crate) fn sources(&self) -> Sources {
        Sources {
            url: self.url_from.clone(),
            token: self.token_from.clone(),
            has_token: self.token.is_some(),
        }
    }

    pub(crate) fn find(global: &Global, env: &ProcessEnv) -> Result<Self, Failure> {
        let profile = profile(global, env)?;
        let (url, url_from) = url(global, env, profile.as_ref());
        let server = address(&url, &url_from)?;
        let Token {
            text: token,
            from: token_from,
            file,
        } = token(global, env, profile.as_ref(), &url)?;
        let certificates = certificates(global, env, profile.as_ref())?;
        let proxy = proxy::of(&server, env)?;
        let timeout = answer_timeout(global, env)?.unwrap_or(DEFAULT_TIMEOUT);
        let settings = Self {
            url: server.to_string(),
            url_from,
            token,
            token_from,
            identity: None,
            timeout,
            certificates,
            proxy,
            allows_http: false,
            warnings: file.iter().filter_map(|path| exposure::of(path)).collect(),
        };
        let mut settings = settings.with_identity(global, env);
        if settings.token.is_some() || settings.offers_identity() {
            settings.warnings.extend(in_the_clear(&server, global, env));
        }
        Ok(settings)
    }

    /// The same settings with the identity of this job, if there is no token.
    fn with_identity(mut self, global: &Global, env: &ProcessEnv) -> Self {
        self.allows_http = allows_http(global, env);
        if self.token.is_none() {
            self.identity = self.identity_of_job(env);
        }
        let offer = self.identity.as_ref().map(|identity| identity.offer());
        if let Some(Offer::Token(source)) = offer {
            self.token_from = format!("with the identity of this job, from {source}");
        }
        self
    }

    /// The identity of this job, whether there is a token or not; none outside a job of a provider
    /// with identity tokens.
    pub(crate) fn identity_of_job(&self, env: &ProcessEnv) -> Option<Arc<JobIdentity>> {
        let server = self.anonymous().client_settings();
        JobIdentity::find(server, self.allows_http, env)
    }

    /// Whether there is no token, and this job has an identity token.
    pub(crate) fn offers_identity(&self) -> bool {
        let identity = self.identity.as_ref();
        identity.is_some_and(|identity| identity.offer().is_token())
    }

    /// The settings for a server and a token that are not in the config file yet.
    pub(crate) fn given(
        url: &str,
        token: &str,
        profile: &Profile,
        global: &Global,
        env: &ProcessEnv,
    ) -> Result<Self, Failure> {
        let server = address(url, AS_GIVEN)?;
        Ok(Self {
            url: server.to_string(),
            url_from: AS_GIVEN.to_owned(),
            token: Some(token.to_owned()),
            token_from: "with the given token".to_owned(),
            identity: None,
            timeout: answer_timeout(global, env)?.unwrap_or(DEFAULT_TIMEOUT),
            certificates: certificates(global, env, Some(profile))?,
            proxy: proxy::of(&server, env)?,
            allows_http: false,
            warnings: in_the_clear(&server, global, env).into_iter().collect(),
        })
    }

    /// The settings for a server on this machine, without a token.
    pub(crate) fn of_this_machine() -> Self {
        let (url, url_from, token_from) = (
            DEFAULT_URL.to_owned(),
            "the default".to_owned(),
            "without a token".to_owned(),
        );
        let (timeout, certificates) = (DEFAULT_TIMEOUT, Certificates::default());
        Self {
            url,
            url_from,
            token: None,
            token_from,
            identity: None,
            timeout,
            certificates,
            proxy: None,
            allows_http: false,
            warnings: Vec::new(),
        }
    }

    /// The same server without the token, for requests that need none and may reach an unknown
    /// server.
    pub(crate) fn anonymous(&self) -> Self {
        Self {
            token: None,
            identity: None,
            ..self.clone()
        }
    }

    /// The same settings with this timeout, for a connection that may be silent.
    pub(crate) fn silent_for(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// The time limit for one answer.
    pub(crate) const fn answer_timeout(&self) -> Duration {
        self.timeout
    }

    /// The sentence for `--verbose`; it never contains the token.
    pub(crate) fn described(&self) -> String {
        format!(
            "using {} ({}), {}",
            self.url, self.url_from, self.token_from
        )
    }

    pub(crate) fn client(self) -> Result<Client, Failure> {
        let client = Client::new(self.client_settings())?;
        Ok(match self.identity {
            Some(identity) => client.with_token_source(identity),
            None => client,
        })
    }

    fn client_settings(&self) -> ClientSettings {
        ClientSettings {
            url: self.url.clone(),
            token: self.token.clone(),
            timeout: self.timeout,
            user_agent: concat!("deploytrack/", env!("CARGO_PKG_VERSION")).to_owned(),
            certificates: self.certificates.clone(),
            proxy: self.proxy.clone(),
        }
    }
}

/// The time limit for one answer, if `--timeout` or `DEPLOYTRACK_TIMEOUT` sets it.
pub(crate) fn answer_timeout(
    global: &Global,
    env: &ProcessEnv,
) -> Result<Option<Duration>, Failure> {
    let variable = || env.variable("DEPLOYTRACK_TIMEOUT");
    let (None, Some(text)) = (global.timeout, variable()) else {
        return Ok(global.timeout);
    };
    duration(text)
        .map(Some)
        .map_err(|why| Failure::usage(format!("DEPLOYTRACK_TIMEOUT {why}, not '{text}'")))
}

/// The profile in `--profile` or `DEPLOYTRACK_PROFILE`.
pub(crate) fn profile_name<'a>(global: &'a Global, env: &'a ProcessEnv) -> Option<&'a str> {
    global
        .profile
        .as_deref()
        .filter(|name| !name.is_empty())
        .or_else(|| env.variable("DEPLOYTRACK_PROFILE"))
}

/// The flag, the variable or the file that names the profile in use.
pub(crate) fn profile_source(global: &Global, env: &ProcessEnv) -> &'static str {
    if global
        .profile
        .as_deref()
        .is_some_and(|name| !name.is_empty())
    {
        "--profile"
    } else if env.variable("DEPLOYTRACK_PROFILE").is_some() {
        "DEPLOYTRACK_PROFILE"
    } else {
        "the config file"
    }
}

/// The name of the profile that a login writes, which may be new, and the address of its server.
pub(crate) fn login_profile(
    file: &ConfigFile,
    global: &Global,
    env: &ProcessEnv,
) -> (String, String) {
    let asked = profile_name(global, env);
    let known = asked
        .or_else(|| file.current())
        .and_then(|name| file.profile(name));
    let (url, _) = url(global, env, known.as_ref());
    // A profile of another server must not change.
    let own = known
        .filter(|profile| profile.url.as_deref().is_none_or(|own| same(own, &url)))
        .map(|profile| profile.name);
    let name = asked
        .map(str::to_owned)
        .or(own)
        .unwrap_or_else(|| host(&url).to_owned());
    // The login itself rejects an unusable address.
    let url = url
        .parse::<ServerAddress>()
        .map_or(url, |server| server.to_string());
    (name, url)
}

/// The security warning for a login, before it asks for the token.
pub(crate) fn warning_of_login(global: &Global, env: &ProcessEnv) -> Option<String> {
    let (_, url) = login_profile(&ConfigFile::open(env).ok()?, global, env);
    in_the_clear(&url.parse().ok()?, global, env)
}

/// A client for the server in a flag or a variable, without a token; `None` without a usable
/// address.
pub(crate) fn named_server(global: &Global, env: &ProcessEnv) -> Option<Client> {
    let server = named_url(global, env)?.parse::<ServerAddress>().ok()?;
    let proxy = proxy::of(&server, env).ok().flatten();
    Settings {
        url: server.to_string(),
        proxy,
        ..Settings::of_this_machine()
    }
    .client()
    .ok()
}

/// The token of a command with invalid settings, if there is one: the spool is sealed with it.
pub(crate) fn named_token(global: &Global, env: &ProcessEnv) -> Option<String> {
    let profile = profile(global, env).ok().flatten();
    let (url, _) = url(global, env, profile.as_ref());
    token(global, env, profile.as_ref(), &url).ok()?.text
}

/// Parses an address; the error names its origin.
fn address(url: &str, from: &str) -> Result<ServerAddress, Failure> {
    url.parse().map_err(|error| {
        let failure = Failure::usage(format!("the address of the server ({from}) {error}"));
        match error {
            BadAddress::Credentials => failure
                .hint("put the token into DEPLOYTRACK_TOKEN or into the file of DEPLOYTRACK_TOKEN_FILE; `deploytrack login` stores it"),
            _ => failure,
        }
    })
}

/// Whether a token may be sent without encryption.
fn allows_http(global: &Global, env: &ProcessEnv) -> bool {
    global.allow_http
        || env
            .variable(ALLOW_HTTP)
            .is_some_and(|word| !matches!(word, "0" | "false" | "no"))
}

/// The warning about a token without encryption, unless it is allowed.
fn in_the_clear(server: &ServerAddress, global: &Global, env: &ProcessEnv) -> Option<String> {
    let is_safe = server.is_encrypted() || server.is_local() || allows_http(global, env);
    (!is_safe).then(|| {
        format!(
            "the token is sent to {server} without encryption, so others can read it on the way: give an https:// address, or \
             --allow-http ({ALLOW_HTTP}=1) in a private network"
        )
    })
}

/// The certificates in the file of `--cacert`, else in that of the profile.
fn certificates(
    global: &Global,
    env: &ProcessEnv,
    profile: Option<&Profile>,
) -> Result<Certificates, Failure> {
    let variable = || {
        env.path_variable("DEPLOYTRACK_CACERT")
            .map(|path| (path, "DEPLOYTRACK_CACERT"))
    };
    let given = global
        .cacert
        .clone()
        .map(|path| (path, "--cacert"))
        .or_else(variable);
    let of_profile = || {
        let profile = profile?;
        let path = profile.cacert.clone()?;
        Some((path, format!("cacert of the profile {}", profile.name)))
    };
    let given = given.map(|(path, from)| (path, from.to_owned()));
    match given.or_else(of_profile) {
        Some((path, from)) => certificates_in(&path, &from),
        None => Ok(Certificates::default()),
    }
}

/// The certificates of a server that this program itself runs.
#[cfg(feature = "serve")]
pub(crate) fn certificates_of(path: Option<&Path>) -> Result<Certificates, Failure> {
    path.map_or_else(
        || Ok(Certificates::default()),
        |path| certificates_in(path, "--tls-cert"),
    )
}

fn certificates_in(path: &Path, from: &str) -> Result<Certificates, Failure> {
    let path_from = format!("{} ({from})", path.display());
    let pem = settings_file::read(path).map_err(|error| {
        let failure = Failure::usage(format!(
            "cannot read the certificates from {path_from}: {error}"
        ));
        if path.is_dir() {
            failure
                .hint("this is a folder: give one file; `cat FOLDER/*.pem > FILE` joins all files")
        } else {
            failure
        }
    })?;
    // Windows shells write UTF-16, or a byte order mark.
    let pem = decode(pem.clone()).map_or(pem, |text| trimmed(&text).into());
    Certificates::from_pem(&pem).map_err(|error| Failure::usage(format!("{path_from} {error}")))
}

/// The host and the port of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn profile(global: &Global, env: &ProcessEnv) -> Result<Option<Profile>, Failure> {
    let asked = profile_name(global, env);
    let file = ConfigFile::open(env)?;
    let named = named_url(global, env).filter(|_| asked.is_none());
    if let Some(known) = named.and_then(|url| profile_of(url, &file)) {
        return Ok(Some(known));
    }
    let Some(name) = asked.or_else(|| file.current()) else {
        return Ok(None);
    };
    file.profile(name)
        .map(Some)
        .ok_or_else(|| file.unknown(name, profile_source(global, env)))
}

/// The profile of the server with this address; the current one, if it is for this server too.
fn profile_of(url: &str, file: &ConfigFile) -> Option<Profile> {
    let current = file.current().and_then(|name| file.profile(name));
    let mut all = current.into_iter().chain(file.all());
    all.find(|profile| is_same(profile.url.as_deref(), Some(url)))
}

/// The address in `--url` or `DEPLOYTRACK_URL`.
fn named_url<'a>(global: &'a Global, env: &'a ProcessEnv) -> Option<&'a str> {
    let flag = global.url.as_deref().filter(|url| !url.is_empty());
    flag.or_else(|| env.variable("DEPLOYTRACK_URL"))
}

fn url(global: &Global, env: &ProcessEnv, profile: Option<&Profile>) -> (String, String) {
    let of_profile = profile.and_then(|profile| {
        Some((
            profile.url.clone()?,
            format!("from the profile {}", profile.name),
        ))
    });
    // A flag wins over a variable, and so does the profile that a flag names.
    let of_named_profile = of_profile.clone().filter(|_| {
        global
            .profile
            .as_deref()
            .is_some_and(|name| !name.is_empty())
    });
    let variable = env
        .variable("DEPLOYTRACK_URL")
        .map(|url| (url.to_owned(), "from DEPLOYTRACK_URL".to_owned()));
    let flag = global
        .url
        .clone()
        .filter(|url| !url.is_empty())
        .map(|url| (url, "from --url".to_owned()));
    flag.or(of_named_profile)
        .or(variable)
        .or(of_profile)
        .unwrap_or_else(|| (DEFAULT_URL.to_owned(), "the default".to_owned()))
}

/// A token, its origin, and its file.
#[derive(Clone, Default)]
struct Token {
    text: Option<String>,
    from: String,
    file: Option<PathBuf>,
}

fn token(
    global: &Global,
    env: &ProcessEnv,
    profile: Option<&Profile>,
    url: &str,
) -> Result<Token, Failure> {
    // The token of a profile is only sent to the server of that profile.
    let own = profile.filter(|profile| profile.url.as_deref().is_some_and(|own| same(own, url)));
    let of_profile = own.and_then(|profile| {
        let from = format!("with the token of the profile {}", profile.name);
        Some(Token {
            text: Some(profile.token.clone()?),
            from,
            file: env.config_file(),
        })
    });
    if let (Some(found), true) = (
        &of_profile,
        global
            .profile
            .as_deref()
            .is_some_and(|name| !name.is_empty()),
    ) {
        return Ok(found.clone());
    }
    if let Some(token) = token_of_variables(env)? {
        return Ok(token);
    }
    Ok(of_profile.unwrap_or_else(|| Token {
        from: "without a token".to_owned(),
        ..Token::default()
    }))
}

/// The token in `DEPLOYTRACK_TOKEN`, or in the file of `DEPLOYTRACK_TOKEN_FILE`.
fn token_of_variables(env: &ProcessEnv) -> Result<Option<Token>, Failure> {
    if let Some(token) = env.variable("DEPLOYTRACK_TOKEN") {
        let from = "with the token from DEPLOYTRACK_TOKEN".to_owned();
        return Ok(Some(Token {
            text: Some(token.to_owned()),
            from,
            file: None,
        }));
    }
    let Some(path) = env.path_variable("DEPLOYTRACK_TOKEN_FILE") else {
        return Ok(None);
    };
    let shown = path.display();
    let token = settings_file::read(&path)
        .and_then(decode)
        .map_err(|error| {
            Failure::usage(format!(
                "cannot read the token from {shown} (DEPLOYTRACK_TOKEN_FILE): {error}"
            ))
        })?;
    Ok(Some(Token {
        text: Some(trimmed(&token).to_owned()),
        from: format!("with the token from {shown}"),
        file: Some(path.clone()),
    }))
}

/// Whether both addresses are given and name the same server.
pub(crate) fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| same(one, other))
}

/// Whether both addresses name the same server.
fn same(one: &str, other: &str) -> bool {
    match (one.parse::<ServerAddress>(), other.parse::<ServerAddress>()) {
        (Ok(one), Ok(other)) => one.as_str() == other.as_str(),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() -> Profile {
        Profile {
            name: "work".to_owned(),
            url: Some("https://tracker".to_owned()),
            token: Some("hush".to_owned()),
            cacert: None,
        }
    }

    fn env(variables: &[(&str, &str)]) -> ProcessEnv {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        ProcessEnv {
            variables,
            ..ProcessEnv::default()
        }
    }

    fn found(global: &Global, variables: &[(&str, &str)]) -> (String, Option<String>) {
        let env = env(variables);
        let (url, _) = url(global, &env, Some(&work()));
        let token = token(global, &env, Some(&work()), &url).unwrap();
        (url, token.text)
    }

    #[test]
    fn the_token_of_a_profile_is_only_for_the_server_of_the_profile() {
        let elsewhere = Global {
            url: Some("https://elsewhere".to_owned()),
            ..Global::default()
        };
        assert_eq!(
            found(&elsewhere, &[]),
            ("https://elsewhere".to_owned(), None)
        );
        assert_eq!(
            found(
                &Global::default(),
                &[("DEPLOYTRACK_URL", "https://elsewhere")]
            )
            .1,
            None
        );
        assert_eq!(
            found(
                &Global::default(),
                &[("DEPLOYTRACK_URL", "https://tracker/")]
            )
            .1
            .as_deref(),
            Some("hush")
        );
        assert_eq!(
            found(&Global::default(), &[]),
            ("https://tracker".to_owned(), Some("hush".to_owned()))
        );
    }

    #[test]
    fn a_server_that_is_named_by_its_address_has_its_profile() {
        let file = ConfigFile::of(
            "profile = \"work\"\n[profiles.a]\nurl = \"https://tracker/\"\n[profiles.other]\nurl = \"https://other\"\n\
             [profiles.work]\nurl = \"https://tracker\"\n",
        );
        let name = |url| profile_of(url, &file).map(|profile| profile.name);
        assert_eq!(name("https://tracker").as_deref(), Some("work"));
        assert_eq!(name("https://other/").as_deref(), Some("other"));
        assert_eq!(name("http://other"), None);
    }

    #[test]
    fn a_login_does_not_change_the_profile_of_another_server() {
        let file = ConfigFile::of(
            "profile = \"work\"\n[profiles.work]\nurl = \"https://tracker\"\ntoken = \"hush\"\n",
        );
        let login = |url: Option<&str>, profile: Option<&str>, variables| {
            let global = Global {
                url: url.map(str::to_owned),
                profile: profile.map(str::to_owned),
                ..Global::default()
            };
            login_profile(&file, &global, &env(variables))
        };
        let is = |name: &str, url: &str| (name.to_owned(), url.to_owned());
        assert_eq!(login(None, None, &[]), is("work", "https://tracker"));
        assert_eq!(
            login(Some("https://tracker/"), None, &[]),
            is("work", "https://tracker")
        );
        assert_eq!(
            login(Some("https://other:8443/path"), None, &[]),
            is("other:8443", "https://other:8443/path")
        );
        assert_eq!(
            login(None, None, &[("DEPLOYTRACK_URL", "http://other")]),
            is("other", "http://other")
        );
        assert_eq!(
            login(Some("https://other"), Some("new"), &[]),
            is("new", "https://other")
        );
        assert_eq!(login(None, Some("new"), &[]), is("new", DEFAULT_URL));
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
        let variables = [
            ("DEPLOYTRACK_URL", "https://variable"),
            ("DEPLOYTRACK_TOKEN", "variable"),
        ];
        assert_eq!(
            found(&Global::default(), &variables),
            ("https://variable".to_owned(), Some("variable".to_owned()))
        );
        let flag = Global {
            profile: Some("work".to_owned()),
            ..Global::default()
        };
        assert_eq!(
            found(&flag, &variables),
            ("https://tracker".to_owned(), Some("hush".to_owned()))
        );
    }
}
