//! Cuts the text into tokens; comments, attributes and directives without effect fall away.
//!
//! Modules that nobody uses may hold anything, such as the behaviour of a cell. So a text is only refused here if it is not
//! clear where a token ends; what only the netlist must not contain becomes a token that the parser refuses.

use super::super::design::syntax;
use super::Result;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// An identifier or keyword; escaped ones without backslash, marked so that they are never keywords.
    Name { text: &'t str, escaped: bool },
    /// An unsized decimal number.
    Number(u64),
    /// A sized constant: the bits that are written, bit 0 first, `None` for x and z; what fills them up; the width.
    Bits { bits: Vec<Option<bool>>, fill: Option<bool>, width: usize },
    /// Any other character.
    Symbol(char),
    /// A string.
    Text,
    /// A directive that changes the text, without its backquote.
    Directive(&'t str),
    /// A number that cannot be read, with the reason.
    BadNumber(String),
}

/// Directives that change nothing in a netlist; their lines are passed over.
const DIRECTIVES: [&str; 16] = [
    "timescale",
    "celldefine",
    "endcelldefine",
    "default_nettype",
    "resetall",
    "suppress_faults",
    "nosuppress_faults",
    "enable_portfaults",
    "disable_portfaults",
    "delay_mode_path",
    "delay_mode_distributed",
    "delay_mode_unit",
    "delay_mode_zero",
    "line",
    "pragma",
    "protect",
];

/// All tokens with their lines, from 1.
pub(super) fn tokenize(text: &str) -> Result<Vec<(Token<'_>, u32)>> {
    let mut tokens = Vec::new();
    let bytes = text.as_bytes();
    let (mut at, mut line) = (0, 1_u32);
    let span = |from: usize, wanted: &dyn Fn(u8) -> bool| {
        bytes[from..].iter().position(|b| !wanted(*b)).map_or(bytes.len(), |n| from + n)
    };
    let find =
        |from: usize, wanted: &str| text.get(from..).and_then(|t| t.find(wanted)).map(|n| from + n);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$';
    while at < bytes.len() {
        let (token, next) = match bytes[at] {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0c => (None, at + 1),
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                (None, find(at, "\n").unwrap_or(bytes.len()))
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = find(at + 2, "*/");
                (None, end.ok_or_else(|| syntax(line, "this comment does not end"))? + 2)
            }
            // An attribute; but not the sensitivity list `@(*)`.
            b'(' if bytes[at..].starts_with(b"(*") && bytes.get(at + 2) != Some(&b')') => {
                (None, attribute_end(text, at, line)?)
            }
            b'`' => {
                let end = span(at + 1, &is_name);
                let name = &text[at + 1..end];
                if DIRECTIVES.contains(&name) {
                    (None, find(at, "\n").unwrap_or(bytes.len()))
                } else {
                    (Some(Token::Directive(name)), end)
                }
            }
            b'"' => (Some(Token::Text), string_end(bytes, at, line)?),
            b'\\' => {
                let end = span(at + 1, &|b| !b.is_ascii_whitespace());
                (Some(Token::Name { text: &text[at + 1..end], escaped: true }), end)
            }
            b if b.is_ascii_alphabetic() || b == b'_' => {
                let end = span(at, &is_name);
                (Some(Token::Name { text: &text[at..end], escaped: false }), end)
            }
            b if b.is_ascii_digit() || b == b'\'' => {
                let (token, end) = number(text, at);
                (Some(token), end)
            }
            b if b.is_ascii_graphic() => (Some(Token::Symbol(b as char)), at + 1),
            _ => {
                let c = text[at..].chars().next().unwrap_or('?');
                let what = format!("unexpected '{}': this is no Verilog", c.escape_default());
                return Err(syntax(line, what));
            }
        };
        tokens.extend(token.map(|token| (token, line)));
        line += bytes[at..next].iter().filter(|b| **b == b'\n').count() as u32;
        at = next;
    }
    Ok(tokens)
}

/// The end of the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize, line: u32) -> Result<usize> {
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' => return Ok(end + 1),
            b'\\' => end += 2,
            b'\n' => break,
            _ => end += 1,
        }
    }
    Err(syntax(line, "this string does not end"))
}

/// The end of the attribute that begins at `at`; its strings may contain anything.
fn attribute_end(text: &str, at: usize, line: u32) -> Result<usize> {
    let bytes = text.as_bytes();
    let mut end = at + 2;
    while end < bytes.len() {
        match bytes[end] {
            b'"' => end = string_end(bytes, end, line)?,
            b'*' if bytes.get(end + 1) == Some(&b')') => return Ok(end + 2),
            _ => end += 1,
        }
    }
    Err(syntax(line, "this attribute does not end"))
}

/// A decimal number, or a constant such as `4'b10x0`, `8'hff`, `1'd1`, `4 'b 0101`; and where it ends.
fn number(text: &str, at: usize) -> (Token<'_>, usize) {
    let digits_end = |from: usize, wanted: fn(char) -> bool| {
        text[from..].find(|c: char| !wanted(c)).map_or(text.len(), |n| from + n)
    };
    let blank = |c: char| c == ' ' || c == '\t';
    let end = digits_end(at, |c| c.is_ascii_digit() || c == '_');
    let plain = text[at..end].replace('_', "");
    let quote = digits_end(end, blank);
    if !text[quote..].starts_with('\'') {
        let token = match plain.parse() {
            Ok(value) => Token::Number(value),
            Err(_) => Token::BadNumber(format!("the number {plain} is too large")),
        };
        return (token, end);
    }
    let base_at = digits_end(quote + 1, |c| c == 's' || c == 'S');
    let base = text[base_at..].chars().next();
    let from = base_at + base.map_or(0, char::len_utf8);
    let from = digits_end(from, blank);
    let end = digits_end(from, |c| c.is_ascii_alphanumeric() || c == '_' || c == '?');
    let digits = text[from..end].replace('_', "");
    let token = constant(&plain, base, &digits).unwrap_or_else(Token::BadNumber);
    (token, end)
}

/// The bits of a constant: its width, its base and its digits, as they are written.
fn constant<'t>(
    written: &str,
    base: Option<char>,
    digits: &str,
) -> std::result::Result<Token<'t>, String> {
    let width: usize = if written.is_empty() { 32 } else { written.parse().unwrap_or(0) };
    if width == 0 || width > 4096 {
        return Err(format!("a constant of {written} bits; 1 to 4096 are read"));
    }
    let base = base.ok_or("a constant without its base")?.to_ascii_lowercase();
    let per_digit = match base {
        'b' => 1,
        'o' => 3,
        'h' => 4,
        'd' => 0,
        _ => return Err(format!("a constant of base '{base}'; b, o, d and h are read")),
    };
    let unknown = |c: char| matches!(c, 'x' | 'X' | 'z' | 'Z' | '?');
    let mut value = Vec::new();
    if per_digit == 0 && digits.len() == 1 && digits.starts_with(unknown) {
        value.push(None);
    } else if per_digit == 0 {
        let number: u128 = digits.parse().map_err(|_| {
            format!("'{digits}' is not a decimal number that fits in 128 bits; write it with 'h")
        })?;
        value.extend((0..128).map(|i| Some(number >> i & 1 == 1)));
    } else if digits.is_empty() {
        return Err("a constant without digits".to_owned());
    }
    for digit in digits.chars().rev().filter(|_| per_digit > 0) {
        let digit = if unknown(digit) {
            None
        } else {
            let what = || format!("'{digit}' is not a digit of a constant of base '{base}'");
            Some(digit.to_digit(1 << per_digit).ok_or_else(what)?)
        };
        value.extend((0..per_digit).map(|i| digit.map(|v| v >> i & 1 == 1)));
    }
    // A leading x or z fills up, other constants are filled up with 0; what is too long is cut off. The filling is not
    // stored: a short text could take much memory.
    let fill = if value.last() == Some(&None) { None } else { Some(false) };
    value.truncate(width);
    let needed = value.iter().rposition(|bit| *bit != fill).map_or(0, |last| last + 1);
    value.truncate(needed);
    // Without a width the context decides in Verilog; what is written fits any.
    let width = if written.is_empty() { needed.max(1) } else { width };
    Ok(Token::Bits { bits: value, fill, width })
}
