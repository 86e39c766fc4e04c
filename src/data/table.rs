//! Tables in text files: fields between commas, semicolons, tabs or blanks, in rows with their line numbers.
//!
//! Format: RFC 4180, with quotation marks around fields as it says, but no line breaks in them.

use super::{DataError, file};
use std::path::Path;

/// A row: the number of its line from 1, and its fields.
pub(super) type Row = (usize, Vec<String>);

/// The rows that are not empty. The first line tells what stands between fields: the first of `;`, tab and `,` that it contains, else blanks.
pub(super) fn read(path: &Path) -> Result<Vec<Row>, DataError> {
    let text = file::text(path)?;
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let between = [';', '\t', ','].into_iter().find(|mark| first.contains(*mark));
    let mut rows = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fields = match between {
            Some(mark) => fields(line, mark).ok_or_else(|| {
                let place = format!("{}:{}", file::shown(path), i + 1);
                DataError::format(place, "a quotation mark is not closed on its line")
            })?,
            None => line.split_whitespace().map(str::to_owned).collect(),
        };
        rows.push((i + 1, fields));
    }
    Ok(rows)
}

/// `None` if a quotation mark is not closed.
fn fields(line: &str, mark: char) -> Option<Vec<String>> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.trim_end_matches('\r').chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' if quoted || field.trim().is_empty() => quoted = !quoted,
            other if other == mark && !quoted => {
                fields.push(field.trim().to_owned());
                field.clear();
            }
            other => field.push(other),
        }
    }
    fields.push(field.trim().to_owned());
    (!quoted).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_as_rfc_4180_says() {
        let split = |line| fields(line, ',').map(|f| f.join("|"));
        assert_eq!(split("a, b ,,c\r").as_deref(), Some("a|b||c"));
        assert_eq!(split(r#""a,b","say ""hi""",3"#).as_deref(), Some(r#"a,b|say "hi"|3"#));
        assert_eq!(split(r#"5" disk,1"#).as_deref(), Some(r#"5" disk|1"#));
        assert_eq!(split(r#""a,b"#), None);
    }
}
