//! The strict reader. It follows the writer's spelling step by step, so whatever it accepts is canonical.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{CanonicalError, Fault, MAX_DEPTH, MAX_INTEGER, is_key};

pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, CanonicalError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| CanonicalError::at_byte(error.valid_up_to(), Fault::Utf8))?;
        Ok(Self { text, at: 0 })
    }

    /// Offset of the next byte.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// The next byte.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fail<T>(&self, fault: Fault) -> Result<T, CanonicalError> {
        Err(CanonicalError::at_byte(self.at, fault))
    }

    /// Steps over `literal` if it comes next.
    pub(crate) fn skip(&mut self, literal: &str) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(literal.as_bytes());
        if found {
            self.at += literal.len();
        }
        found
    }

    /// Steps over `literal` or fails.
    pub(crate) fn expect(&mut self, literal: &'static str) -> Result<(), CanonicalError> {
        if self.skip(literal) { Ok(()) } else { self.fail(Fault::Expected(literal)) }
    }

    /// Fails unless everything was read.
    pub(crate) fn end(&self) -> Result<(), CanonicalError> {
        if self.at == self.text.len() { Ok(()) } else { self.fail(Fault::Expected("the end")) }
    }

    /// `depth` is the number of arrays and objects around the value.
    pub(crate) fn value(&mut self, depth: usize) -> Result<Value, CanonicalError> {
        match self.peek() {
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.array(depth).map(Value::Array),
            Some(b'"') => self.string().map(|text| Value::String(text.into_owned())),
            Some(b'-' | b'0'..=b'9') => self.integer().map(Value::from),
            Some(b't') => self.expect("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.expect("false").map(|()| Value::Bool(false)),
            Some(b'n') => self.fail(Fault::Null),
            _ => self.fail(Fault::Expected("a value")),
        }
    }

    /// Reads a value as strictly as [`Reader::value`] and keeps nothing of it.
    pub(crate) fn pass(&mut self, depth: usize) -> Result<(), CanonicalError> {
        match self.peek() {
            Some(b'{') => self.fields(depth, |reader, _| reader.pass(depth + 1)),
            Some(b'[') => self.items(depth, |reader| reader.pass(depth + 1)),
            Some(b'"') => self.string().map(drop),
            // Nothing of these is kept in any case.
            _ => self.value(depth).map(drop),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value>, CanonicalError> {
        let mut items = Vec::new();
        self.items(depth, |reader| reader.value(depth + 1).map(|item| items.push(item)))?;
        Ok(items)
    }

    /// Reads an object whose keys are in order.
    pub(crate) fn object(&mut self, depth: usize) -> Result<Map<String, Value>, CanonicalError> {
        let mut fields = Map::new();
        self.fields(depth, |reader, key| {
            let value = reader.value(depth + 1)?;
            fields.insert(key.to_owned(), value);
            Ok(())
        })?;
        Ok(fields)
    }

    /// Reads an array; `each` reads an item.
    fn items(
        &mut self,
        depth: usize,
        mut each: impl FnMut(&mut Self) -> Result<(), CanonicalError>,
    ) -> Result<(), CanonicalError> {
        self.open("[", depth)?;
        if self.skip("]") {
            return Ok(());
        }
        loop {
            each(self)?;
            if self.skip("]") {
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    /// Reads an object whose keys are in order; `each` reads the value of a key.
    pub(crate) fn fields(
        &mut self,
        depth: usize,
        mut each: impl FnMut(&mut Self, &str) -> Result<(), CanonicalError>,
    ) -> Result<(), CanonicalError> {
        self.open("{", depth)?;
        if self.skip("}") {
            return Ok(());
        }
        let mut previous = Cow::Borrowed("");
        loop {
            let key = self.key(&previous)?;
            self.expect(":")?;
            each(self, &key)?;
            previous = key;
            if self.skip("}") {
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    fn open(&mut self, bracket: &'static str, depth: usize) -> Result<(), CanonicalError> {
        if depth >= MAX_DEPTH {
            return self.fail(Fault::TooDeep);
        }
        self.expect(bracket)
    }

    /// No key is empty, so the empty string stands for "no key before this one".
    fn key(&mut self, previous: &str) -> Result<Cow<'a, str>, CanonicalError> {
        let start = self.at;
        let key = self.string()?;
        let fault = if !is_key(&key) {
            Fault::Key
        } else if key == previous {
            Fault::DuplicateKey
        } else if *key < *previous {
            Fault::KeyOrder
        } else {
            return Ok(key);
        };
        Err(CanonicalError::at_byte(start, fault(key.into_owned())))
    }

    /// Reads an integer of at most 2^53 - 1 either way.
    pub(crate) fn integer(&mut self) -> Result<i64, CanonicalError> {
        let start = self.at;
        let fail = |fault| Err(CanonicalError::at_byte(start, fault));
        let negative = self.skip("-");
        let first = self.at;
        let mut magnitude: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            magnitude = magnitude.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        if self.at > first
            && let Some(b'.' | b'e' | b'E') = self.peek()
        {
            return fail(Fault::Float);
        }
        match self.at - first {
            0 => return self.fail(Fault::Expected("a digit")),
            1 if negative && magnitude == 0 => return fail(Fault::IntegerSpelling),
            2.. if self.text.as_bytes()[first] == b'0' => return fail(Fault::IntegerSpelling),
            _ => {}
        }
        if magnitude > MAX_INTEGER {
            return fail(Fault::IntegerRange);
        }
        Ok(if negative { -magnitude } else { magnitude })
    }

    /// Reads a string whose escapes are the ones the writer uses. One without any is lent.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, CanonicalError> {
        self.expect("\"")?;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\').unwrap_or(rest.len());
            // A run ends before an ASCII byte or at the end, which are both character boundaries.
            text += &rest[..plain];
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.to_mut().push(self.escape()?),
                Some(_) => return self.fail(Fault::ControlCharacter),
                None => return self.fail(Fault::Expected("a closing quotation mark")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, CanonicalError> {
        let rest = &self.text.as_bytes()[self.at..];
        let (character, length) = match rest.get(1) {
            Some(b'"') => ('"', 2),
            Some(b'\\') => ('\\', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b't') => ('\t', 2),
            Some(b'n') => ('\n', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'r') => ('\r', 2),
            Some(b'u') => match control_escape(rest) {
                Some(control) => (control, 6),
                None => return self.fail(Fault::Escape),
            },
            _ => return self.fail(Fault::Escape),
        };
        self.at += length;
        Ok(character)
    }
}

/// The control character spelled `\u00xx` in lowercase, unless it has a shorter spelling.
fn control_escape(bytes: &[u8]) -> Option<char> {
    let hex = bytes.get(2..6)?;
    let low = match hex[3] {
        digit @ b'0'..=b'9' => digit - b'0',
        letter @ b'a'..=b'f' => letter - b'a' + 10,
        _ => return None,
    };
    let high = match &hex[..3] {
        b"000" => 0,
        b"001" => 16,
        _ => return None,
    };
    match high + low {
        0x08 | b'\t' | b'\n' | 0x0c | b'\r' => None,
        control => Some(char::from(control)),
    }
}
