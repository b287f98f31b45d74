//! The writer. It appends to a caller's buffer, so a leaf is written without building a value first.

use serde_json::{Map, Number, Value};

use super::{CanonicalError, Fault, MAX_DEPTH, MAX_INTEGER, is_key};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `depth` is the number of arrays and objects around the value.
pub(super) fn write_value(out: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), CanonicalError> {
    match value {
        Value::Null => Err(CanonicalError::here(Fault::Null)),
        Value::Bool(true) => {
            out.extend_from_slice(b"true");
            Ok(())
        }
        Value::Bool(false) => {
            out.extend_from_slice(b"false");
            Ok(())
        }
        Value::Number(number) => write_number(out, number),
        Value::String(text) => {
            write_string(out, text);
            Ok(())
        }
        Value::Array(items) => write_array(out, items, depth),
        Value::Object(fields) => write_object(out, fields, depth),
    }
}

fn write_array(out: &mut Vec<u8>, items: &[Value], depth: usize) -> Result<(), CanonicalError> {
    check_depth(depth)?;
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_value(out, item, depth + 1).map_err(|e| e.inside_item(index))?;
    }
    out.push(b']');
    Ok(())
}

/// Writes an object with its keys sorted, in whatever order the map gives them.
pub(crate) fn write_object(
    out: &mut Vec<u8>,
    fields: &Map<String, Value>,
    depth: usize,
) -> Result<(), CanonicalError> {
    check_depth(depth)?;
    out.push(b'{');
    // The map is sorted unless some crate of the build asked serde_json to keep insertion order.
    if fields.keys().is_sorted() {
        write_fields(out, fields.iter(), depth)?;
    } else {
        let mut sorted: Vec<_> = fields.iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        write_fields(out, sorted.into_iter(), depth)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_fields<'a>(
    out: &mut Vec<u8>,
    fields: impl Iterator<Item = (&'a String, &'a Value)>,
    depth: usize,
) -> Result<(), CanonicalError> {
    for (position, (key, value)) in fields.enumerate() {
        if !is_key(key) {
            return Err(CanonicalError::here(Fault::Key(key.clone())));
        }
        if position > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        write_value(out, value, depth + 1).map_err(|e| e.inside_field(key))?;
    }
    Ok(())
}

fn check_depth(depth: usize) -> Result<(), CanonicalError> {
    if depth < MAX_DEPTH { Ok(()) } else { Err(CanonicalError::here(Fault::TooDeep)) }
}

fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), CanonicalError> {
    if let Some(integer) = number.as_i64() {
        return write_integer(out, integer);
    }
    let fault = if number.is_u64() { Fault::IntegerRange } else { Fault::Float };
    Err(CanonicalError::here(fault))
}

/// Writes a decimal integer of at most 2^53 - 1 either way.
pub(crate) fn write_integer(out: &mut Vec<u8>, integer: i64) -> Result<(), CanonicalError> {
    let mut rest = integer.unsigned_abs();
    if rest > MAX_INTEGER.unsigned_abs() {
        return Err(CanonicalError::here(Fault::IntegerRange));
    }
    if integer < 0 {
        out.push(b'-');
    }
    // Digits come out last first. Sixteen hold 2^53.
    let mut digits = [b'0'; 16];
    let mut start = digits.len();
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        start = index;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
    Ok(())
}

/// Writes a string with the escapes JSON forces, in the spelling RFC 8785 picks for each.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    // Nearly no text has anything to escape; looked at without a way out, many bytes are compared at once.
    if bytes.iter().fold(false, |any, byte| any | is_escaped(*byte)) {
        write_escaped(out, bytes);
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
}

const fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut copied = 0;
    for (index, byte) in bytes.iter().enumerate().filter(|(_, byte)| is_escaped(**byte)) {
        out.extend_from_slice(&bytes[copied..index]);
        write_escape(out, *byte);
        copied = index + 1;
    }
    out.extend_from_slice(&bytes[copied..]);
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
