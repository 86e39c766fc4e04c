//! The syntax of Liberty: text in; groups with their attributes and lines out. What nobody asks for is skipped.
//!
//! Grammar (Liberty User Guide, volume 1, "Syntax of statements"); comments are `/* */` and `//`, a backslash at the end of
//! a line continues it:
//!
//! ```text
//! file      = { group }
//! group     = name "(" arguments ")" "{" { group | simple | complex | ";" } "}"
//! simple    = name ":" value [ ";" ]      the value: a string, or the text up to ";", "}" or the end of the line
//! complex   = name "(" arguments ")" [ ";" ]
//! arguments = { string | word | "," }     separated by commas, blanks or both
//! ```
//!
//! Only the groups of [`wanted`] are entered; others (timing, power, tables: nearly all of a real file) are passed over by
//! counting braces outside strings and comments. So the depth of recursion is that of [`wanted`], whatever the file nests.

use super::LibraryError;

/// A group, with what it contains that is wanted.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) kind: String,
    pub(super) arguments: Vec<String>,
    pub(super) line: u32,
    pub(super) attributes: Vec<Attribute>,
    pub(super) groups: Vec<Group>,
}

/// An attribute; arguments of a complex one are joined by blanks.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: u32,
}

impl Group {
    /// The first attribute of that name.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// The first group of one of these kinds.
    pub(super) fn first(&self, kinds: &[&str]) -> Option<&Group> {
        self.groups.iter().find(|g| kinds.contains(&g.kind.as_str()))
    }

    /// The names that stand in its arguments, however they are separated and quoted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let separator = |c: char| c == ',' || c.is_whitespace();
        self.arguments.iter().flat_map(move |a| a.split(separator)).filter(|n| !n.is_empty())
    }
}

/// Whether a group of this kind is entered inside a group of kind `parent` (empty at the top).
fn wanted(parent: &str, kind: &str) -> bool {
    match parent {
        "" => kind == "library",
        "library" => kind == "cell",
        "cell" => matches!(
            kind,
            "pin"
                | "bus"
                | "bundle"
                | "ff"
                | "latch"
                | "ff_bank"
                | "latch_bank"
                | "statetable"
                | "pg_pin"
        ),
        _ => false,
    }
}

/// Attributes that somebody looks at.
const ATTRIBUTES: [&str; 13] = [
    "area",
    "clear",
    "clear_preset_var1",
    "clock_gating_integrated_cell",
    "clocked_on",
    "clocked_on_also",
    "data_in",
    "direction",
    "enable",
    "function",
    "next_state",
    "preset",
    "three_state",
];

/// Reads all groups `library` of a text.
pub(super) fn read(text: &str) -> Result<Vec<Group>, LibraryError> {
    let mut reader = Reader { text, at: 0, line: 1 };
    let mut top = Group::default();
    while reader.blanks()? {
        let line = reader.line;
        if reader.next() == Some(b'}') {
            return Err(syntax(line, "this '}' closes nothing"));
        }
        let before = top.groups.len();
        let kind = reader.item(&mut top)?;
        if top.groups.len() == before {
            return Err(syntax(line, format!("'{kind}' where a 'library' group belongs")));
        }
    }
    Ok(top.groups)
}

fn syntax(line: u32, what: impl Into<String>) -> LibraryError {
    LibraryError::Syntax { line, what: what.into() }
}

/// A place in the text; it never stands inside a character, as it only moves over whole ones.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: u32,
}

impl<'t> Reader<'t> {
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Moves on by so many bytes, and counts lines.
    fn advance(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        let passed = &self.text.as_bytes()[self.at..end];
        self.line += passed.iter().filter(|b| **b == b'\n').count() as u32;
        self.at = end;
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next() == Some(byte);
        if found {
            self.advance(1);
        }
        found
    }

    /// Passes a comment if one begins here.
    fn comment(&mut self) -> Result<bool, LibraryError> {
        if self.rest().starts_with("/*") {
            let end = self.rest()[2..].find("*/");
            let end = end.ok_or_else(|| syntax(self.line, "this comment does not end"))?;
            self.advance(end + 4);
            return Ok(true);
        }
        if self.rest().starts_with("//") {
            self.advance(self.rest().find('\n').unwrap_or(self.rest().len()));
            return Ok(true);
        }
        Ok(false)
    }

    /// Passes blanks, comments and continuations; whether anything is left.
    fn blanks(&mut self) -> Result<bool, LibraryError> {
        loop {
            match self.next() {
                None => return Ok(false),
                Some(b' ' | b'\t' | b'\r' | b'\n' | 0x0c) => self.advance(1),
                Some(b'\\') if self.continues() => self.advance(1),
                Some(b'/') if self.comment()? => {}
                Some(_) => return Ok(true),
            }
        }
    }

    /// Whether the backslash here ends its line.
    fn continues(&self) -> bool {
        self.rest()[1..].trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    }

    /// A string, from its opening quote; without quotes and continuations.
    fn string(&mut self) -> Result<String, LibraryError> {
        let unended = syntax(self.line, "this string does not end");
        let mut value = String::new();
        self.advance(1);
        loop {
            let Some(end) = self.rest().find(['"', '\\']) else { return Err(unended) };
            value.push_str(&self.rest()[..end]);
            self.advance(end);
            if self.take(b'"') {
                return Ok(value);
            }
            if !self.continues() {
                // An escaped character stands for itself.
                self.advance(1);
                let Some(c) = self.rest().chars().next() else { return Err(unended) };
                value.push(c);
                self.advance(c.len_utf8());
            } else {
                self.advance(1);
            }
        }
    }

    /// A word up to a separator.
    fn word(&mut self) -> &'t str {
        let stop = |c: char| c.is_whitespace() || "(){}:;,\"\\".contains(c);
        let rest = self.rest();
        let word = &rest[..rest.find(stop).unwrap_or(rest.len())];
        self.advance(word.len());
        word
    }

    /// One statement of the group `parent`, which gets it if it is wanted. Returns its name.
    fn item(&mut self, parent: &mut Group) -> Result<String, LibraryError> {
        let line = self.line;
        let name = self.word();
        if name.is_empty() {
            let found = self.rest().chars().next().unwrap_or('?');
            return Err(syntax(line, format!("'{found}' where a name is expected")));
        }
        if name == "include_file" {
            let what = "include_file is not read; put the contents of that file in its place";
            return Err(syntax(line, what));
        }
        self.blanks()?;
        let (name_text, is_read) = (name.to_owned(), ATTRIBUTES.contains(&name));
        if self.take(b':') {
            let value = self.value(is_read)?;
            if is_read {
                parent.attributes.push(Attribute { name: name_text, value, line });
            }
            return Ok(name.to_owned());
        }
        if !self.take(b'(') {
            return Err(syntax(line, format!("'(' or ':' is expected after '{name}'")));
        }
        let arguments = self.arguments(line, name)?;
        self.blanks()?;
        if !self.take(b'{') {
            if is_read {
                let value = arguments.join(" ");
                parent.attributes.push(Attribute { name: name_text, value, line });
            }
            return Ok(name.to_owned());
        }
        if wanted(&parent.kind, name) {
            let mut group = Group { kind: name_text, arguments, line, ..Group::default() };
            self.body(&mut group)?;
            parent.groups.push(group);
        } else if name == "cell" && !parent.kind.is_empty() {
            let (kind, from) = (&parent.kind, parent.line);
            let what =
                format!("a cell inside the {kind} of line {from}; a '}}' is missing before it");
            return Err(syntax(line, what));
        } else {
            self.skip(line, name)?;
        }
        Ok(name.to_owned())
    }

    /// The statements of a group up to its closing brace.
    fn body(&mut self, group: &mut Group) -> Result<(), LibraryError> {
        while self.blanks()? {
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b';') {
                self.item(group)?;
            }
        }
        Err(unclosed(group.line, &group.kind))
    }

    /// The value of a simple attribute, and the semicolon after it.
    fn value(&mut self, is_read: bool) -> Result<String, LibraryError> {
        self.blanks()?;
        let line = self.line;
        let string = if self.next() == Some(b'"') { Some(self.string()?) } else { None };
        let mut rest = String::new();
        loop {
            match self.next() {
                None | Some(b';' | b'}' | b'\n') => break,
                Some(b'"') => drop(self.string()?),
                Some(b'/') if self.comment()? => {}
                Some(b'\\') if self.continues() => {
                    self.advance(self.rest().find('\n').map_or(1, |n| n + 1));
                }
                Some(_) => {
                    let Some(c) = self.rest().chars().next() else { break };
                    rest.push(c);
                    self.advance(c.len_utf8());
                }
            }
        }
        let rest = rest.trim();
        match string {
            None => Ok(rest.to_owned()),
            Some(_) if is_read && !rest.is_empty() => {
                Err(syntax(line, format!("'{rest}' after the string; a ';' is missing")))
            }
            Some(string) => Ok(string),
        }
    }

    /// The arguments up to the closing parenthesis.
    fn arguments(&mut self, line: u32, name: &str) -> Result<Vec<String>, LibraryError> {
        let mut arguments = Vec::new();
        while self.blanks()? {
            match self.next() {
                Some(b')') => {
                    self.advance(1);
                    return Ok(arguments);
                }
                Some(b',') => self.advance(1),
                Some(b'"') => arguments.push(self.string()?),
                _ => {
                    // Also `A[3:0]`, and what looks like a number.
                    let stop = |c: char| c.is_whitespace() || "(){};,\"\\".contains(c);
                    let rest = self.rest();
                    let word = &rest[..rest.find(stop).unwrap_or(rest.len())];
                    if word.is_empty() {
                        let found = rest.chars().next().unwrap_or('?');
                        let what = format!("'{found}' in the parentheses after '{name}'");
                        return Err(syntax(self.line, what));
                    }
                    self.advance(word.len());
                    arguments.push(word.to_owned());
                }
            }
        }
        Err(syntax(line, format!("the '(' after '{name}' is not closed")))
    }

    /// Passes the rest of a group, from after its opening brace.
    fn skip(&mut self, line: u32, kind: &str) -> Result<(), LibraryError> {
        let bytes = self.text.as_bytes();
        let mut depth = 1_usize;
        let (mut at, mut lines) = (self.at, 0);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\n' => lines += 1,
                b'{' => depth += 1,
                b'}' => depth -= 1,
                b'"' | b'/' => {
                    // Rare enough for the slow way.
                    (self.at, self.line) = (at, self.line + lines);
                    lines = 0;
                    if *byte == b'"' {
                        self.pass_string()?;
                    } else if !self.comment()? {
                        self.advance(1);
                    }
                    at = self.at;
                    continue;
                }
                _ => {}
            }
            at += 1;
            if depth == 0 {
                (self.at, self.line) = (at, self.line + lines);
                return Ok(());
            }
        }
        Err(unclosed(line, kind))
    }

    /// A string that nobody looks at.
    fn pass_string(&mut self) -> Result<(), LibraryError> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    self.advance(at + 1 - self.at);
                    return Ok(());
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        Err(syntax(self.line, "this string does not end"))
    }
}

fn unclosed(line: u32, kind: &str) -> LibraryError {
    syntax(line, format!("the file ends inside this '{kind}' group; a '}}' is missing"))
}
