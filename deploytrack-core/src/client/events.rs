//! Server-sent events, read as the HTML standard says (WHATWG HTML, section 9.2.6).

use std::fmt;

use reqwest::{Method, Response, header::ACCEPT};

use super::{Client, Error, query, transport::UNREADABLE};
use crate::{
    api,
    event::{Event, EventFilter},
};

/// The most bytes of one block. An event has a few hundred, and a long reason a thousand more.
const MOST_BYTES: usize = 1024 * 1024;

/// A stream of events.
pub struct Events {
    client: Client,
    response: Response,
    parser: Parser,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("client", &self.client).finish_non_exhaustive()
    }
}

/// What came over a stream of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where the stream stands: give it to [`Client::events`] to go on behind it.
    pub position: i64,
    /// What happened, and its text as the server wrote it; none where only the position is told.
    pub event: Option<(Event, String)>,
}

impl Client {
    /// Streams the events that match, behind the number `after` or from now on. A server says something every 15 seconds:
    /// the client's timeout should be longer.
    pub async fn events(&self, filter: &EventFilter, after: Option<i64>) -> Result<Events, Error> {
        let request = self.request(Method::GET, api::EVENTS, &query::events(filter, after)).header(ACCEPT, "text/event-stream");
        Ok(Events { client: self.clone(), response: self.response(request).await?, parser: Parser::default() })
    }
}

impl Events {
    /// What comes next; `None` when the server has ended the stream. Nothing is lost when the caller stops waiting.
    pub async fn next(&mut self) -> Result<Option<Told>, Error> {
        loop {
            while let Some(block) = self.parser.block() {
                if let Some(told) = self.told(block)? {
                    return Ok(Some(told));
                }
            }
            if self.parser.held() > MOST_BYTES {
                return Err(self.client.foreign(&"a block of its events is larger than 1 MiB"));
            }
            match self.response.chunk().await.map_err(|error| self.client.transport(error))? {
                Some(chunk) => self.parser.feed(&chunk),
                None => return Ok(None),
            }
        }
    }

    fn told(&self, Block { id, data }: Block) -> Result<Option<Told>, Error> {
        let Ok(position) = id.parse() else { return Ok(None) };
        let read = |text: String| serde_json::from_str(&text).map(|event| (event, text)).map_err(|_| self.client.foreign(&UNREADABLE));
        Ok(Some(Told { position, event: data.map(read).transpose()? }))
    }
}

/// What stands between two empty lines.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    /// The last id, of this block or of one before it.
    id: String,
    data: Option<String>,
}

/// Takes bytes as they come and gives whole blocks.
#[derive(Debug, Default)]
struct Parser {
    bytes: Vec<u8>,
    /// How many of the bytes have been read as lines. They are removed when more bytes come, not line by line.
    read: usize,
    /// How many of the bytes have been searched for the end of a line.
    searched: usize,
    begun: bool,
    /// The last byte of the last line was CR: an LF right behind it belongs to it.
    after_cr: bool,
    id: String,
    moved: bool,
    data: Option<String>,
}

impl Parser {
    fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.read);
        self.searched -= self.read;
        self.read = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// How many bytes wait for the rest of their block.
    fn held(&self) -> usize {
        self.bytes.len() - self.read + self.data.as_ref().map_or(0, String::len)
    }

    /// The next whole block that tells something.
    fn block(&mut self) -> Option<Block> {
        while let Some(line) = self.line() {
            if !line.is_empty() {
                self.field(&line);
            } else if std::mem::take(&mut self.moved) || self.data.is_some() {
                return Some(Block { id: self.id.clone(), data: self.data.take() });
            }
        }
        None
    }

    fn line(&mut self) -> Option<String> {
        if self.after_cr && self.read < self.bytes.len() {
            self.after_cr = false;
            self.read += usize::from(self.bytes[self.read] == b'\n');
        }
        let from = self.searched.max(self.read);
        self.searched = self.bytes.len();
        let end = from + self.bytes[from..].iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
        self.after_cr = self.bytes[end] == b'\r';
        let line = String::from_utf8_lossy(&self.bytes[self.read..end]).into_owned();
        self.read = end + 1;
        self.searched = self.read;
        let first = !std::mem::replace(&mut self.begun, true);
        Some(if first { line.trim_start_matches('\u{feff}').to_owned() } else { line })
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                if let Some(data) = &mut self.data {
                    data.push('\n');
                    data.push_str(value);
                } else {
                    self.data = Some(value.to_owned());
                }
            }
            "id" if !value.contains('\0') => {
                value.clone_into(&mut self.id);
                self.moved = true;
            }
            // The type stands in the data too; comments and everything else tell nothing.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(pieces: &[&[u8]]) -> Vec<Block> {
        let (mut parser, mut blocks) = (Parser::default(), Vec::new());
        for piece in pieces {
            parser.feed(piece);
            blocks.extend(std::iter::from_fn(|| parser.block()));
        }
        blocks
    }

    fn block(id: &str, data: Option<&str>) -> Block {
        Block { id: id.to_owned(), data: data.map(str::to_owned) }
    }

    const TEXT: &str = "\u{feff}retry: 2000\nid: 3\n\n: heartbeat\n\nid: 4\r\nevent: x\r\ndata: a\r\ndata:b\r\n\r\ndata\r\rid\0: 5\nid: 7\nfoo: bar\n\nid: 8\ndata: not whole\n";

    #[test]
    fn blocks_are_read_whatever_ends_their_lines_and_wherever_they_are_cut() {
        let whole = [block("3", None), block("4", Some("a\nb")), block("4", Some("")), block("7", None)];
        assert_eq!(blocks(&[TEXT.as_bytes()]), whole);
        for cut in 0..TEXT.len() {
            let (before, after) = TEXT.as_bytes().split_at(cut);
            assert_eq!(blocks(&[before, after]), whole, "cut at {cut}");
        }
        let single: Vec<&[u8]> = TEXT.as_bytes().chunks(1).collect();
        assert_eq!(blocks(&single), whole);
    }

    #[test]
    fn what_is_not_whole_is_held_and_counted() {
        let mut parser = Parser::default();
        parser.feed(b"data: one\ndata: two");
        assert_eq!(parser.block(), None);
        assert_eq!(parser.held(), "one".len() + "data: two".len());
    }
}
