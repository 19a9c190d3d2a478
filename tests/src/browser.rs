//! A real browser: Chromium without a window, driven as people use it (W3C `WebDriver`, by chromedriver).
//!
//! The driver is started once per test program and ends with it, and every browser with the driver. Each test has a browser
//! of its own, with nothing in it, and is told afterwards what the page said and whom it asked.

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

use crate::program::on_path;

const HOW: &str = "Chromium and its driver are not installed. Install them (Debian, Ubuntu: apt-get install chromium chromium-driver; or run \
    scripts/test, which does), or leave these tests out on purpose with DEPLOYTRACK_TEST_BROWSER=skip";
/// How long anything on a page may take. Machines that build at the same time are slow.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the driver, and kills it and its browsers when standard input closes.
const SUPERVISOR: &str = include_str!("../harness/browser.sh");

/// The driver of this test program.
struct Driver {
    url: String,
    /// Where its browsers keep what they keep.
    folder: PathBuf,
    /// Ends with this process, whose end it is told by the end of its input.
    _supervisor: Child,
}

/// The driver; none when these tests are left out on purpose.
fn driver() -> Option<&'static Driver> {
    static DRIVER: OnceLock<Option<Driver>> = OnceLock::new();
    let find = || {
        let is_skipped = std::env::var("DEPLOYTRACK_TEST_BROWSER").is_ok_and(|word| word == "skip");
        (!is_skipped).then(|| start(&on_path("chromedriver").expect(HOW)))
    };
    DRIVER.get_or_init(find).as_ref()
}

fn start(program: &Path) -> Driver {
    let folder = tempfile::Builder::new().prefix("deploytrack-browser-").tempdir().unwrap().keep();
    let mut supervisor = Command::new("sh")
        .args(["-c", SUPERVISOR, "browser.sh"])
        .args([program, &folder])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell runs");
    let mut port = String::new();
    BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut port).unwrap();
    assert!(!port.is_empty(), "chromedriver does not start");
    Driver { url: format!("http://127.0.0.1:{}", port.trim()), folder, _supervisor: supervisor }
}

/// A browser of one person.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    home: String,
}

/// Runs a test in a browser for whom `home` is the only server, and ends the browser however the test ends. Afterwards no
/// page may have said an error but those in `expected`, or asked anybody else.
///
/// # Panics
/// When there is no browser and nobody said that there should be none, and when the test does.
pub async fn in_browser(home: &str, expected: &[&str], test: impl AsyncFnOnce(&Browser)) {
    let Some(driver) = driver() else { return };
    let browser = Browser { client: connect(driver).await, home: home.to_owned() };
    let outcome = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(test(&browser))).await;
    let (errors, asked) = (browser.errors().await, browser.asked().await);
    let _ = browser.client.clone().close().await;
    if let Err(panic) = outcome {
        let said = panic.downcast_ref::<String>().map_or("the test ended", String::as_str);
        panic!("{said}; the page said: {errors:#?}");
    }
    let unexpected: Vec<_> = errors.iter().filter(|error| !expected.iter().any(|known| error.contains(known))).collect();
    assert!(unexpected.is_empty(), "the page says errors: {unexpected:#?}");
    // What a browser shows by itself is in the browser.
    let own = [home, "data:", "file:", "chrome:"];
    let foreign: Vec<_> = asked.iter().filter(|url| !own.iter().any(|own| url.starts_with(own))).collect();
    assert!(foreign.is_empty(), "the page asks others: {foreign:#?}");
    assert!(asked.iter().any(|url| url.starts_with(home)), "nothing was asked, and nothing was tested");
}

async fn connect(driver: &Driver) -> Client {
    let profile = tempfile::Builder::new().prefix("profile-").tempdir_in(&driver.folder).unwrap().keep();
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
    let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).chain([format!("--user-data-dir={}", profile.display())]).collect();
    let capabilities = json!({
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    });
    let Value::Object(capabilities) = capabilities else { unreachable!("it is written as an object") };
    ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&driver.url).await.expect("the browser starts")
}

impl Browser {
    /// What `WebDriver` can do.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens a page of the server, by what is behind its address, as a new visit.
    ///
    /// # Panics
    /// When the browser does not.
    pub async fn open(&self, rest: &str) {
        // An address that differs in its fragment alone is no new visit.
        self.client.goto("about:blank").await.unwrap();
        self.client.goto(&format!("{}/{rest}", self.home)).await.unwrap();
    }

    /// The value of an expression on the page.
    ///
    /// # Panics
    /// When it has none.
    pub async fn value(&self, expression: &str) -> Value {
        self.client.execute(&format!("return ({expression})"), Vec::new()).await.unwrap_or_else(|why| panic!("{expression}: {why}"))
    }

    /// Waits until an expression holds.
    ///
    /// # Panics
    /// When it does not, with what the page shows instead.
    pub async fn until(&self, expression: &str) {
        let began = Instant::now();
        while self.value(expression).await != json!(true) {
            let in_time = began.elapsed() < PATIENCE;
            assert!(in_time, "never: {expression}; the page shows: {}", self.value("document.body.innerText").await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the page shows a text.
    ///
    /// # Panics
    /// As [`Browser::until`].
    pub async fn shows(&self, text: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(text))).await;
    }

    /// Presses the element that a CSS selector finds first.
    ///
    /// # Panics
    /// When there is none, or nobody could press it.
    pub async fn press(&self, selector: &str) {
        self.client.find(fantoccini::Locator::Css(selector)).await.unwrap().click().await.unwrap();
    }

    /// Types into the element that a CSS selector finds first.
    ///
    /// # Panics
    /// When there is none, or nobody could type there.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.client.find(fantoccini::Locator::Css(selector)).await.unwrap().send_keys(text).await.unwrap();
    }

    /// Errors and warnings that the pages have said, in the console or by failing.
    async fn errors(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let serious = entries.iter().filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        serious.filter_map(|entry| entry["message"].as_str()).map(str::to_owned).collect()
    }

    /// Every address that was asked.
    async fn asked(&self) -> Vec<String> {
        let entries = self.log("performance").await;
        let messages = entries.iter().filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok());
        let requests = messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        let urls = requests.filter_map(|message| message["message"]["params"]["request"]["url"].as_str().map(str::to_owned));
        urls.filter(|url| url != "about:blank").collect()
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let log = self.client.issue_cmd(TakeLog(kind)).await.unwrap_or_default();
        log.as_array().cloned().unwrap_or_default()
    }
}

/// Takes what chromedriver has kept of one kind.
#[derive(Debug)]
struct TakeLog(&'static str);

impl WebDriverCompatibleCommand for TakeLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}

/// The rules of accessibility, as a script that is run on the page: axe-core, which `scripts/test` gets.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn axe() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe-core/package/axe.min.js");
    fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}; scripts/test gets it once", file.display()))
}
