//! Recognises declarations, assigns and instances, and tells the builder.

use super::super::Direction;
use super::builder::{Builder, MAX_BITS, Signal, Signals};
use super::lexer::Token;
use super::{Result, syntax};

/// A place in the tokens.
pub(super) struct Parser<'t> {
    tokens: &'t [(Token, u32)],
    at: usize,
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

impl<'t> Parser<'t> {
    pub(super) fn new(tokens: &'t [(Token, u32)]) -> Self {
        Self { tokens, at: 0 }
    }

    pub(super) fn done(&self) -> bool {
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

    pub(super) fn expect(&mut self, word: &str) -> Result<()> {
        if self.take_keyword(word) { Ok(()) } else { self.error(&format!("'{word}'")) }
    }

    pub(super) fn identifier(&mut self) -> Result<String> {
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
            Some((Token::Number(n), _)) => {
                let what = format!("index {n} is too large: a module may have {MAX_BITS} bits");
                Err(syntax(self.line(), what))
            }
            _ => self.error("a number"),
        }
    }

    pub(super) fn skip_to(&mut self, word: &str) -> Result<()> {
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
    pub(super) fn module(&mut self, builder: &mut Builder) -> Result<()> {
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
            if !self.take(',') {
                return self.error("',' or ';'");
            }
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
            if !self.take(',') {
                return self.error("',' or ')'");
            }
        }
    }
}
