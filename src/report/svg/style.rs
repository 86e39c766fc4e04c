//! Colours, for a page in light and dark and for files on white.
//!
//! The hues are Okabe and Ito's ("Color Universal Design", 2008), so that the colour-blind tell them apart; the two harmless
//! classes are grey.

/// The variables and classes of charts, for a page. `data-theme` on the root element overrides what the reader's system prefers.
pub const PAGE: &str = concat!(
    ":root{",
    include_str!("light.css"),
    "}\n",
    "@media (prefers-color-scheme:dark){:root:not([data-theme=light]){",
    include_str!("dark.css"),
    "}}\n",
    ":root[data-theme=dark]{",
    include_str!("dark.css"),
    "}\n",
    "@media print{:root,:root[data-theme=dark],:root:not([data-theme=light]){",
    include_str!("light.css"),
    "}}\n",
    include_str!("chart.css"),
);

/// The same for a file of its own.
pub const FILE: &str = concat!("svg{", include_str!("light.css"), "}\n", include_str!("chart.css"));
