//! Locations in a JSON text.

use std::{borrow::Cow, fmt};

/// The most characters of a key, or of another text of a request, in a message.
const MOST_SHOWN: usize = 100;
/// The most bytes of a pointer; a longer pointer is cut and ends with an ellipsis.
const MOST_POINTER: usize = 1000;

/// Appends one reference token to a JSON pointer (RFC 6901, section 3). A long key is shortened.
#[must_use]
pub fn pointer_to(parent: &str, key: &str) -> String {
    let token = shortened(key).replace('~', "~0").replace('/', "~1");
    format!("{parent}/{token}")
}

/// Shortens a text of a request to its start, enough to find it there. A text may be as large as
/// the request.
#[must_use]
pub fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// A location as a linked list on the stack of the reader. It needs no allocation per value; the
/// pointer is only formatted for a fault.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'a> {
    Root,
    Key(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl fmt::Display for Path<'_> {
    /// Formats the location as a JSON pointer of limited length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps = Vec::new();
        let mut path = *self;
        while let Self::Key(parent, _) | Self::Item(parent, _) = path {
            steps.push(path);
            path = *parent;
        }
        let mut pointer = String::new();
        for step in steps.iter().rev() {
            pointer = step.after(&pointer);
            if pointer.len() > MOST_POINTER {
                pointer.truncate(pointer.floor_char_boundary(MOST_POINTER));
                pointer.push('…');
                break;
            }
        }
        f.write_str(&pointer)
    }
}

impl Path<'_> {
    /// Appends the last step to the pointer of its parent.
    fn after(self, parent: &str) -> String {
        match self {
            Self::Root => parent.to_owned(),
            Self::Key(_, key) => pointer_to(parent, key),
            Self::Item(_, at) => format!("{parent}/{at}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_formatted_as_a_json_pointer() {
        let (a, root) = ("a/~b", Path::Root);
        let key = Path::Key(&root, a);
        assert_eq!(Path::Item(&key, 3).to_string(), "/a~1~0b/3");
        assert_eq!(root.to_string(), "");
    }

    #[test]
    fn keys_and_pointers_have_a_limited_length() {
        assert_eq!(
            pointer_to("", &"é".repeat(100)),
            format!("/{}", "é".repeat(100))
        );
        assert_eq!(
            pointer_to("", &"é".repeat(101)),
            format!("/{}…", "é".repeat(100))
        );
        let key = "é".repeat(4096);
        let pointer = (0..128)
            .fold(Path::Root, |parent, _| {
                Path::Key(Box::leak(Box::new(parent)), &key)
            })
            .to_string();
        assert!(
            pointer.len() <= MOST_POINTER + '…'.len_utf8() && pointer.ends_with('…'),
            "{pointer}"
        );
    }
}
