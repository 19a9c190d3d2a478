//! One object of the stream: its text as one line, without trailing commas.

/// An object, as far as it has been read.
#[derive(Default)]
pub(super) struct Object {
    pub(super) text: Vec<u8>,
    pub(super) line: usize,
    pub(super) depth: usize,
    pub(super) in_text: bool,
    is_escaped: bool,
    /// The index of the last character that is not a space.
    pub(super) last: Option<usize>,
    /// The indexes of its line ends.
    pub(super) breaks: Vec<usize>,
    /// Whether something was removed from it.
    pub(super) is_changed: bool,
}

impl Object {
    pub(super) fn at(line: usize) -> Self {
        Self {
            line,
            ..Self::default()
        }
    }

    pub(super) fn take_text(&mut self, byte: u8) {
        match (self.is_escaped, byte) {
            (true, _) => self.is_escaped = false,
            (false, b'\\') => self.is_escaped = true,
            (false, b'"') => self.in_text = false,
            _ => {}
        }
        self.last = Some(self.text.len());
        self.text.push(byte);
    }

    pub(super) fn take(&mut self, byte: u8, before: Option<u8>) {
        match byte {
            b'\n' => self.breaks.push(self.text.len()),
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth -= 1;
                if let (Some(b','), Some(at)) = (before, self.last) {
                    self.text[at] = b' ';
                    self.is_changed = true;
                }
            }
            _ => {}
        }
        let is_space = matches!(byte, b'\n' | b'\r' | b'\t' | b' ');
        if !is_space {
            self.last = Some(self.text.len());
        }
        self.text.push(if is_space { b' ' } else { byte });
    }
}
