//! The limit of open files, of which each connection is one.

use crate::connections::ConnectionLimits;

/// The files beside connections: the database, its log and index for each reader, the log, the
/// listeners.
#[cfg(unix)]
const FILES: u64 = 64;
/// All that is reserved: those files, and the connections above the limit and to the listeners for
/// health checks and for metrics.
#[cfg(unix)]
const RESERVED: u64 = FILES
    + crate::connections::RESERVE as u64
    + crate::connections::HEALTH_CONNECTIONS.connections as u64
    + crate::connections::METRICS_CONNECTIONS.connections as u64;

/// Makes room for so many connections, and returns how many there is room for. Many systems start a
/// process with a limit of 1,024 files and let it raise the limit itself. With less room,
/// connections would take the files that the database needs.
#[cfg(unix)]
pub(crate) fn make_room(limits: ConnectionLimits) -> ConnectionLimits {
    let connections = limits.connections;
    let needed = connections as u64 + RESERVED;
    let limit = raised(needed);
    let room = usize::try_from(room(limit)).unwrap_or(usize::MAX);
    if room < connections {
        tracing::warn!(
            limit,
            connections = room,
            "the limit of open files leaves room for fewer connections than --max-connections; raise it to at least {needed} with \
             ulimit -n or LimitNOFILE="
        );
    }
    let connections = room.min(connections);
    if connections < limits.connections {
        let few = ConnectionLimits::of(connections);
        return ConnectionLimits {
            per_address: limits.per_address.min(few.per_address),
            ..few
        };
    }
    limits
}

#[cfg(not(unix))]
pub(crate) fn make_room(limits: ConnectionLimits) -> ConnectionLimits {
    limits
}

/// The limit, raised to what is needed as far as the system lets this process.
#[cfg(unix)]
fn raised(needed: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current.filter(|current| *current < needed) else {
        return u64::MAX;
    };
    let wanted = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = wanted > current
        && setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                ..limit
            },
        )
        .is_ok();
    if raised { wanted } else { current }
}

/// How many connections fit within a limit: at least a quarter of it, where it is very low.
#[cfg(unix)]
fn room(limit: u64) -> u64 {
    limit.saturating_sub(RESERVED).max(limit / 4).max(1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_left_to_the_database() {
        assert_eq!(
            [u64::MAX, 1168, 150, 100, 64, 40, 3].map(room),
            [u64::MAX - 144, 1024, 37, 25, 16, 10, 1]
        );
    }
}
