//! Charts as SVG, drawn by hand: no script, no font of its own, colours that the colour-blind tell apart.
//!
//! In: numbers and words. Out: a [`Chart`], to be put into a page that has the colours ([`style::PAGE`]), or as a file that has its own.
//! [`scale`] maps numbers to places and chooses ticks, [`frame`] draws axes; the others are one kind of chart each. Lengths are in CSS
//! pixels. Whatever numbers come in, the drawing is well-formed: what is not finite is drawn as 0.

pub mod columns;
pub mod frame;
pub mod heat;
pub mod line;
pub mod points;
pub mod rows;
pub mod scale;
pub mod style;

use std::fmt::{Display, Write};

/// Height of a line of text, and of the rows of horizontal charts.
pub const LINE: f64 = 16.0;

/// Where a text is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// At its beginning.
    Start,
    /// In its middle.
    Middle,
    /// At its end.
    End,
}

/// A drawing with its description.
#[derive(Clone, Debug)]
pub struct Chart {
    /// One line that says what it shows, for those who cannot see it.
    pub label: String,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    body: String,
}

impl Chart {
    /// An empty one.
    pub fn new(label: impl Into<String>, width: f64, height: f64) -> Self {
        Self { label: label.into(), width, height, body: String::new() }
    }

    /// As an element of a page that has the style.
    pub fn inline(&self) -> String {
        self.element("", "")
    }

    /// As a file of its own, on white, with a title above.
    pub fn file(&self, title: &str) -> String {
        let (pad, head) = (16.0, 44.0);
        let (width, height) = (self.width + 2.0 * pad, self.height + head + pad);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\"><title>{label}</title><style>{style}</style><rect width=\"{w}\" height=\"{h}\" class=\"paper\"/>\
             <text class=\"head\" x=\"{pad}\" y=\"28\">{title}</text><g transform=\"translate({pad} {head})\">{body}</g></svg>\n",
            w = number(width),
            h = number(height),
            label = escape(&self.label),
            style = style::FILE,
            title = escape(title),
            body = self.body,
        )
    }

    fn element(&self, attributes: &str, before: &str) -> String {
        format!(
            "<svg role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\"{attributes}>{before}{body}</svg>",
            label = escape(&self.label),
            w = number(self.width),
            h = number(self.height),
            body = self.body,
        )
    }

    /// A text with its baseline at `y`.
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{}</text>",
            number(x),
            number(y),
            escape(text)
        ));
    }

    /// A text of at most `width`; a longer one is cut, with all of it as its tooltip.
    pub fn fitted(&mut self, (x, y): (f64, f64), width: f64, anchor: Anchor, text: &str) {
        if text_width(text) <= width {
            self.text(x, y, anchor, "", text);
        } else {
            let mut cut = String::new();
            for c in text.chars() {
                if text_width(&cut) + 18.0 > width {
                    break;
                }
                cut.push(c);
            }
            self.tip(text, |chart| chart.text(x, y, anchor, "", &format!("{cut}…")));
        }
    }

    /// A text that reads upwards, with its middle at `y`.
    pub fn upright(&mut self, x: f64, y: f64, text: &str) {
        let (x, y) = (number(x), number(y));
        self.put(format_args!(
            "<text class=\"name\" transform=\"translate({x} {y}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            escape(text)
        ));
    }

    /// A line.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.put(format_args!(
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1)
        ));
    }

    /// A rectangle; a negative width or height is turned round.
    pub fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64)) {
        self.faint(class, at, size, None);
    }

    /// A rectangle of some opacity.
    pub fn faint(&mut self, class: &str, at: (f64, f64), size: (f64, f64), opacity: Option<f64>) {
        let (x, y) = (at.0.min(at.0 + size.0), at.1.min(at.1 + size.1));
        let opacity = opacity.map_or(String::new(), |o| format!(" fill-opacity=\"{}\"", number(o)));
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{opacity}/>",
            number(x),
            number(y),
            number(size.0.abs()),
            number(size.1.abs())
        ));
    }

    /// A circle.
    pub fn circle(&mut self, class: &str, at: (f64, f64), radius: f64) {
        self.put(format_args!(
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>",
            number(at.0),
            number(at.1),
            number(radius)
        ));
    }

    /// A square that stands on a corner.
    pub fn diamond(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let (l, r, t, b) = (x - radius, x + radius, y - radius, y + radius);
        self.path(class, &[(l, y), (x, t), (r, y), (x, b)], true);
    }

    /// Straight lines through points.
    pub fn path(&mut self, class: &str, points: &[(f64, f64)], closed: bool) {
        let mut d = String::new();
        for (i, (x, y)) in points.iter().enumerate() {
            let _ = write!(d, "{}{} {}", if i == 0 { "M" } else { "L" }, number(*x), number(*y));
        }
        if !points.is_empty() {
            let end = if closed { "Z" } else { "" };
            self.put(format_args!("<path class=\"{class}\" d=\"{d}{end}\"/>"));
        }
    }

    /// What `draw` draws gets a tooltip.
    pub fn tip(&mut self, tip: &str, draw: impl FnOnce(&mut Self)) {
        self.put(format_args!("<g><title>{}</title>", escape(tip)));
        draw(self);
        self.put("</g>");
    }

    /// A whisker: a line with a stroke at both ends.
    pub fn whisker(&mut self, from: (f64, f64), to: (f64, f64)) {
        let across = if from.0 == to.0 { (3.0, 0.0) } else { (0.0, 3.0) };
        self.line("whisker", from, to);
        for (x, y) in [from, to] {
            self.line("whisker", (x - across.0, y - across.1), (x + across.0, y + across.1));
        }
    }

    /// A legend in one or more lines of at most `width`: squares with words. Returns the height that it takes.
    pub fn legend(&mut self, (left, top): (f64, f64), width: f64, items: &[(&str, &str)]) -> f64 {
        let (mut x, mut y) = (left, top);
        for (class, words) in items {
            let swatch = if class.starts_with("line") { 20.0 } else { 10.0 };
            let wide = swatch + 5.0 + text_width(words) + 16.0;
            if x + wide > left + width + 16.0 && x > left {
                (x, y) = (left, y + LINE + 2.0);
            }
            match *class {
                line if line.starts_with("line") => {
                    self.line(line, (x, y + 5.0), (x + swatch, y + 5.0));
                }
                point if point.starts_with("point diamond") => {
                    self.diamond(point, (x + 5.0, y + 5.0), 4.5);
                }
                point if point.starts_with("point") => self.circle(point, (x + 5.0, y + 5.0), 4.0),
                fill => self.rect(fill, (x, y), (10.0, 10.0)),
            }
            self.text(x + swatch + 5.0, y + 9.5, Anchor::Start, "", words);
            x += wide;
        }
        y - top + LINE + 4.0
    }

    fn put(&mut self, text: impl Display) {
        let _ = write!(self.body, "{text}");
    }
}

/// Roughly how wide a text of 12 pixels is, in the wider of the fonts that systems have.
pub fn text_width(text: &str) -> f64 {
    let width = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | '\'' | '|' | '('
        | ')' | '[' | ']' => 4.4,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 10.8,
        c if c.is_ascii_uppercase() => 8.2,
        _ => 7.2,
    };
    text.chars().map(width).sum()
}

/// A number with at most two digits after the point; what is not finite becomes 0.
pub fn number(x: f64) -> String {
    let rounded = if x.is_finite() { (x * 100.0).round() / 100.0 } else { 0.0 };
    // Adding 0 makes -0 plain.
    format!("{}", rounded + 0.0)
}

/// A text for XML and HTML, in elements and attributes. Characters that XML does not have become the replacement character.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_place() {
        assert_eq!(escape("a[0]/<b>&\"'"), "a[0]/&lt;b&gt;&amp;&quot;&#39;");
        assert_eq!(escape("\u{0}\u{7f}\n"), "\u{fffd}\u{fffd} ");
    }

    #[test]
    fn numbers_are_short_and_finite() {
        let cases = [(1.0, "1"), (0.126, "0.13"), (-0.001, "0"), (f64::NAN, "0"), (1e3, "1000")];
        for (x, text) in cases {
            assert_eq!(number(x), text);
        }
        assert_eq!(number(f64::NEG_INFINITY), "0");
    }
}
