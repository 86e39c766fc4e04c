//! Reads one flat module of structural Verilog, as synthesis tools write it.
//!
//! In: the text, a cell library, the module's name. Out: a [`Netlist`], or an error that names the line.
//!
//! Understood (IEEE 1364-2005, clauses 3.3 to 3.8, 12): `module` with plain or ANSI ports, `input`, `output`, `wire`,
//! `tri`, with ranges in either direction, several names in one declaration; `assign` of names, bit- and
//! part-selects, concatenations and sized constants; instances with named or positional pins, unconnected pins;
//! escaped identifiers, both kinds of comments, attributes. Other modules in the file are skipped. Hierarchy, `inout`,
//! parameters and behavioural code are refused with a message.

use super::cells::Library;
use super::{Cell, Direction, Net, Netlist, NetlistError, Port};
use std::collections::HashMap;
use std::sync::Arc;

type Result<T> = std::result::Result<T, NetlistError>;

/// Bits of all vectors of a module together, at the most: no real multiplier is near it, and a typing error in a range
/// must not take all memory.
const MAX_BITS: usize = 1 << 24;

/// Parses `text` and builds the netlist of `module`.
///
/// # Errors
/// [`NetlistError`] naming line, cell, net and remedy.
pub fn parse(text: &str, module: &str, library: &Library) -> Result<Netlist> {
    let tokens = tokenize(text)?;
    let mut found = Vec::new();
    let mut parser = Parser { tokens: &tokens, at: 0 };
    while !parser.done() {
        parser.expect("module")?;
        let name = parser.identifier()?;
        if name == module {
            let mut builder = Builder::new(module, library);
            parser.module(&mut builder)?;
            return builder.finish();
        }
        found.push(name);
        parser.skip_to("endmodule")?;
    }
    Err(NetlistError::NoModule { wanted: module.to_owned(), found: found.join(", ") })
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
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

fn syntax(line: u32, what: impl Into<String>) -> NetlistError {
    NetlistError::Syntax { line, what: what.into() }
}

fn tokenize(text: &str) -> Result<Vec<(Token, u32)>> {
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
    let base = text[base_at..].chars().next().unwrap_or(' ').to_ascii_lowercase();
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

struct Parser<'t> {
    tokens: &'t [(Token, u32)],
    at: usize,
}

/// What an expression in a connection denotes, bit 0 first.
type Signals = Vec<Signal>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Raw(usize),
    Const(bool),
    Unknown,
}

const REFUSED: [&str; 14] = [
    "always",
    "initial",
    "reg",
    "parameter",
    "localparam",
    "defparam",
    "generate",
    "function",
    "task",
    "inout",
    "specify",
    "genvar",
    "integer",
    "supply0",
];

impl Parser<'_> {
    fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(_, line)| *line)
    }

    fn error<T>(&self, wanted: &str) -> Result<T> {
        let found = match self.tokens.get(self.at).map(|(token, _)| token) {
            None => "the end of the file".to_owned(),
            Some(Token::Name { text, .. }) => format!("'{text}'"),
            Some(Token::Number(n)) => format!("'{n}'"),
            Some(Token::Bits(_)) => "a constant".to_owned(),
            Some(Token::Symbol(c)) => format!("'{c}'"),
        };
        Err(syntax(self.line(), format!("{wanted} is expected, {found} found")))
    }

    fn is(&self, symbol: char) -> bool {
        matches!(self.tokens.get(self.at), Some((Token::Symbol(c), _)) if *c == symbol)
    }

    fn take(&mut self, symbol: char) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, symbol: char) -> Result<()> {
        if self.take(symbol) { Ok(()) } else { self.error(&format!("'{symbol}'")) }
    }

    fn keyword(&self) -> Option<&str> {
        match self.tokens.get(self.at) {
            Some((Token::Name { text, escaped: false }, _)) => Some(text),
            _ => None,
        }
    }

    fn take_keyword(&mut self, word: &str) -> bool {
        let found = self.keyword() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<()> {
        if self.take_keyword(word) { Ok(()) } else { self.error(&format!("'{word}'")) }
    }

    fn identifier(&mut self) -> Result<String> {
        match self.tokens.get(self.at) {
            Some((Token::Name { text, .. }, _)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => self.error("a name"),
        }
    }

    fn integer(&mut self) -> Result<i64> {
        let negative = self.take('-');
        match self.tokens.get(self.at) {
            Some((Token::Number(n), _)) if *n <= MAX_BITS as u64 => {
                self.at += 1;
                Ok(if negative { -(*n as i64) } else { *n as i64 })
            }
            Some((Token::Number(_), _)) => self.error("an index of a bit below 16,777,216"),
            _ => self.error("a number"),
        }
    }

    fn skip_to(&mut self, word: &str) -> Result<()> {
        while !self.take_keyword(word) {
            if self.done() {
                return self.error(&format!("'{word}'"));
            }
            self.at += 1;
        }
        Ok(())
    }

    /// `[msb:lsb]`, if it comes next.
    fn range(&mut self) -> Result<Option<(i64, i64)>> {
        if !self.take('[') {
            return Ok(None);
        }
        let msb = self.integer()?;
        self.need(':')?;
        let lsb = self.integer()?;
        self.need(']')?;
        Ok(Some((msb, lsb)))
    }

    /// Everything from after the module's name to `endmodule`.
    fn module(&mut self, builder: &mut Builder) -> Result<()> {
        if self.is('#') {
            return self
                .error("a port list (parameters are not read; elaborate the netlist first)");
        }
        if self.take('(') && !self.take(')') {
            self.port_list(builder)?;
        }
        self.need(';')?;
        while !self.take_keyword("endmodule") {
            self.item(builder)?;
        }
        Ok(())
    }

    fn port_list(&mut self, builder: &mut Builder) -> Result<()> {
        let mut ansi: Option<(Direction, Option<(i64, i64)>)> = None;
        loop {
            if let Some(direction) = self.direction() {
                let _ = self.take_keyword("wire");
                ansi = Some((direction, self.range()?));
            }
            let line = self.line();
            let name = self.identifier()?;
            builder.port_order.push(name.clone());
            if let Some((direction, range)) = ansi {
                builder.declare(line, &name, range, Some(direction))?;
            }
            if self.take(')') {
                return Ok(());
            }
            self.need(',')?;
        }
    }

    fn direction(&mut self) -> Option<Direction> {
        let direction = match self.keyword()? {
            "input" => Direction::Input,
            "output" => Direction::Output,
            _ => return None,
        };
        self.at += 1;
        Some(direction)
    }

    fn item(&mut self, builder: &mut Builder) -> Result<()> {
        if let Some(word) = self.keyword().filter(|w| REFUSED.contains(w)) {
            return Err(syntax(
                self.line(),
                format!(
                    "'{word}' is not structural; write the netlist after synthesis and flattening"
                ),
            ));
        }
        if let Some(direction) = self.direction() {
            let _ = self.take_keyword("wire");
            return self.declaration(builder, Some(direction));
        }
        if self.take_keyword("wire") || self.take_keyword("tri") {
            return self.declaration(builder, None);
        }
        if self.take_keyword("assign") {
            return self.assign(builder);
        }
        self.instances(builder)
    }

    fn declaration(&mut self, builder: &mut Builder, direction: Option<Direction>) -> Result<()> {
        let range = self.range()?;
        loop {
            let line = self.line();
            let name = self.identifier()?;
            builder.declare(line, &name, range, direction)?;
            if self.take(';') {
                return Ok(());
            }
            self.need(',')?;
        }
    }

    fn assign(&mut self, builder: &mut Builder) -> Result<()> {
        loop {
            let line = self.line();
            let left = self.signals(builder)?;
            self.need('=')?;
            let right = self.signals(builder)?;
            builder.join(line, &left, &right)?;
            if self.take(';') {
                return Ok(());
            }
            self.need(',')?;
        }
    }

    /// A name, a select of it, a constant, or a concatenation.
    fn signals(&mut self, builder: &mut Builder) -> Result<Signals> {
        self.signals_at_depth(builder, 0)
    }

    fn signals_at_depth(&mut self, builder: &mut Builder, depth: u32) -> Result<Signals> {
        if depth > 32 {
            return self.error("fewer than 32 nested concatenations");
        }
        if self.take('{') {
            let mut parts = Vec::new();
            loop {
                parts.push(self.signals_at_depth(builder, depth + 1)?);
                if self.take('}') {
                    break;
                }
                self.need(',')?;
            }
            return Ok(parts.into_iter().rev().flatten().collect());
        }
        if let Some((Token::Bits(bits), _)) = self.tokens.get(self.at) {
            self.at += 1;
            let signal = |bit: &Option<bool>| bit.map_or(Signal::Unknown, Signal::Const);
            return Ok(bits.iter().map(signal).collect());
        }
        let line = self.line();
        let name = self.identifier()?;
        let select = if self.take('[') {
            let msb = self.integer()?;
            let lsb = if self.take(':') { self.integer()? } else { msb };
            self.need(']')?;
            Some((msb, lsb))
        } else {
            None
        };
        builder.select(line, &name, select)
    }

    /// `TYPE name ( ... ), name ( ... );`
    fn instances(&mut self, builder: &mut Builder) -> Result<()> {
        let kind = self.identifier()?;
        if self.is('#') {
            return self.error("an instance name (parameters are not read)");
        }
        loop {
            let line = self.line();
            let name = self.identifier()?;
            self.need('(')?;
            let pins = self.connections(builder)?;
            builder.instance(line, &kind, name, pins)?;
            if self.take(';') {
                return Ok(());
            }
            self.need(',')?;
        }
    }

    fn connections(&mut self, builder: &mut Builder) -> Result<Vec<(Option<String>, Signals)>> {
        let mut pins = Vec::new();
        if self.take(')') {
            return Ok(pins);
        }
        loop {
            if self.take('.') {
                let pin = self.identifier()?;
                self.need('(')?;
                let signals = if self.is(')') { Vec::new() } else { self.signals(builder)? };
                self.need(')')?;
                pins.push((Some(pin), signals));
            } else if self.is(',') || self.is(')') {
                pins.push((None, Vec::new()));
            } else {
                pins.push((None, self.signals(builder)?));
            }
            if self.take(')') {
                return Ok(pins);
            }
            self.need(',')?;
        }
    }
}

/// A declared vector or scalar: its range and where its bits begin among the raw bits.
struct Declared {
    range: Option<(i64, i64)>,
    first: usize,
    direction: Option<Direction>,
}

impl Declared {
    fn width(&self) -> usize {
        self.range.map_or(1, |(msb, lsb)| (msb - lsb).unsigned_abs() as usize + 1)
    }

    /// The raw bit with that index in the source.
    fn bit(&self, index: i64) -> Option<usize> {
        let (msb, lsb) = self.range?;
        let inside = index >= msb.min(lsb) && index <= msb.max(lsb);
        inside.then(|| self.first + (index - lsb).unsigned_abs() as usize)
    }
}

struct RawCell {
    line: u32,
    name: String,
    kind: Arc<super::cells::CellType>,
    inputs: Vec<Signal>,
    outputs: Vec<Option<usize>>,
}

/// Collects a module's declarations and joins raw bits into nets.
struct Builder<'l> {
    module: String,
    library: &'l Library,
    kinds: HashMap<String, Arc<super::cells::CellType>>,
    port_order: Vec<String>,
    declared: HashMap<String, Declared>,
    bit_names: Vec<String>,
    /// Union-find over raw bits; the last two are constant 0 and 1, made in `finish`.
    parent: Vec<usize>,
    constants: Vec<(usize, bool)>,
    cells: Vec<RawCell>,
}

impl<'l> Builder<'l> {
    fn new(module: &str, library: &'l Library) -> Self {
        Self {
            module: module.to_owned(),
            library,
            kinds: HashMap::new(),
            port_order: Vec::new(),
            declared: HashMap::new(),
            bit_names: Vec::new(),
            parent: Vec::new(),
            constants: Vec::new(),
            cells: Vec::new(),
        }
    }

    fn declare(
        &mut self,
        line: u32,
        name: &str,
        range: Option<(i64, i64)>,
        direction: Option<Direction>,
    ) -> Result<()> {
        if let Some(old) = self.declared.get_mut(name) {
            // `output [3:0] y; wire [3:0] y;` declares one thing twice.
            if old.range != range {
                return Err(syntax(line, format!("'{name}' is declared again with another range")));
            }
            old.direction = old.direction.or(direction);
            return Ok(());
        }
        let declared = Declared { range, first: self.bit_names.len(), direction };
        if declared.first + declared.width() > MAX_BITS {
            return Err(syntax(line, format!("with '{name}' the module has over {MAX_BITS} bits")));
        }
        match range {
            None => self.raw_bit(name.to_owned()),
            Some((msb, lsb)) => {
                let step = if msb >= lsb { 1 } else { -1 };
                for i in 0..declared.width() as i64 {
                    self.raw_bit(format!("{name}[{}]", lsb + i * step));
                }
            }
        }
        self.declared.insert(name.to_owned(), declared);
        Ok(())
    }

    fn raw_bit(&mut self, name: String) {
        self.parent.push(self.bit_names.len());
        self.bit_names.push(name);
    }

    fn select(&mut self, line: u32, name: &str, select: Option<(i64, i64)>) -> Result<Signals> {
        if !self.declared.contains_key(name) {
            if select.is_some() {
                return Err(syntax(line, format!("'{name}' is not declared, so it has no bits")));
            }
            // An undeclared scalar is an implicit wire.
            self.declare(line, name, None, None)?;
        }
        let declared = &self.declared[name];
        let Some((msb, lsb)) = select else {
            let bits = declared.first..declared.first + declared.width();
            return Ok(bits.map(Signal::Raw).collect());
        };
        let outside =
            || syntax(line, format!("'{name}[{msb}:{lsb}]' lies outside its declaration"));
        let (from, to) = (declared.bit(lsb), declared.bit(msb));
        let (from, to) = from.zip(to).ok_or_else(outside)?;
        if from > to {
            return Err(syntax(
                line,
                format!("'{name}[{msb}:{lsb}]' runs against its declaration"),
            ));
        }
        Ok((from..=to).map(Signal::Raw).collect())
    }

    fn root(&mut self, mut bit: usize) -> usize {
        while self.parent[bit] != bit {
            self.parent[bit] = self.parent[self.parent[bit]];
            bit = self.parent[bit];
        }
        bit
    }

    fn join(&mut self, line: u32, left: &Signals, right: &Signals) -> Result<()> {
        if left.len() != right.len() {
            let (l, r) = (left.len(), right.len());
            return Err(syntax(
                line,
                format!("assign joins {l} bits with {r}; write equal widths"),
            ));
        }
        for (l, r) in left.iter().zip(right) {
            match (l, r) {
                (Signal::Raw(l), Signal::Raw(r)) => {
                    let (l, r) = (self.root(*l), self.root(*r));
                    self.parent[l] = r;
                }
                (Signal::Raw(l), Signal::Const(value)) => self.constants.push((*l, *value)),
                (Signal::Raw(l), Signal::Unknown) => self.constants.push((*l, false)),
                _ => return Err(syntax(line, "a constant stands on the left of an assign")),
            }
        }
        Ok(())
    }

    fn instance(
        &mut self,
        line: u32,
        kind: &str,
        name: String,
        pins: Vec<(Option<String>, Signals)>,
    ) -> Result<()> {
        let Some(cell) = self.library.cell(kind) else {
            return Err(syntax(
                line,
                format!(
                    "cell {name} is of type '{kind}', which the cell library lacks; give the library that the netlist was mapped to, or flatten the design if '{kind}' is a module"
                ),
            ));
        };
        let cell =
            self.kinds.entry(kind.to_owned()).or_insert_with(|| Arc::new(cell.clone())).clone();
        let mut inputs = vec![None; cell.inputs.len()];
        let mut outputs = vec![None; cell.outputs.len()];
        let mut taken = vec![false; inputs.len() + outputs.len()];
        for (position, (pin, signals)) in pins.into_iter().enumerate() {
            let slot = match &pin {
                None => position,
                Some(pin) => pin_slot(&cell, pin).unwrap_or(usize::MAX),
            };
            let pin = pin.unwrap_or_else(|| format!("number {position}"));
            if slot >= taken.len() {
                return Err(syntax(line, format!("cell {name}: '{kind}' has no pin {pin}")));
            }
            if std::mem::replace(&mut taken[slot], true) {
                return Err(syntax(line, format!("cell {name}: pin {pin} is connected twice")));
            }
            match signals.as_slice() {
                [] => {}
                [signal] if slot < inputs.len() => inputs[slot] = Some(*signal),
                [Signal::Raw(bit)] => outputs[slot - inputs.len()] = Some(*bit),
                [_] => {
                    return Err(syntax(
                        line,
                        format!("cell {name}: output {pin} drives a constant"),
                    ));
                }
                more => {
                    let n = more.len();
                    return Err(syntax(
                        line,
                        format!("cell {name}: {n} bits at pin {pin}, which has 1"),
                    ));
                }
            }
        }
        let missing = inputs.iter().position(Option::is_none);
        if let Some(pin) = missing {
            let pin = &cell.inputs[pin];
            return Err(syntax(
                line,
                format!(
                    "cell {name}: input {pin} is not connected; tie it to a constant if that is meant"
                ),
            ));
        }
        let inputs = inputs.into_iter().flatten().collect();
        self.cells.push(RawCell { line, name, kind: cell, inputs, outputs });
        Ok(())
    }

    /// Joins the raw bits into nets and checks that each has one driver.
    fn finish(mut self) -> Result<Netlist> {
        let constant_bits = [self.bit_names.len(), self.bit_names.len() + 1];
        self.raw_bit("1'b0".to_owned());
        self.raw_bit("1'b1".to_owned());
        for (bit, value) in std::mem::take(&mut self.constants) {
            let root = self.root(bit);
            let constant = self.root(constant_bits[usize::from(value)]);
            if root == self.root(constant_bits[usize::from(!value)]) {
                let name = &self.bit_names[bit];
                return Err(NetlistError::Structure(format!("net {name} is tied to both 0 and 1")));
            }
            self.parent[root] = constant;
        }

        let mut net_of_root = HashMap::new();
        let mut net_of_bit = Vec::with_capacity(self.bit_names.len());
        for bit in 0..self.bit_names.len() {
            let next = Net(net_of_root.len() as u32);
            let root = self.root(bit);
            net_of_bit.push(*net_of_root.entry(root).or_insert(next));
        }
        let net_count = net_of_root.len();
        let mut drivers: Vec<Option<String>> = vec![None; net_count];
        let mut net_names: Vec<Option<String>> = vec![None; net_count];
        let mut drive = |bit: usize, driver: String| {
            let net = net_of_bit[bit].index();
            if let Some(other) = &drivers[net] {
                let name = &self.bit_names[bit];
                return Err(NetlistError::Structure(format!(
                    "net {name} has two drivers: {other} and {driver}"
                )));
            }
            drivers[net] = Some(driver);
            net_names[net] = Some(self.bit_names[bit].clone());
            Ok(())
        };
        for (bit, value) in constant_bits.into_iter().zip(["constant 0", "constant 1"]) {
            drive(bit, value.to_owned())?;
        }
        let mut ports = Vec::new();
        for name in &self.port_order {
            let declared = self.declared.get(name).filter(|d| d.direction.is_some());
            let Some((declared, direction)) = declared.and_then(|d| Some((d, d.direction?))) else {
                return Err(NetlistError::Structure(format!(
                    "port {name} has no direction; declare it input or output"
                )));
            };
            let bits = declared.first..declared.first + declared.width();
            if direction == Direction::Input {
                for bit in bits.clone() {
                    drive(bit, format!("input port {name}"))?;
                }
            }
            let bits = bits.map(|bit| net_of_bit[bit]).collect();
            ports.push(Port { name: name.clone(), direction, bits });
        }
        for cell in &self.cells {
            for (pin, bit) in cell.outputs.iter().enumerate() {
                if let Some(bit) = bit {
                    drive(*bit, format!("{}/{}", cell.name, cell.kind.outputs[pin].0))?;
                }
            }
        }

        let net = |signal: &Signal| match signal {
            Signal::Raw(bit) => net_of_bit[*bit],
            Signal::Const(value) => net_of_bit[constant_bits[usize::from(*value)]],
            Signal::Unknown => net_of_bit[constant_bits[0]],
        };
        let mut cells = Vec::with_capacity(self.cells.len());
        for raw in &self.cells {
            let inputs: Vec<Net> = raw.inputs.iter().map(net).collect();
            for (pin, input) in inputs.iter().enumerate() {
                if drivers[input.index()].is_none() {
                    let (cell, pin) = (&raw.name, &raw.kind.inputs[pin]);
                    return Err(syntax(
                        raw.line,
                        format!(
                            "{cell}/{pin} reads a net that nothing drives; connect a driver or tie it to a constant"
                        ),
                    ));
                }
            }
            cells.push(Cell {
                name: raw.name.clone(),
                kind: raw.kind.clone(),
                inputs,
                outputs: raw.outputs.iter().map(|bit| bit.map(|b| net_of_bit[b])).collect(),
            });
        }
        for port in ports.iter().filter(|p| p.direction == Direction::Output) {
            if let Some(bit) = port.bits.iter().position(|n| drivers[n.index()].is_none()) {
                let name = &port.name;
                return Err(NetlistError::Structure(format!(
                    "nothing drives bit {bit} of output {name}"
                )));
            }
        }
        let by_name = self.bit_names.iter().cloned().zip(net_of_bit.iter().copied()).collect();
        let unnamed = |net: usize| {
            let bit = net_of_bit.iter().position(|n| n.index() == net).unwrap_or(0);
            self.bit_names[bit].clone()
        };
        let net_names = net_names
            .into_iter()
            .enumerate()
            .map(|(i, n)| n.unwrap_or_else(|| unnamed(i)))
            .collect();
        let constants =
            [(net_of_bit[constant_bits[0]], false), (net_of_bit[constant_bits[1]], true)];
        Ok(Netlist {
            module: self.module,
            ports,
            cells,
            net_names,
            by_name,
            constants: constants.to_vec(),
        })
    }
}

/// A pin's place: inputs first, then outputs.
fn pin_slot(cell: &super::cells::CellType, pin: &str) -> Option<usize> {
    let input = cell.inputs.iter().position(|p| p == pin);
    let output = || cell.outputs.iter().position(|(p, _)| p == pin).map(|i| i + cell.inputs.len());
    input.or_else(output)
}
