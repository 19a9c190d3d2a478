//! `deploytrack open`: opens the server's pages in a browser, logged in.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    time::Duration,
};

use deploytrack_core::{catalog::Reference, client, text::Name};
use tempfile::NamedTempFile;
use tokio::{signal, time::sleep};
use webbrowser::{Browser, BrowserOptions};

use crate::{error::Failure, exit::Exit, session::Session, settings::Settings};

/// How long the redirect file exists, so that a browser can read it.
const FOR_THE_BROWSER: Duration = Duration::from_secs(10);

/// Open the server's pages in a browser, logged in
///
/// The browser gets a code that logs in once, within a minute, in the fragment of the address,
/// which is not sent to any server. It stays logged in until the token ends or you log out there.
/// The code is not on a command line, where others on this machine could read it: the browser opens
/// a file in the home that only you can read and that is deleted after 10 seconds. Set BROWSER to
/// use another browser.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack open
  deploytrack open --component user-service --environment production
  deploytrack open --print")]
pub(crate) struct Open {
    /// Show the deployments of this component
    #[arg(short, long, value_name = "NAME|ID")]
    component: Option<Reference>,
    /// Show the deployments to this environment
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Option<Reference>,
    /// Print the address, with the code, instead of opening it
    #[arg(long)]
    print: bool,
}

pub(crate) async fn run(open: Open, session: &mut Session<'_>) -> Result<(), Failure> {
    let settings = session
        .settings
        .clone()
        .unwrap_or_else(Settings::of_this_machine);
    if settings.token.is_none() && !settings.offers_identity() {
        return Err(
            Failure::new(Exit::Unauthorised, "there is no token to log in with")
                .hint("`deploytrack login` stores one"),
        );
    }
    let filter = page_filter(&open, session).await?;
    let code = code(session).await?;
    let address = address(&settings.url, &code, &filter)?;
    if open.print {
        return session.line(&address);
    }
    let file = redirect(&address).map_err(|error| {
        Failure::usage(format!(
            "cannot write the file that redirects the browser: {error}"
        ))
    })?;
    open_in_browser(&file).await.map_err(|error| {
        Failure::usage(format!("cannot open a browser: {error}"))
            .hint("`deploytrack open --print` prints the address to open elsewhere")
    })?;
    session.note(&format!(
        "opening {}; the command ends after 10 seconds, when the browser has read the address",
        settings.url
    ))?;
    tokio::select! {
        () = sleep(FOR_THE_BROWSER) => Ok(()),
        _ = signal::ctrl_c() => Ok(()),
    }
}

/// Asks the server for a code.
async fn code(session: &Session<'_>) -> Result<String, Failure> {
    match session.client.login_code().await {
        Ok(answer) => Ok(answer.value.code),
        Err(client::Error::Refused(problem)) if matches!(problem.status, 404 | 405) => Err(
            Failure::usage("this server is older than this command and issues no codes to log in")
                .hint("update the server, or paste the token on its page"),
        ),
        Err(error) => Err(error.into()),
    }
}

/// The filter of the page.
#[derive(Debug)]
struct PageFilter {
    component: Option<Name>,
    environment: Option<Name>,
}

/// The filter from the flags; its component and its environment must exist.
async fn page_filter(open: &Open, session: &Session<'_>) -> Result<PageFilter, Failure> {
    let component = match &open.component {
        Some(component) => Some(session.component(component).await?.name),
        None => None,
    };
    let environment = match &open.environment {
        Some(environment) => Some(session.environment(environment).await?.name),
        None => None,
    };
    Ok(PageFilter {
        component,
        environment,
    })
}

/// The address of a page, with the code in its fragment.
fn address(url: &str, code: &str, filter: &PageFilter) -> Result<String, Failure> {
    let encoded = |pairs: &[(&str, &str)]| {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    };
    let names = [
        ("component", &filter.component),
        ("environment", &filter.environment),
    ];
    let chosen: Vec<_> = names
        .iter()
        .filter_map(|(key, name)| Some((*key, name.as_ref()?.as_str())))
        .collect();
    let page = if chosen.is_empty() {
        String::new()
    } else {
        format!("changes?{}", encoded(&chosen))
    };
    with_fragment(url, &encoded(&[("code", code), ("to", &page)]))
}

/// The address of the server's pages with this fragment.
pub(super) fn with_fragment(url: &str, fragment: &str) -> Result<String, Failure> {
    let mut address = url::Url::parse(url)
        .map_err(|why| Failure::usage(format!("{url} is not an address: {why}")))?;
    if !address.path().ends_with('/') {
        address.set_path(&format!("{}/", address.path()));
    }
    address.set_fragment(Some(fragment));
    Ok(address.into())
}

/// A page that redirects to an address, in a file that only the owner can read. The file is in the
/// home and not hidden: a sandboxed browser can read nothing else.
fn redirect(address: &str) -> io::Result<NamedTempFile> {
    let folder = std::env::home_dir()
        .filter(|home| home.is_dir())
        .unwrap_or_else(std::env::temp_dir);
    let mut file = tempfile::Builder::new()
        .prefix("deploytrack-open-")
        .suffix(".html")
        .tempfile_in(folder)?;
    // Of the characters of an address, only these are special in an attribute.
    let address = address.replace('&', "&amp;").replace('"', "&quot;");
    write!(
        file,
        "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url={address}\"><title>deploytrack</title>"
    )?;
    file.flush()?;
    Ok(file)
}

/// Opens the file in the browser.
async fn open_in_browser(file: &NamedTempFile) -> io::Result<()> {
    let path: PathBuf = file.path().to_owned();
    let address = url::Url::from_file_path(path)
        .map_err(|()| io::Error::other("the home directory is not an absolute path"))?;
    let open = move || {
        webbrowser::open_browser_with_options(
            Browser::Default,
            address.as_str(),
            BrowserOptions::new().with_suppress_output(true),
        )
    };
    tokio::task::spawn_blocking(open)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_filter(component: Option<&str>, environment: Option<&str>) -> PageFilter {
        let name = |name: &str| name.parse().unwrap();
        PageFilter {
            component: component.map(name),
            environment: environment.map(name),
        }
    }

    #[test]
    fn the_code_is_only_in_the_fragment() {
        let of = |url: &str, filter: &PageFilter| address(url, "a.b-c_d", filter).unwrap();
        assert_eq!(
            of("http://127.0.0.1:3000", &page_filter(None, None)),
            "http://127.0.0.1:3000/#code=a.b-c_d&to="
        );
        assert_eq!(
            of("https://host/deploytrack", &page_filter(None, None)),
            "https://host/deploytrack/#code=a.b-c_d&to="
        );
        assert_eq!(
            of(
                "https://host/",
                &page_filter(Some("eu/api"), Some("production"))
            ),
            "https://host/#code=a.b-c_d&to=changes%3Fcomponent%3Deu%252Fapi%26environment%3Dproduction"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private_and_is_deleted() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = redirect("http://host/#code=a&to=\"x").unwrap();
        assert_eq!(
            file.as_file().metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
        let path = file.path().to_owned();
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .contains("url=http://host/#code=a&amp;to=&quot;x\"")
        );
        drop(file);
        assert!(!path.exists());
    }
}
