//! Boolean functions of cells: the expressions in Liberty files, and their truth tables.
//!
//! In: the text of a `function`, `next_state`, `clear` or `preset` attribute. Out: an [`Expr`] over input pins.
//! Grammar (Liberty User Guide, "function attribute", highest precedence first): `!x` and `x'` invert; `^` is
//! exclusive or; `&`, `*` and a blank are and; `|` and `+` are or; `( )` group; `0` and `1` are constants.

/// A Boolean expression over the pins of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A constant.
    Const(bool),
    /// The value of the pin with this index.
    Pin(usize),
    /// Inversion.
    Not(Box<Expr>),
    /// Conjunction.
    And(Box<Expr>, Box<Expr>),
    /// Disjunction.
    Or(Box<Expr>, Box<Expr>),
    /// Exclusive or.
    Xor(Box<Expr>, Box<Expr>),
}

impl Expr {
    /// Parses `text`; `pin` gives a pin's index for its name.
    ///
    /// # Errors
    /// What is wrong with the text, to be completed with cell and pin by the caller.
    pub fn parse(text: &str, pin: &dyn Fn(&str) -> Option<usize>) -> Result<Self, String> {
        let mut parser = Parser { rest: text, pin, depth: 0, operators: 0 };
        let expr = parser.or()?;
        parser.skip_blanks();
        if parser.rest.is_empty() {
            Ok(expr)
        } else {
            Err(format!("'{}' is left over in '{text}'", parser.rest))
        }
    }

    /// Its value when pin `i` has the value `pins(i)`.
    pub fn value(&self, pins: &impl Fn(usize) -> bool) -> bool {
        match self {
            Expr::Const(c) => *c,
            Expr::Pin(i) => pins(*i),
            Expr::Not(x) => !x.value(pins),
            Expr::And(x, y) => x.value(pins) && y.value(pins),
            Expr::Or(x, y) => x.value(pins) || y.value(pins),
            Expr::Xor(x, y) => x.value(pins) != y.value(pins),
        }
    }

    /// The same for 64 patterns at a time.
    pub fn word(&self, pins: &impl Fn(usize) -> u64) -> u64 {
        match self {
            Expr::Const(c) => u64::from(*c).wrapping_neg(),
            Expr::Pin(i) => pins(*i),
            Expr::Not(x) => !x.word(pins),
            Expr::And(x, y) => x.word(pins) & y.word(pins),
            Expr::Or(x, y) => x.word(pins) | y.word(pins),
            Expr::Xor(x, y) => x.word(pins) ^ y.word(pins),
        }
    }

    /// The pins that occur in it, in ascending order.
    pub fn pins(&self) -> Vec<usize> {
        let mut pins = Vec::new();
        self.collect(&mut pins);
        pins.sort_unstable();
        pins.dedup();
        pins
    }

    /// The expression with each pin replaced by what `by` gives for it.
    ///
    /// # Errors
    /// If `by` gives nothing for a pin, or if the result has too many operators.
    pub fn replaced(&self, by: &dyn Fn(usize) -> Option<Expr>) -> Result<Expr, String> {
        let mut operators = 0;
        self.replaced_within(by, &mut operators)
    }

    fn replaced_within(
        &self,
        by: &dyn Fn(usize) -> Option<Expr>,
        operators: &mut usize,
    ) -> Result<Expr, String> {
        let mut part = |x: &Expr| -> Result<Box<Expr>, String> {
            x.replaced_within(by, operators).map(Box::new)
        };
        let replaced = match self {
            Expr::Const(c) => Expr::Const(*c),
            Expr::Pin(i) => {
                let new = by(*i).ok_or("an internal pin without a function of inputs")?;
                *operators += new.operators();
                new
            }
            Expr::Not(x) => Expr::Not(part(x)?),
            Expr::And(x, y) => Expr::And(part(x)?, part(y)?),
            Expr::Or(x, y) => Expr::Or(part(x)?, part(y)?),
            Expr::Xor(x, y) => Expr::Xor(part(x)?, part(y)?),
        };
        *operators += usize::from(!matches!(self, Expr::Const(_) | Expr::Pin(_)));
        if *operators > MAX_OPERATORS {
            return Err(format!("more than {MAX_OPERATORS} operators"));
        }
        Ok(replaced)
    }

    fn operators(&self) -> usize {
        match self {
            Expr::Const(_) | Expr::Pin(_) => 0,
            Expr::Not(x) => 1 + x.operators(),
            Expr::And(x, y) | Expr::Or(x, y) | Expr::Xor(x, y) => 1 + x.operators() + y.operators(),
        }
    }

    fn collect(&self, pins: &mut Vec<usize>) {
        match self {
            Expr::Const(_) => {}
            Expr::Pin(i) => pins.push(*i),
            Expr::Not(x) => x.collect(pins),
            Expr::And(x, y) | Expr::Or(x, y) | Expr::Xor(x, y) => {
                x.collect(pins);
                y.collect(pins);
            }
        }
    }
}

/// Nested parentheses and inversions in a function, at the most.
const MAX_DEPTH: usize = 64;
/// Operators in a function, at the most: no cell is near it, and expressions are walked recursively.
const MAX_OPERATORS: usize = 1000;

struct Parser<'a> {
    rest: &'a str,
    pin: &'a dyn Fn(&str) -> Option<usize>,
    depth: usize,
    operators: usize,
}

impl Parser<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes one of `symbols` if it comes next.
    fn take(&mut self, symbols: &[char]) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(symbols) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn count_operator(&mut self) -> Result<(), String> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(format!("more than {MAX_OPERATORS} operators"));
        }
        Ok(())
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut left = self.and()?;
        while self.take(&['|', '+']) {
            self.count_operator()?;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut left = self.xor()?;
        loop {
            // A blank between two operands is an "and" too.
            if !self.take(&['&', '*']) {
                let next = self.rest.chars().next();
                let operand = |c: char| c == '!' || c == '(' || c == '_' || c.is_alphanumeric();
                if !next.is_some_and(operand) {
                    return Ok(left);
                }
            }
            self.count_operator()?;
            left = Expr::And(Box::new(left), Box::new(self.xor()?));
        }
    }

    fn xor(&mut self) -> Result<Expr, String> {
        let mut left = self.factor()?;
        while self.take(&['^']) {
            self.count_operator()?;
            left = Expr::Xor(Box::new(left), Box::new(self.factor()?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels of nesting"));
        }
        let mut expr = if self.take(&['!']) {
            Expr::Not(Box::new(self.factor()?))
        } else if self.take(&['(']) {
            let inner = self.or()?;
            if !self.take(&[')']) {
                return Err("a ')' is missing".into());
            }
            inner
        } else {
            self.operand()?
        };
        self.depth -= 1;
        while self.rest.starts_with('\'') {
            self.rest = &self.rest[1..];
            self.count_operator()?;
            expr = Expr::Not(Box::new(expr));
        }
        Ok(expr)
    }

    fn operand(&mut self) -> Result<Expr, String> {
        self.skip_blanks();
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || "_[].".contains(c)))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(match rest.chars().next() {
                Some(c) => format!("'{c}' where a pin is expected"),
                None => "it ends where a pin is expected".into(),
            });
        }
        self.rest = rest;
        match (name, (self.pin)(name)) {
            (_, Some(i)) => Ok(Expr::Pin(i)),
            ("0", _) => Ok(Expr::Const(false)),
            ("1", _) => Ok(Expr::Const(true)),
            _ => Err(format!("'{name}' is not an input pin of the cell")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> u8 {
        let pin = |name: &str| ["A", "B", "C"].iter().position(|p| *p == name);
        let expr = Expr::parse(text, &pin).unwrap();
        (0..8).fold(0, |table, row| table | u8::from(expr.value(&|i| row >> i & 1 == 1)) << row)
    }

    #[test]
    fn liberty_operators_have_their_precedence() {
        assert_eq!(table("A & B | C"), 0xf8);
        assert_eq!(table("A + B * C"), 0xea);
        assert_eq!(table("A B + C"), 0xf8);
        assert_eq!(table("A & B ^ C"), table("A & (B ^ C)"));
        assert_eq!(table("!(A & B)"), 0x77);
        assert_eq!(table("(A B)'"), 0x77);
        assert_eq!(table("!A'"), 0xaa);
        assert_eq!(table("A ^ B ^ C"), 0x96);
        assert_eq!(table("1"), 0xff);
    }

    #[test]
    fn broken_functions_are_errors() {
        let pin = |name: &str| (name == "A").then_some(0);
        for text in ["", "A &", "(A", "A)", "B", "A ? A", &"(".repeat(100)] {
            assert!(Expr::parse(text, &pin).is_err(), "{text}");
        }
    }
}
