//! A share as people write it, `3%` or `0.03`, as a number between 0 and 1.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A fraction of 1, from 0 to 1 inclusive: a margin, a confidence, a proportion.
///
/// Read from text (`3%`, `3 %`, `0.03`, `1`) and, in TOML or JSON, from such a text or a number.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "f64")]
pub struct Share(f64);

/// Why something is no share.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ShareError {
    /// Not a number.
    #[error("'{0}' is not a share; write a percentage such as 3%, or a fraction such as 0.03")]
    NotANumber(String),
    /// A number without a percent sign that is above 1.
    #[error("'{text}' is above 1; write {text}% if it is a percentage")]
    PercentMissing {
        /// What was written.
        text: String,
    },
    /// Below 0 or above 100 %.
    #[error("'{0}' is outside 0 to 100 %; give a share in this range")]
    Outside(String),
}

impl Share {
    /// A half: the proportion at which a sample has to be largest.
    pub const HALF: Self = Self(0.5);
    /// 99 %.
    pub const P99: Self = Self(0.99);

    /// The share `value`, a fraction of 1.
    ///
    /// # Errors
    /// [`ShareError`] if it is not from 0 to 1.
    pub fn new(value: f64) -> Result<Self, ShareError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else if value > 1.0 && value <= 100.0 {
            Err(ShareError::PercentMissing { text: value.to_string() })
        } else {
            Err(ShareError::Outside(value.to_string()))
        }
    }

    /// As a fraction of 1.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let text = text.trim();
        let not_a_number = || ShareError::NotANumber(text.to_owned());
        let number = |digits: &str| {
            let plain = digits.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
            digits.parse::<f64>().ok().filter(|x| plain && x.is_finite()).ok_or_else(not_a_number)
        };
        match text.strip_suffix('%') {
            Some(digits) => {
                let percent = number(digits.trim_end())?;
                Self::new(percent / 100.0).map_err(|_| ShareError::Outside(text.to_owned()))
            }
            None => Self::new(number(text)?).map_err(|error| match error {
                ShareError::PercentMissing { .. } => {
                    ShareError::PercentMissing { text: text.to_owned() }
                }
                _ => ShareError::Outside(text.to_owned()),
            }),
        }
    }
}

/// As a percentage: `3%`, `99.5%`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten digits after the point hide the rounding of the multiplication, and lose nothing that anyone writes.
        let percent = format!("{:.10}", self.0 * 100.0);
        write!(f, "{}%", percent.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// What stands in a file for a share.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a share is a percentage such as \"3%\", or a fraction such as 0.03")]
enum Written {
    Number(f64),
    Text(String),
}

impl TryFrom<Written> for Share {
    type Error = ShareError;

    fn try_from(written: Written) -> Result<Self, ShareError> {
        match written {
            Written::Number(value) => Self::new(value),
            Written::Text(text) => text.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_and_fractions_are_the_same_shares() {
        for (text, value) in
            [("3%", 0.03), (" 3 % ", 0.03), ("0.03", 0.03), ("99%", 0.99), ("1", 1.0), ("0%", 0.0)]
        {
            assert_eq!(text.parse::<Share>().unwrap().value(), value, "{text}");
        }
        assert_eq!("2.5%".parse::<Share>().unwrap().to_string(), "2.5%");
        assert_eq!("0.29".parse::<Share>().unwrap().to_string(), "29%");
        assert_eq!("100%".parse::<Share>().unwrap().to_string(), "100%");
    }

    #[test]
    fn what_is_no_share_is_refused_with_the_remedy() {
        let message = |text: &str| text.parse::<Share>().unwrap_err().to_string();
        assert_eq!(message("3"), "'3' is above 1; write 3% if it is a percentage");
        for text in ["", "%", "three", "3 percent", "NaN", "inf", "0,03", "3%%"] {
            assert!(message(text).contains("is not a share; write a percentage"), "{text}");
        }
        for text in ["-1%", "-0.1", "101%", "1000", "1e300%"] {
            assert!(message(text).contains("outside 0 to 100 %"), "{text}: {}", message(text));
        }
    }

    #[test]
    fn files_may_hold_numbers_or_text() {
        #[derive(Deserialize)]
        struct File {
            margin: Share,
            confidence: Share,
        }
        let file: File = toml::from_str("margin = \"3%\"\nconfidence = 0.99").unwrap();
        assert_eq!((file.margin.value(), file.confidence.value()), (0.03, 0.99));
        assert_eq!(serde_json::to_string(&file.margin).unwrap(), "0.03");
        let wrong = toml::from_str::<File>("margin = 3\nconfidence = 1").err().unwrap();
        assert!(wrong.to_string().contains("write 3% if it is a percentage"), "{wrong}");
    }
}
