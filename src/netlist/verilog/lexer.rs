//! Cuts the text into tokens; comments, attributes and compiler directives fall away.

use super::{Result, syntax};

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier or keyword; escaped ones without backslash, marked so that they are never keywords.
    Name {
        text: String,
        escaped: bool,
    },
    /// An unsized decimal number.
    Number(u64),
    /// A sized constant, bit 0 first; `None` for x and z.
    Bits(Vec<Option<bool>>),
    Symbol(char),
}

/// All tokens with their lines, from 1.
pub(super) fn tokenize(text: &str) -> Result<Vec<(Token, u32)>> {
    let mut tokens = Vec::new();
    let bytes = text.as_bytes();
    let (mut at, mut line) = (0, 1_u32);
    let span = |from: usize, wanted: &dyn Fn(u8) -> bool| {
        bytes[from..].iter().position(|b| !wanted(*b)).map_or(bytes.len(), |n| from + n)
    };
    let find =
        |from: usize, wanted: &str| text.get(from..).and_then(|t| t.find(wanted)).map(|n| from + n);
    while at < bytes.len() {
        let start_line = line;
        let next = match bytes[at] {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0c => at + 1,
            b'/' if bytes.get(at + 1) == Some(&b'/') => find(at, "\n").unwrap_or(bytes.len()),
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                find(at + 2, "*/").ok_or_else(|| syntax(line, "this comment does not end"))? + 2
            }
            // An attribute; but `(*)` cannot occur in a netlist.
            b'(' if bytes.get(at + 1) == Some(&b'*') => {
                find(at + 2, "*)").ok_or_else(|| syntax(line, "this attribute does not end"))? + 2
            }
            b'`' => find(at, "\n").unwrap_or(bytes.len()),
            b'\\' => {
                let end = span(at + 1, &|b| !b.is_ascii_whitespace());
                let name = Token::Name { text: text[at + 1..end].to_owned(), escaped: true };
                tokens.push((name, start_line));
                end
            }
            b if b.is_ascii_alphabetic() || b == b'_' => {
                let end = span(at, &|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$');
                let name = Token::Name { text: text[at..end].to_owned(), escaped: false };
                tokens.push((name, start_line));
                end
            }
            b if b.is_ascii_digit() || b == b'\'' => {
                let (token, end) = number(text, at).map_err(|what| syntax(line, what))?;
                tokens.push((token, start_line));
                end
            }
            b if b"()[]{}:;,.=#-".contains(&b) => {
                tokens.push((Token::Symbol(b as char), start_line));
                at + 1
            }
            _ => {
                let c = text[at..].chars().next().unwrap_or('?');
                return Err(syntax(
                    line,
                    format!(
                        "unexpected '{c}': only structural Verilog is read; write the netlist after technology mapping"
                    ),
                ));
            }
        };
        line += bytes[at..next].iter().filter(|b| **b == b'\n').count() as u32;
        at = next;
    }
    Ok(tokens)
}

/// A decimal number, or a constant such as `4'b10x0`, `8'hff`, `1'd1`.
fn number(text: &str, at: usize) -> std::result::Result<(Token, usize), String> {
    let digits_end = |from: usize, wanted: fn(char) -> bool| {
        text[from..].find(|c: char| !wanted(c)).map_or(text.len(), |n| from + n)
    };
    let end = digits_end(at, |c| c.is_ascii_digit() || c == '_');
    let plain = text[at..end].replace('_', "");
    if !text[end..].starts_with('\'') {
        let value = plain.parse().map_err(|_| format!("the number {plain} is too large"))?;
        return Ok((Token::Number(value), end));
    }
    let width: usize = if plain.is_empty() { 32 } else { plain.parse().unwrap_or(0) };
    if width == 0 || width > 4096 {
        return Err(format!("a constant of {plain} bits; 1 to 4096 are read"));
    }
    let base_at = digits_end(end + 1, |c| c == 's' || c == 'S');
    let base = text[base_at..].chars().next().ok_or("a constant without its base")?;
    let base = base.to_ascii_lowercase();
    let from = base_at + base.len_utf8();
    let end = digits_end(from, |c| c.is_ascii_alphanumeric() || c == '_' || c == '?');
    let digits = text[from.min(text.len())..end].replace('_', "");
    let per_digit = match base {
        'b' => 1,
        'o' => 3,
        'h' => 4,
        'd' => 0,
        _ => return Err(format!("a constant of base '{base}'; b, o, d and h are read")),
    };
    let mut bits = Vec::new();
    if per_digit == 0 {
        let value: u64 =
            digits.parse().map_err(|_| format!("'{digits}' is not a decimal number"))?;
        bits.extend((0..64).map(|i| Some(value >> i & 1 == 1)));
    } else {
        for digit in digits.chars().rev() {
            let value = match digit {
                'x' | 'X' | 'z' | 'Z' | '?' => None,
                _ => Some(digit.to_digit(1 << per_digit).ok_or_else(|| {
                    format!("'{digit}' is not a digit of a constant of base '{base}'")
                })?),
            };
            bits.extend((0..per_digit).map(|i| value.map(|v| v >> i & 1 == 1)));
        }
    }
    bits.resize(width.max(1), Some(false));
    Ok((Token::Bits(bits), end))
}
