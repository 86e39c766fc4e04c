//! The built-in firmware that reads a network, and its kernels.

use serde::Deserialize;

/// The kernels of the built-in firmware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Style {
    #[default]
    Reference,
    Optimised,
}

impl Style {
    pub fn elf(self) -> &'static [u8] {
        match self {
            Self::Reference => include_bytes!("../../firmware/prebuilt/tflm-reference.elf"),
            Self::Optimised => include_bytes!("../../firmware/prebuilt/tflm-optimised.elf"),
        }
    }

    /// What it is called in messages.
    pub fn firmware(self) -> &'static str {
        match self {
            Self::Reference => "the built-in firmware (reference kernels)",
            Self::Optimised => "the built-in firmware (optimised kernels)",
        }
    }
}
