//! A real browser: headless Chromium, driven through chromedriver (W3C `WebDriver`).
//!
//! The driver is started once per test program and is killed with it, together with its browsers.
//! Each test has its own browser with an empty profile. After the test, the errors and the requests
//! of the page are checked.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{caller::Caller, program::on_path};

const HOW: &str = "Chromium and its driver are not installed. Install them (Debian, Ubuntu: apt-get install chromium chromium-driver; or run \
    scripts/test, which does), or leave these tests out on purpose with DEPLOYTRACK_TEST_BROWSER=skip";
/// How long a condition on a page may take to hold. Long, because the machine may be building at
/// the same time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the driver, and kills it and its browsers when standard input closes.
const SUPERVISOR: &str = include_str!("../harness/browser.sh");

/// The driver of this test program.
struct Driver {
    url: String,
    /// The profiles of its browsers.
    folder: PathBuf,
    /// Its standard input closes when this process ends; then it kills the driver.
    _supervisor: Child,
}

/// The driver; `None` when the tests in a browser are skipped on purpose.
fn driver() -> Option<&'static Driver> {
    static DRIVER: OnceLock<Option<Driver>> = OnceLock::new();
    let find = || {
        let is_skipped = std::env::var("DEPLOYTRACK_TEST_BROWSER").is_ok_and(|word| word == "skip");
        (!is_skipped).then(|| start(&on_path("chromedriver").expect(HOW)))
    };
    DRIVER.get_or_init(find).as_ref()
}

/// A place for each browser that may run at the same time: one for each processor. A page that gets
/// a part of a processor only is too slow for the time limits of its own requests.
fn places() -> &'static Semaphore {
    static PLACES: OnceLock<Semaphore> = OnceLock::new();
    PLACES
        .get_or_init(|| Semaphore::new(std::thread::available_parallelism().map_or(1, Into::into)))
}

fn start(program: &Path) -> Driver {
    let folder = tempfile::Builder::new()
        .prefix("deploytrack-browser-")
        .tempdir()
        .unwrap()
        .keep();
    let mut supervisor = Command::new("sh")
        .args(["-c", SUPERVISOR, "browser.sh"])
        .args([program, &folder])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell runs");
    let mut port = String::new();
    BufReader::new(supervisor.stdout.take().unwrap())
        .read_line(&mut port)
        .unwrap();
    assert!(!port.is_empty(), "chromedriver does not start");
    Driver {
        url: format!("http://127.0.0.1:{}", port.trim()),
        folder,
        _supervisor: supervisor,
    }
}

/// A browser with one open page.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    home: String,
}

/// Runs a test in a new browser and closes the browser afterwards, also when the test panics. Then
/// checks that the pages logged no errors except those that contain a text of `expected`, and sent
/// requests to `home` only.
///
/// # Panics
/// When the test panics, when a check fails, and when no browser is installed and these tests are not skipped on purpose.
pub async fn in_browser(home: &str, expected: &[&str], test: impl AsyncFnOnce(&Browser)) {
    let Some(driver) = driver() else { return };
    let _place = places().acquire().await.expect("it is never closed");
    let browser = Browser {
        client: connect(driver).await,
        home: home.to_owned(),
    };
    let outcome =
        futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(test(&browser))).await;
    let (errors, asked) = (browser.errors().await, browser.asked().await);
    let _ = browser.client.clone().close().await;
    if let Err(panic) = outcome {
        let said = panic
            .downcast_ref::<String>()
            .map_or("the test ended", String::as_str);
        panic!("{said}; the page said: {errors:#?}");
    }
    let unexpected: Vec<_> = errors
        .iter()
        .filter(|error| !expected.iter().any(|known| error.contains(known)))
        // A page asks who is logged in, and nobody may be.
        .filter(|error| !error.contains("/api/v1/session - Failed to load resource: the server responded with a status of 401"))
        .collect();
    assert!(
        unexpected.is_empty(),
        "the page says errors: {unexpected:#?}"
    );
    // Pages and files of the browser itself.
    let own = [home, "data:", "file:", "chrome:"];
    let foreign: Vec<_> = asked
        .iter()
        .filter(|url| !own.iter().any(|own| url.starts_with(own)))
        .collect();
    assert!(foreign.is_empty(), "the page asks others: {foreign:#?}");
    assert!(
        asked.iter().any(|url| url.starts_with(home)),
        "nothing was asked, and nothing was tested"
    );
}

async fn connect(driver: &Driver) -> Client {
    let profile = tempfile::Builder::new()
        .prefix("profile-")
        .tempdir_in(&driver.folder)
        .unwrap()
        .keep();
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,900",
    ];
    let arguments: Vec<_> = arguments
        .into_iter()
        .map(str::to_owned)
        .chain([format!("--user-data-dir={}", profile.display())])
        .collect();
    let capabilities = json!({
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    });
    let Value::Object(capabilities) = capabilities else {
        unreachable!("it is written as an object")
    };
    ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&driver.url)
        .await
        .expect("the browser starts")
}

impl Browser {
    /// The `WebDriver` client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens a page of the server as a new visit; `rest` follows the `/` after the address. A token
    /// in `#token=` is exchanged for a code.
    ///
    /// # Panics
    /// When the browser cannot open it.
    pub async fn open(&self, rest: &str) {
        // The browser does not reload a page when only the fragment changes.
        self.client.goto("about:blank").await.unwrap();
        let rest = self.with_code(rest).await;
        self.client
            .goto(&format!("{}/{rest}", self.home))
            .await
            .unwrap();
    }

    /// The address with a code in place of its token, as `deploytrack open` asks for one.
    async fn with_code(&self, rest: &str) -> String {
        let Some((token, to)) = rest
            .strip_prefix("#token=")
            .and_then(|rest| rest.split_once('&'))
        else {
            return rest.to_owned();
        };
        let caller = Caller::new(&self.home, Some(token.to_owned()));
        let answer = caller.call("POST", "/api/v1/session/code").await;
        let code = answer.expect(201)["code"].as_str().unwrap().to_owned();
        format!("#code={code}&{to}")
    }

    /// Evaluates a JavaScript expression on the page.
    ///
    /// # Panics
    /// When the expression throws.
    pub async fn value(&self, expression: &str) -> Value {
        self.client
            .execute(&format!("return ({expression})"), Vec::new())
            .await
            .unwrap_or_else(|why| panic!("{expression}: {why}"))
    }

    /// Waits until a JavaScript expression is `true`.
    ///
    /// # Panics
    /// When it is not within 30 seconds, with the text of the page.
    pub async fn until(&self, expression: &str) {
        let began = Instant::now();
        while self.value(expression).await != json!(true) {
            let in_time = began.elapsed() < PATIENCE;
            assert!(
                in_time,
                "never: {expression}; the page shows: {}",
                self.value("document.body.innerText").await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the text of the page contains this one.
    ///
    /// # Panics
    /// As [`Browser::until`].
    pub async fn shows(&self, text: &str) {
        self.until(&format!(
            "document.body.innerText.includes({})",
            json!(text)
        ))
        .await;
    }

    /// Clicks the first element that matches a CSS selector.
    ///
    /// # Panics
    /// When no element matches, or the element cannot be clicked.
    pub async fn press(&self, selector: &str) {
        self.client
            .find(fantoccini::Locator::Css(selector))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
    }

    /// Types into the first element that matches a CSS selector.
    ///
    /// # Panics
    /// When no element matches, or the element takes no text.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.client
            .find(fantoccini::Locator::Css(selector))
            .await
            .unwrap()
            .send_keys(text)
            .await
            .unwrap();
    }

    /// The errors and warnings in the browser's log: console output, failed requests and
    /// exceptions.
    async fn errors(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let serious = entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        serious
            .filter_map(|entry| entry["message"].as_str())
            .map(str::to_owned)
            .collect()
    }

    /// The address of every request.
    async fn asked(&self) -> Vec<String> {
        let entries = self.log("performance").await;
        let messages = entries
            .iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok());
        let requests =
            messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        let urls = requests.filter_map(|message| {
            message["message"]["params"]["request"]["url"]
                .as_str()
                .map(str::to_owned)
        });
        urls.filter(|url| url != "about:blank").collect()
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let log = self
            .client
            .issue_cmd(TakeLog(kind))
            .await
            .unwrap_or_default();
        log.as_array().cloned().unwrap_or_default()
    }
}

/// A command of chromedriver: returns the log of one kind and empties it.
#[derive(Debug)]
struct TakeLog(&'static str);

impl WebDriverCompatibleCommand for TakeLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}

/// The script of axe-core, which checks accessibility rules on a page. `scripts/test` downloads it.
///
/// # Panics
/// When the file does not exist.
#[must_use]
pub fn axe() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe-core/package/axe.min.js");
    fs::read_to_string(&file)
        .unwrap_or_else(|why| panic!("{}: {why}; scripts/test gets it once", file.display()))
}
