//! A server that passes requests on to a real one, and changes its answers on the way: what a
//! malicious server could send to a client.

use std::{
    collections::BTreeSet,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::Value;

/// How answers are changed.
#[derive(Clone, Debug, Default)]
pub enum Change {
    /// Not at all.
    #[default]
    None,
    /// Each text with this key in JSON gets a text at its end.
    Texts {
        /// The key. The keys of an object without a fixed set are changed for `{}`.
        key: String,
        /// The text that is added.
        added: String,
    },
    /// Every answer is this one. `{id}` is not replaced: it is sent as it is.
    Answer(Vec<u8>),
    /// Answers get these header lines too.
    Headers(Vec<u8>),
}

#[derive(Debug, Default)]
struct State {
    change: Change,
    /// The keys of texts in the answers so far.
    keys: BTreeSet<String>,
}

/// A running mirror. Its thread ends with the process.
#[derive(Clone, Debug)]
pub struct Mirror {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Mirror {
    /// Starts a mirror of the server at this address.
    ///
    /// # Panics
    /// When it cannot listen.
    #[must_use]
    pub fn of(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let mirror = Self { address, state };
        let serving = mirror.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mirror = serving.clone();
                // A client that hangs up early is none of the mirror's errors.
                thread::spawn(move || drop(mirror.answer(stream, server)));
            }
        });
        mirror
    }

    /// The URL of the mirror.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes all later answers in this way.
    ///
    /// # Panics
    /// When a thread of the mirror has panicked.
    pub fn change(&self, change: Change) {
        self.state.lock().unwrap().change = change;
    }

    /// The keys of all texts in answers since the last call.
    ///
    /// # Panics
    /// When a thread of the mirror has panicked.
    #[must_use]
    pub fn take_keys(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.state.lock().unwrap().keys)
    }

    fn answer(&self, mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
        let request = read_request(&mut client)?;
        let change = self.state.lock().unwrap().change.clone();
        if let Change::Answer(answer) = change {
            return client.write_all(&answer);
        }
        let (head, body) = ask(server, &request)?;
        let is_stream = head.contains("text/event-stream");
        let text = String::from_utf8_lossy(&body).into_owned();
        let lines: Vec<String> = if is_stream || head.contains("ndjson") {
            text.lines()
                .map(|line| self.changed_line(line, &change))
                .collect()
        } else {
            vec![self.changed_line(&text, &change)]
        };
        let body = lines.join("\n") + if lines.len() > 1 { "\n\n" } else { "" };
        let mut answer = Vec::new();
        for line in head.lines() {
            let name = line
                .split(':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            if !["content-length", "transfer-encoding", "connection"].contains(&&*name) {
                answer.extend(line.as_bytes());
                answer.extend(b"\r\n");
            }
        }
        if let Change::Headers(headers) = change {
            answer.extend(headers);
        }
        write!(
            answer,
            "content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )?;
        client.write_all(&answer)
    }

    /// A JSON text, or a line of a stream with one, with its texts changed.
    fn changed_line(&self, line: &str, change: &Change) -> String {
        let (prefix, json) = match line.strip_prefix("data: ") {
            Some(json) => ("data: ", json),
            None => ("", line),
        };
        let Ok(mut value) = serde_json::from_str::<Value>(json) else {
            return line.to_owned();
        };
        let mut keys = BTreeSet::new();
        texts(&mut value, "", change, &mut keys);
        self.state.lock().unwrap().keys.extend(keys);
        format!("{prefix}{value}")
    }
}

/// Changes all texts in a value whose key is this one.
fn texts(value: &mut Value, key: &str, change: &Change, keys: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            keys.insert(key.to_owned());
            if let Change::Texts { key: of, added } = change
                && of == key
            {
                text.push_str(added);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| texts(one, key, change, keys)),
        Value::Object(all) => {
            for (key, one) in all.iter_mut() {
                texts(one, key, change, keys);
            }
            if ["environments", "metadata"].contains(&key) {
                let name = format!("{key}{{}}");
                if let Change::Texts { key: of, added } = change
                    && *of == name
                {
                    let changed = std::mem::take(all).into_iter();
                    *all = changed.map(|(key, one)| (key + added, one)).collect();
                }
                keys.insert(name);
            }
        }
        _ => {}
    }
}

fn read_request(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read = client.read(&mut chunk)?;
        request.extend(&chunk[..read]);
        let Some(end) = find(&request, b"\r\n\r\n") else {
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            continue;
        };
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if request.len() >= end + 4 + length.unwrap_or(0) {
            return Ok(request);
        }
    }
}

/// The head and the body of the real answer. A stream of events is read for a moment.
fn ask(server: SocketAddr, request: &[u8]) -> io::Result<(String, Vec<u8>)> {
    let end = find(request, b"\r\n\r\n").unwrap_or_default();
    let head = String::from_utf8_lossy(&request[..end]).into_owned();
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    for line in head.lines() {
        let name = line
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if !["accept-encoding", "connection"].contains(&&*name) {
            write!(stream, "{line}\r\n")?;
        }
    }
    stream.write_all(b"connection: close\r\n\r\n")?;
    stream.write_all(&request[end + 4..])?;
    let (mut answer, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(read) = stream.read(&mut chunk) {
        if read == 0 {
            break;
        }
        answer.extend(&chunk[..read]);
    }
    let end = find(&answer, b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = answer[end + 4..].to_vec();
    let is_chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    Ok((head, if is_chunked { unchunked(&body) } else { body }))
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = find(body, b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).unwrap_or_default();
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let rest = &body[end + 2..];
        if size == 0 || rest.len() < size {
            break;
        }
        whole.extend(&rest[..size]);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
