//! Recognises modules, declarations, assigns and instances.
//!
//! In: tokens. Out: a [`Module`], or what was expected instead and in which line.

use super::super::Direction;
use super::super::design::{Expression, Item, MAX_BITS, Module, ModulePort, Range, syntax};
use super::{Result, Token};

/// Concatenations in concatenations, at the most.
const MAX_DEPTH: u32 = 32;

/// Words that cannot stand in a netlist, with what to do about them.
const REFUSED: [(&[&str], &str); 6] = [
    (
        &[
            "always", "initial", "reg", "function", "task", "generate", "genvar", "integer",
            "specify", "if", "logic",
        ],
        "is not structural; write the netlist after synthesis and technology mapping",
    ),
    (
        &["parameter", "localparam", "defparam", "specparam"],
        "is not read; elaborate the design before writing the netlist",
    ),
    (
        &["wand", "wor", "triand", "trior", "tri0", "tri1", "trireg"],
        "is a net with several drivers or a value of its own, which is not evaluated; use 'wire'",
    ),
    (&["inout"], "ports are not evaluated; make it an input or an output"),
    (
        &[
            "and", "nand", "or", "nor", "xor", "xnor", "not", "buf", "bufif0", "bufif1", "notif0",
            "notif1",
        ],
        "is a primitive of Verilog, no cell; map the netlist to the cell library",
    ),
    (
        &[
            "tran", "tranif0", "tranif1", "rtran", "nmos", "pmos", "cmos", "rnmos", "rpmos",
            "rcmos", "pullup", "pulldown",
        ],
        "is a switch, which is not evaluated; map the netlist to the cell library",
    ),
];

/// Where a module stands.
pub(super) struct Place<'t> {
    pub(super) text: &'t str,
    pub(super) line: u32,
    /// The token after its name.
    pub(super) begin: usize,
}

/// A place in the tokens.
pub(super) struct Parser<'t> {
    tokens: &'t [(Token<'t>, u32)],
    at: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(tokens: &'t [(Token<'t>, u32)]) -> Self {
        Self { tokens, at: 0 }
    }

    pub(super) fn at(tokens: &'t [(Token<'t>, u32)], at: usize) -> Self {
        Self { tokens, at }
    }

    fn token(&self) -> Option<&'t Token<'t>> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(_, line)| *line)
    }

    fn error<T>(&self, wanted: &str) -> Result<T> {
        let found = match self.token() {
            None => "the end of the file".to_owned(),
            Some(Token::Name { text, .. }) => format!("'{text}'"),
            Some(Token::Number(n)) => format!("'{n}'"),
            Some(Token::Bits { .. }) => "a constant".to_owned(),
            Some(Token::Text) => "a string".to_owned(),
            Some(Token::Symbol(c)) if "()[]{}:;,.=#-".contains(*c) => format!("'{c}'"),
            Some(Token::Symbol(c)) => {
                let what = format!(
                    "unexpected '{c}': only structural Verilog is read; write the netlist after technology mapping, without expressions (Yosys: write_verilog -noexpr)"
                );
                return Err(syntax(self.line(), what));
            }
            Some(Token::Directive(name)) => {
                let what = format!("the directive `{name} is not read; run the preprocessor first");
                return Err(syntax(self.line(), what));
            }
            Some(Token::BadNumber(what)) => return Err(syntax(self.line(), what.as_str())),
        };
        Err(syntax(self.line(), format!("{wanted} is expected, {found} found")))
    }

    fn is(&self, symbol: char) -> bool {
        self.token() == Some(&Token::Symbol(symbol))
    }

    fn take(&mut self, symbol: char) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, symbol: char) -> Result<()> {
        if self.take(symbol) { Ok(()) } else { self.error(&format!("'{symbol}'")) }
    }

    fn keyword(&self) -> Option<&'t str> {
        match self.token() {
            Some(Token::Name { text, escaped: false }) => Some(text),
            _ => None,
        }
    }

    fn take_keyword(&mut self, words: &[&str]) -> bool {
        let found = self.keyword().is_some_and(|word| words.contains(&word));
        self.at += usize::from(found);
        found
    }

    /// A name, and whether it is escaped.
    fn identifier(&mut self) -> Result<(&'t str, bool)> {
        match self.token() {
            Some(Token::Name { text, escaped }) => {
                self.at += 1;
                Ok((text, *escaped))
            }
            _ => self.error("a name"),
        }
    }

    fn integer(&mut self) -> Result<i64> {
        let negative = self.take('-');
        match self.token() {
            Some(Token::Number(n)) if *n <= MAX_BITS as u64 => {
                self.at += 1;
                Ok(if negative { -(*n as i64) } else { *n as i64 })
            }
            Some(Token::Number(n)) => {
                let what = format!("index {n} is too large: a netlist may have {MAX_BITS} bits");
                Err(syntax(self.line(), what))
            }
            _ => self.error("a number"),
        }
    }

    /// Finds the next module and passes it, whatever it contains.
    pub(super) fn next_module(&mut self) -> Result<Option<Place<'t>>> {
        loop {
            if self.take_keyword(&["primitive"]) {
                self.skip_to("endprimitive")?;
            } else if matches!(self.token(), Some(Token::Directive(_))) {
                // Whatever it is, the modules in use are looked at again.
                let line = self.line();
                while self.token().is_some() && self.line() == line {
                    self.at += 1;
                }
            } else {
                break;
            }
        }
        if self.token().is_none() {
            return Ok(None);
        }
        if !self.take_keyword(&["module", "macromodule"]) {
            return self.error("'module'");
        }
        let line = self.line();
        let (text, _) = self.identifier()?;
        let begin = self.at;
        self.skip_to("endmodule")?;
        Ok(Some(Place { text, line, begin }))
    }

    fn skip_to(&mut self, word: &str) -> Result<()> {
        while !self.take_keyword(&[word]) {
            if self.token().is_none() || self.keyword() == Some("module") {
                return self.error(&format!("'{word}'"));
            }
            self.at += 1;
        }
        Ok(())
    }

    /// `[msb:lsb]`, if it comes next.
    fn range(&mut self) -> Result<Range> {
        let _ = self.take_keyword(&["signed"]);
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
    pub(super) fn module(&mut self, name: &str) -> Result<Module> {
        let mut module = Module { name: name.to_owned(), ports: Vec::new(), items: Vec::new() };
        if self.is('#') {
            return self
                .error("a port list (parameters are not read; elaborate the netlist first)");
        }
        if self.take('(') && !self.take(')') {
            self.port_list(&mut module)?;
        }
        self.need(';')?;
        while !self.take_keyword(&["endmodule"]) {
            self.item(&mut module.items)?;
        }
        Ok(module)
    }

    fn port_list(&mut self, module: &mut Module) -> Result<()> {
        let mut ansi: Option<(Direction, Range)> = None;
        loop {
            self.refuse()?;
            if let Some(direction) = self.direction() {
                let _ = self.take_keyword(&["wire", "tri"]);
                self.refuse()?;
                ansi = Some((direction, self.range()?));
            }
            let line = self.line();
            if self.take('.') {
                let (name, _) = self.identifier()?;
                self.need('(')?;
                let inside = self.port_inside()?;
                module.ports.push(ModulePort { line, name: name.to_owned(), inside });
            } else {
                let (text, escaped) = self.identifier()?;
                let name = text.to_owned();
                let inside = Expression::Name { line, name: text.into(), select: None };
                module.ports.push(ModulePort { line, name: name.clone(), inside });
                if let Some((direction, range)) = ansi {
                    let direction = Some(direction);
                    module.items.push(Item::Declare { line, name, range, direction, escaped });
                }
            }
            if self.take(')') {
                return Ok(());
            }
            self.need(',')?;
        }
    }

    /// What is inside of the port `.name(...)`, and the closing parenthesis.
    fn port_inside(&mut self) -> Result<Expression> {
        if matches!(self.token(), Some(Token::Bits { .. } | Token::Number(_))) {
            return self.error("a name");
        }
        let inside = self.signals()?;
        self.need(')')?;
        Ok(inside)
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

    /// Refuses a word that cannot stand in a netlist.
    fn refuse(&self) -> Result<()> {
        let Some(word) = self.keyword() else { return Ok(()) };
        match REFUSED.iter().find(|(words, _)| words.contains(&word)) {
            Some((_, why)) => Err(syntax(self.line(), format!("'{word}' {why}"))),
            None => Ok(()),
        }
    }

    fn item(&mut self, items: &mut Vec<Item>) -> Result<()> {
        self.refuse()?;
        if let Some(direction) = self.direction() {
            let _ = self.take_keyword(&["wire", "tri"]);
            self.refuse()?;
            return self.declaration(items, Some(direction), None);
        }
        if self.take_keyword(&["wire", "tri"]) {
            return self.declaration(items, None, None);
        }
        for (word, value) in [("supply0", false), ("supply1", true)] {
            if self.take_keyword(&[word]) {
                return self.declaration(items, None, Some(value));
            }
        }
        if self.take_keyword(&["assign"]) {
            return self.assign(items);
        }
        self.instances(items)
    }

    fn declaration(
        &mut self,
        items: &mut Vec<Item>,
        direction: Option<Direction>,
        supply: Option<bool>,
    ) -> Result<()> {
        let range = self.range()?;
        loop {
            let line = self.line();
            let (text, escaped) = self.identifier()?;
            let name = text.to_owned();
            items.push(Item::Declare { line, name, range, direction, escaped });
            let left = Expression::Name { line, name: text.into(), select: None };
            if let Some(value) = supply {
                let width = range.map_or(1, |(m, l): (i64, i64)| (m - l).unsigned_abs() + 1);
                let width = usize::try_from(width).unwrap_or(MAX_BITS);
                let bit = Box::new(Expression::Bits(vec![Some(value)]));
                items.push(Item::Assign { line, left, right: Expression::Repeat(width, bit) });
            } else if self.take('=') {
                items.push(Item::Assign { line, left, right: self.signals()? });
            }
            if self.take(';') {
                return Ok(());
            }
            self.need(',')?;
        }
    }

    fn assign(&mut self, items: &mut Vec<Item>) -> Result<()> {
        if self.is('#') || self.is('(') {
            return self.error("a name (delays and strengths are not read)");
        }
        loop {
            let line = self.line();
            let left = self.signals()?;
            self.need('=')?;
            let right = self.signals()?;
            items.push(Item::Assign { line, left, right });
            if self.take(';') {
                return Ok(());
            }
            self.need(',')?;
        }
    }

    /// A name, a select of it, a constant, a concatenation, or a replication.
    fn signals(&mut self) -> Result<Expression> {
        self.signals_at_depth(0)
    }

    fn signals_at_depth(&mut self, depth: u32) -> Result<Expression> {
        if depth > MAX_DEPTH {
            return self.error(&format!("fewer than {MAX_DEPTH} nested concatenations"));
        }
        if self.take('{') {
            if let Some(Token::Number(times)) = self.token() {
                let line = self.line();
                let times = usize::try_from(*times).unwrap_or(usize::MAX);
                self.at += 1;
                if !self.is('{') {
                    return self.error("'{' after the number of a replication");
                }
                if times == 0 || times > MAX_BITS {
                    let what = format!("a replication of {times}; 1 to {MAX_BITS} are read");
                    return Err(syntax(line, what));
                }
                let inner = self.signals_at_depth(depth + 1)?;
                self.need('}')?;
                return Ok(Expression::Repeat(times, Box::new(inner)));
            }
            let mut parts = Vec::new();
            loop {
                parts.push(self.signals_at_depth(depth + 1)?);
                if self.take('}') {
                    return Ok(Expression::Concat(parts));
                }
                self.need(',')?;
            }
        }
        if let Some(Token::Bits { bits, fill, width }) = self.token() {
            self.at += 1;
            let written = Expression::Bits(bits.clone());
            let filled = Box::new(Expression::Bits(vec![*fill]));
            let filled = Expression::Repeat(width - bits.len(), filled);
            return Ok(Expression::Concat(vec![filled, written]));
        }
        if let Some(Token::Number(n)) = self.token() {
            return self
                .error(&format!("a name or a constant with its width, such as 1'b{}", n & 1));
        }
        let line = self.line();
        let (text, _) = self.identifier()?;
        let select = if self.take('[') {
            let msb = self.integer()?;
            let lsb = if self.take(':') { self.integer()? } else { msb };
            self.need(']')?;
            Some((msb, lsb))
        } else {
            None
        };
        Ok(Expression::Name { line, name: text.into(), select })
    }

    /// `TYPE name ( ... ), name ( ... );`
    fn instances(&mut self, items: &mut Vec<Item>) -> Result<()> {
        let (kind, _) = self.identifier()?;
        if self.is('#') {
            return self
                .error("an instance name (parameters are not read; elaborate the design first)");
        }
        loop {
            let line = self.line();
            let (name, _) = self.identifier()?;
            if self.is('[') {
                return self.error("'(' (arrays of instances are not read)");
            }
            self.need('(')?;
            let pins = self.connections()?;
            let (kind, name) = (kind.to_owned(), name.to_owned());
            items.push(Item::Instance { line, kind, name, pins });
            if self.take(';') {
                return Ok(());
            }
            if !self.take(',') {
                return self.error("',' or ';'");
            }
        }
    }

    fn connections(&mut self) -> Result<Vec<(Option<String>, Expression)>> {
        let nothing = || Expression::Concat(Vec::new());
        let mut pins = Vec::new();
        if self.take(')') {
            return Ok(pins);
        }
        loop {
            if self.take('.') {
                let (pin, _) = self.identifier()?;
                self.need('(')?;
                let signals = if self.is(')') { nothing() } else { self.signals()? };
                self.need(')')?;
                pins.push((Some(pin.to_owned()), signals));
            } else if self.is(',') || self.is(')') {
                pins.push((None, nothing()));
            } else {
                pins.push((None, self.signals()?));
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
