//! A reader of server-sent events (WHATWG HTML, section 9.2.6).

use std::fmt;

use reqwest::{Method, Response, header::ACCEPT};

use super::{Client, Error, query, transport::UNREADABLE};
use crate::{
    api,
    event::{Event, EventFilter, Position},
};

/// The most bytes of one block. An event has a few hundred bytes, and up to a few thousand more
/// with a long reason.
const MOST_BYTES: usize = 1024 * 1024;

/// A stream of events.
pub struct Events {
    client: Client,
    response: Response,
    parser: Parser,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// An item of a stream of events: an event, or only a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamItem {
    /// The position in the stream. Pass it to [`Client::events`] to continue after it.
    pub position: Position,
    /// The event and its JSON text from the server; `None` if the server sent only a position.
    pub event: Option<(Event, String)>,
}

impl Client {
    /// Streams the events that match, after the position `after` or from now on. A server sends at
    /// least a heartbeat every 15 seconds: the client's timeout should be longer.
    ///
    /// If the server's database was replaced since that position, as by a restore of a backup, it
    /// refuses with the code [`api::STORE_REPLACED`]. The caller may begin anew, without a position.
    pub async fn events(
        &self,
        filter: &EventFilter,
        after: Option<Position>,
    ) -> Result<Events, Error> {
        let mut request = self
            .request(Method::GET, api::EVENTS, &query::events(filter))
            .header(ACCEPT, "text/event-stream");
        if let Some(position) = after {
            request = request.header(api::LAST_EVENT_ID, position.to_string());
        }
        Ok(Events {
            client: self.clone(),
            response: self.response(request).await?,
            parser: Parser::default(),
        })
    }
}

impl Events {
    /// Waits for the next item; `None` when the server has ended the stream. Dropping the future
    /// loses no events.
    pub async fn next(&mut self) -> Result<Option<StreamItem>, Error> {
        loop {
            while let Some(block) = self.parser.block() {
                if let Some(item) = self.item(block)? {
                    return Ok(Some(item));
                }
            }
            if self.parser.buffered() > MOST_BYTES {
                return Err(self
                    .client
                    .foreign(&"a block of its events is larger than 1 MiB"));
            }
            match self
                .response
                .chunk()
                .await
                .map_err(|error| self.client.transport(error))?
            {
                Some(chunk) => self.parser.feed(&chunk),
                None => return Ok(None),
            }
        }
    }

    fn item(&self, Block { id, data }: Block) -> Result<Option<StreamItem>, Error> {
        let Ok(position) = id.parse() else {
            return Ok(None);
        };
        let read = |text: String| {
            serde_json::from_str(&text)
                .map(|event| (event, text))
                .map_err(|_| self.client.foreign(&UNREADABLE))
        };
        Ok(Some(StreamItem {
            position,
            event: data.map(read).transpose()?,
        }))
    }
}

/// The blocks of a stream that arrives in these chunks: the id and the data of each.
#[cfg(fuzzing)]
#[must_use]
pub fn event_blocks(chunks: &[&[u8]]) -> Vec<(String, Option<String>)> {
    let (mut parser, mut blocks) = (Parser::default(), Vec::new());
    for chunk in chunks {
        parser.feed(chunk);
        while let Some(block) = parser.block() {
            drop(block.id.parse::<Position>());
            blocks.push((block.id, block.data));
        }
    }
    blocks
}

/// A block: the lines between two empty lines.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    /// The last id, of this block or an earlier one.
    id: String,
    data: Option<String>,
}

/// A parser that receives bytes in chunks and returns whole blocks.
#[derive(Debug, Default)]
struct Parser {
    bytes: Vec<u8>,
    /// The number of bytes that were read as lines. They are removed when more bytes arrive, not
    /// line by line.
    read: usize,
    /// The number of bytes that were searched for the end of a line.
    searched: usize,
    /// Whether the first line, which may start with a byte order mark, was read.
    started: bool,
    /// Whether the last line ended with CR: an LF directly after it belongs to it.
    after_cr: bool,
    id: String,
    /// Whether the block has an id.
    has_id: bool,
    data: Option<String>,
}

impl Parser {
    fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.read);
        self.searched -= self.read;
        self.read = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The number of bytes of the incomplete block.
    fn buffered(&self) -> usize {
        self.bytes.len() - self.read + self.data.as_ref().map_or(0, String::len)
    }

    /// The next whole block with an id or data.
    fn block(&mut self) -> Option<Block> {
        while let Some(line) = self.line() {
            if !line.is_empty() {
                self.field(&line);
            } else if std::mem::take(&mut self.has_id) || self.data.is_some() {
                return Some(Block {
                    id: self.id.clone(),
                    data: self.data.take(),
                });
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
        let end = from
            + self.bytes[from..]
                .iter()
                .position(|byte| matches!(byte, b'\r' | b'\n'))?;
        self.after_cr = self.bytes[end] == b'\r';
        let line = String::from_utf8_lossy(&self.bytes[self.read..end]).into_owned();
        self.read = end + 1;
        self.searched = self.read;
        let first = !std::mem::replace(&mut self.started, true);
        Some(if first {
            line.trim_start_matches('\u{feff}').to_owned()
        } else {
            line
        })
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
                self.has_id = true;
            }
            // The data contains the type of the event too. Comments and unknown fields are ignored.
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
        Block {
            id: id.to_owned(),
            data: data.map(str::to_owned),
        }
    }

    const TEXT: &str = "\u{feff}retry: 2000\nid: 3\n\n: heartbeat\n\nid: 4\r\nevent: x\r\ndata: a\r\ndata:b\r\n\r\ndata\r\rid\0: 5\nid: 7\nfoo: bar\n\nid: 8\ndata: not whole\n";

    #[test]
    fn blocks_are_parsed_with_any_line_ending_and_any_chunks() {
        let whole = [
            block("3", None),
            block("4", Some("a\nb")),
            block("4", Some("")),
            block("7", None),
        ];
        assert_eq!(blocks(&[TEXT.as_bytes()]), whole);
        for cut in 0..TEXT.len() {
            let (before, after) = TEXT.as_bytes().split_at(cut);
            assert_eq!(blocks(&[before, after]), whole, "cut at {cut}");
        }
        let single: Vec<&[u8]> = TEXT.as_bytes().chunks(1).collect();
        assert_eq!(blocks(&single), whole);
    }

    #[test]
    fn an_incomplete_block_is_buffered_and_counted() {
        let mut parser = Parser::default();
        parser.feed(b"data: one\ndata: two");
        assert_eq!(parser.block(), None);
        assert_eq!(parser.buffered(), "one".len() + "data: two".len());
    }
}
