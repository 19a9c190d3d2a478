//! A provider that answers a job's request for an identity token as a test decides.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// The answer to every request.
#[derive(Clone)]
pub(super) enum Answer {
    /// This status line, these headers and this body.
    Http(&'static str, String, String),
    /// No answer, for longer than a test waits.
    Silence,
}

impl Answer {
    pub(super) fn status(status: &'static str) -> Self {
        Self::Http(status, String::new(), "{}".to_owned())
    }

    pub(super) fn body(body: impl Into<String>) -> Self {
        Self::Http("200 OK", String::new(), body.into())
    }
}

/// A running provider. Its thread ends with the test program.
pub(super) struct Provider {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    pub(super) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = heads.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, seen) = (answer.clone(), seen.clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let mut byte = [0];
                        match stream.read(&mut byte) {
                            Ok(1) => head.push(byte[0]),
                            _ => return,
                        }
                    }
                    seen.lock().unwrap().push(String::from_utf8(head).unwrap());
                    match answer {
                        Answer::Silence => thread::sleep(Duration::from_mins(1)),
                        Answer::Http(status, headers, body) => {
                            let length = body.len();
                            let head = format!(
                                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n"
                            );
                            // The client may hang up in the middle of a large answer.
                            drop(stream.write_all((head + &body).as_bytes()));
                        }
                    }
                });
            }
        });
        Self { address, heads }
    }

    /// The address in `ACTIONS_ID_TOKEN_REQUEST_URL`.
    pub(super) fn url(&self) -> String {
        format!("http://{}/idtoken/7?api-version=2.0", self.address)
    }

    /// The heads of the requests so far.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}
