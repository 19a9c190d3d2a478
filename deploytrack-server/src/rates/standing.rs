//! What a caller is told about its rate: the headers `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers-11), and the refusal beyond the limit.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Policy, limit::Rate};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What a request has left of its rate.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// The value of `RateLimit-Policy`.
    pub(super) policy_text: HeaderValue,
    pub(super) policy: Policy,
    /// The requests that may be sent at once now.
    pub(super) remaining: u32,
    /// The time after which all requests of the window are there again; beyond the limit, the time
    /// after which one is.
    pub(super) reset: Duration,
}

impl Standing {
    /// Adds the headers. They inform; a client may ignore them.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let text = format!(
            "\"{}\";r={};t={}",
            self.policy.name(),
            self.remaining,
            whole_seconds(self.reset)
        );
        if let Ok(standing) = HeaderValue::try_from(text) {
            headers.insert(RATE_LIMIT, standing);
        }
        headers.insert(RATE_LIMIT_POLICY, self.policy_text.clone());
    }
}

/// More requests than a rate allows.
#[derive(Clone, Debug)]
pub(crate) struct RateExceeded {
    pub(super) rate: Rate,
    pub(crate) standing: Standing,
}

impl RateExceeded {
    /// The refusal by the default limit of a rate, for a document.
    pub(super) fn example(policy: Policy, rate: Rate) -> Self {
        let policy_text = HeaderValue::from_static("");
        let reset = Duration::from_secs(1);
        Self {
            rate,
            standing: Standing {
                policy_text,
                policy,
                remaining: 0,
                reset,
            },
        }
    }

    /// The seconds after which the next request is accepted, at least one.
    pub(crate) fn retry_after(&self) -> u64 {
        whole_seconds(self.standing.reset).max(1)
    }

    /// The limit that was reached, its setting, and the way out.
    pub(crate) fn detail(&self) -> String {
        let (requests, unit) = (self.rate.requests, self.rate.unit());
        let setting = self.standing.policy.setting();
        let wait = match self.retry_after() {
            1 => "1 second".to_owned(),
            seconds => format!("{seconds} seconds"),
        };
        match self.standing.policy {
            Policy::Reads => format!(
                "one subject may send {requests} reads {unit} ({setting} of the server), and this one has sent more; repeat the request \
                 after {wait}"
            ),
            Policy::Writes => format!(
                "one subject may send {requests} writes {unit} ({setting} of the server), and this one has sent more; repeat the \
                 request after {wait}"
            ),
            Policy::Anonymous => format!(
                "one address may send {requests} requests without a token {unit} ({setting} of the server), and this one has sent more; \
                 repeat the request after {wait}"
            ),
            Policy::Refused => format!(
                "this address has sent more than {requests} requests without a valid token {unit} ({setting} of the server); check \
                 the token, and repeat the request after {wait}"
            ),
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
