//! A deployment that survives the network, the runner and ourselves.
//!
//! `deploytrack record ... -- COMMAND` never breaks a deploy. This is how:
//!
//! 1. **Start** (`start`, `crate::ci`). The values of the record come from the command line, else from the CI or git. A value that no
//!    server would accept gets a stand-in, so that the command can run and the record can be corrected later.
//! 2. **Queue** (`crate::queue`). The start is stored in the spool, on disk, before it is sent. The server has `--send-timeout` to
//!    acknowledge it. After that the command runs anyway, unless `--on-error fail` is set (`on_error`).
//! 3. **Command** (`keeper`, `child`). A keeper process runs the command and waits for it. If the recording process is killed, the
//!    keeper stores the outcome in the spool. If the keeper is killed, the recording process waits for the command.
//! 4. **Outcome** (`wrap`). The outcome is stored in the spool and sent. An event is removed from the disk after the server has
//!    acknowledged it.
//! 5. **The rest** (`deliver`, `send`). Entries that could not be sent are sent by the next wrapped command, by the keeper if the
//!    recording process died, or by `deploytrack flush`. They never expire.
//!
//! A step that the CI repeats resumes the deployment of its earlier try instead of recording a
//! second one (`resume`). Later steps find the deployment through an id file (`id_file`, `target`).
//!
//! | File | Open it to change |
//! |---|---|
//! | `wrap` | the order of start, command and outcome |
//! | `start` | the request for the start |
//! | `keeper` | the process between this one and the command |
//! | `child/` | how the command runs: signals, time limit, output tail |
//! | `deliver` | how the events of one entry are sent, one by one, and each as a request (`deliver/event_request`) |
//! | `send` | how all entries are sent, one flush at a time |
//! | `backlog` | the warnings about entries that wait for a long time |
//! | `resume` | when a repeated step resumes a deployment |
//! | `key` | the idempotency keys of the requests |
//! | `on_error` | what happens to a request that failed |
//! | `id_file`, `target` | how a step finds the deployment of an earlier step |
//!
//! What is stored on disk is decided in `crate::queue`; the variables of CI providers are read in
//! `crate::ci`.

pub(crate) mod backlog;
pub(crate) mod child;
pub(crate) mod deliver;
pub(crate) mod id_file;
pub(crate) mod keeper;
pub(crate) mod key;
pub(crate) mod on_error;
pub(crate) mod resume;
pub(crate) mod send;
pub(crate) mod start;
pub(crate) mod target;
pub(crate) mod wrap;
