//! Checks the network path to the server, and the server.

use std::io;

use chrono::TimeDelta;
use deploytrack_core::{
    client::{Client, Error, Obstacle, ServerAddress},
    clock::{Clock as _, SystemClock, Time},
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{Finding, PATIENCE};
use crate::{error::Failure, exit::Exit, hints, settings::Settings};

/// The clock difference from which on certificates and tokens may be rejected.
const FAR: TimeDelta = TimeDelta::hours(1);
/// The clock difference from which on there is a warning.
const NOTABLE: TimeDelta = TimeDelta::seconds(30);

/// Checks the path to the server. Returns the time of the server's clock if a deploytrack server
/// answered; the inner `None` if the answer had no time, the outer `None` if further requests are
/// useless.
pub(super) async fn check(
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> Option<Option<Time>> {
    // Without the token: an unknown server may listen at the address.
    let client = match settings.anonymous().client() {
        Ok(client) => client,
        Err(failure) => {
            findings.push(Finding::failed("address", &failure));
            return None;
        }
    };
    findings.push(address(client.address()));
    let proxy = settings.proxy.as_ref();
    findings.push(match proxy {
        Some(proxy) => Finding::ok(
            "proxy",
            format!("{proxy} ({}); NO_PROXY excludes hosts", proxy.source()),
        ),
        None => Finding::ok("proxy", "none"),
    });
    if proxy.is_some() {
        findings.push(Finding::not_checked("connection", "the proxy connects"));
    } else {
        match connect(&client).await {
            Ok(peer) => findings.push(Finding::ok("connection", peer)),
            Err(why) => {
                findings.push(Finding::problem("connection", Exit::Unreachable, why));
                findings.push(Finding::not_checked("server", "it is unreachable"));
                return None;
            }
        }
    }
    server(&client, findings).await
}

fn address(server: &ServerAddress) -> Finding {
    match (server.is_encrypted(), server.is_local()) {
        (true, _) => Finding::ok("address", "encrypted"),
        (false, true) => Finding::ok("address", "not encrypted, but on this machine"),
        (false, false) => Finding::warning(
            "address",
            "the token is sent without encryption: use an https:// address",
        ),
    }
}

/// Resolves the name and connects, each within the time limit.
async fn connect(client: &Client) -> Result<String, String> {
    let server = client.address();
    let address = format!("{}:{}", server.host(), server.port());
    let late = |what: &str| {
        format!(
            "{what} {address} took longer than {}s; a firewall may drop the packets",
            PATIENCE.as_secs()
        )
    };
    let hint = |obstacle: Obstacle| hints::of_obstacle(&obstacle, client.url());
    let found = match timeout(PATIENCE, lookup_host((server.host(), server.port()))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => {
            return Err(format!(
                "the name in {address} cannot be resolved: {error}; {}",
                hint(Obstacle::Name)
            ));
        }
        Err(_) => return Err(late("resolving")),
    };
    match timeout(PATIENCE, TcpStream::connect(found.as_slice())).await {
        Ok(Ok(stream)) => Ok(stream.peer_addr().map_or(address, |peer| peer.to_string())),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Err(format!(
            "no program listens at {address}: {error}; {}",
            hint(Obstacle::Refused)
        )),
        Ok(Err(error)) => Err(format!(
            "{address} is unreachable: {error}; {}",
            hint(Obstacle::NoRoute)
        )),
        Err(_) => Err(late("connecting to")),
    }
}

async fn server(client: &Client, findings: &mut Vec<Finding>) -> Option<Option<Time>> {
    let health = match client.health().await {
        Ok(health) => health,
        Err(error) if is_about_tls(&error) => {
            findings.push(Finding::problem(
                "tls",
                Exit::Unreachable,
                Failure::from(error).summary().1,
            ));
            findings.push(Finding::not_checked("server", "it is unreachable"));
            return None;
        }
        Err(error) => {
            findings.push(Finding::problem(
                "server",
                Exit::Unreachable,
                foreign(error),
            ));
            return None;
        }
    };
    if client.address().is_encrypted() {
        findings.push(Finding::ok("tls", "the certificate is trusted"));
    }
    let version = health
        .version
        .unwrap_or_else(|| "of unknown version".to_owned());
    findings.push(Finding::ok("server", format!("deploytrack {version}")));
    findings.push(match client.ready().await {
        Ok(()) => Finding::ok("database", "the server can use it"),
        Err(error) => Finding::failed("database", &Failure::from(error)),
    });
    Some(health.time)
}

/// Whether TLS or its certificate is the cause.
fn is_about_tls(error: &Error) -> bool {
    let Error::Unreachable { obstacle, .. } = error else {
        return false;
    };
    matches!(
        obstacle,
        Obstacle::NoTls
            | Obstacle::HandshakeEnded(_)
            | Obstacle::ClientCertificate
            | Obstacle::Untrusted { .. }
            | Obstacle::Expired
            | Obstacle::NotYetValid
            | Obstacle::OtherNames(_)
            | Obstacle::NoNames
            | Obstacle::BadCertificate
    )
}

/// The detail for an answer that is not from a deploytrack server.
fn foreign(error: Error) -> String {
    match error {
        Error::Unreachable { .. }
        | Error::Timeout { .. }
        | Error::Unreadable(_)
        | Error::Setup(_) => Failure::from(error).summary().1,
        error => {
            format!("{error}; check that this is the address of a deploytrack server; see --url")
        }
    }
}

/// Compares the clocks. A difference loses no deployment and changes no order: the server subtracts
/// the age from the time of arrival.
pub(super) fn clock(server: Option<Time>) -> Finding {
    const CHECK: &str = "clock";
    let Some(server) = server else {
        return Finding::not_checked(CHECK, "the server did not report its time");
    };
    let difference = (SystemClock.now() - server).abs();
    let detail = format!("{} s from the server's clock", difference.num_seconds());
    let way_out = "set the clock of this machine, or of the server, by NTP";
    match difference {
        far if far > FAR => {
            let harm = "a certificate or a token may count as expired or not yet valid";
            Finding::problem(CHECK, Exit::Usage, format!("{detail}: {harm}; {way_out}"))
        }
        off if off > NOTABLE => {
            let harm =
                "deployments are still recorded in order, but a time in --occurred-at may be off";
            Finding::warning(CHECK, format!("{detail}: {harm}; {way_out}"))
        }
        _ => Finding::ok(CHECK, detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_reported() {
        use super::super::Verdict::{NotChecked, Ok, Problem, Warning};
        let off = |seconds| clock(Some(SystemClock.now() - TimeDelta::seconds(seconds))).result;
        assert_eq!(
            [
                off(0),
                off(-20),
                off(45),
                off(-90),
                off(4000),
                clock(None).result
            ],
            [Ok, Ok, Warning, Warning, Problem, NotChecked]
        );
    }
}
