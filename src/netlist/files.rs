//! The files that a multiplier is made of: a binding and what it names, from the disk or from this program.
//!
//! In: a path, or the name of a built-in multiplier. Out: [`Files`], with a name for messages and a name for the record.

use super::binding::Binding;
use super::circuit::CircuitError;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The built-in multipliers, part of the program so that it needs no installation: name, binding, netlist. The first is the
/// default.
const BUILT_IN: [(&str, &str, &str); 5] = [
    (
        "single_cycle",
        include_str!("../../netlists/single_cycle.toml"),
        include_str!("../../netlists/mapped/single_cycle.v"),
    ),
    (
        "fast",
        include_str!("../../netlists/fast.toml"),
        include_str!("../../netlists/mapped/fast.v"),
    ),
    (
        "single_cycle_mul",
        include_str!("../../netlists/single_cycle_mul.toml"),
        include_str!("../../netlists/mapped/single_cycle_mul.v"),
    ),
    (
        "array32",
        include_str!("../../netlists/array32.toml"),
        include_str!("../../netlists/mapped/array32.v"),
    ),
    (
        "booth32",
        include_str!("../../netlists/booth32.toml"),
        include_str!("../../netlists/mapped/booth32.v"),
    ),
];
const BUILT_IN_CELLS: &str = include_str!("../../netlists/cells/nangate45.lib");
const BUILT_IN_CELLS_NAME: &str = "nangate45.lib";

/// Names of the built-in multipliers, the default one first.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, ..)| *name)
}

/// A text and its names.
#[derive(Clone, Debug)]
pub struct File {
    /// What messages call it.
    pub shown: String,
    /// What the record calls it: its name without its folder.
    pub name: String,
    /// Its content.
    pub text: Cow<'static, str>,
}

/// The files of a multiplier.
#[derive(Clone, Debug)]
pub struct Files {
    /// The binding.
    pub binding: File,
    /// The netlist.
    pub netlist: File,
    /// The cell libraries.
    pub cells: Vec<File>,
}

impl File {
    /// A text that the caller has.
    pub fn given(name: &str, text: &str) -> Self {
        let file = Path::new(name).file_name();
        let short = file.map_or(name.to_owned(), |n| n.to_string_lossy().into());
        Self { shown: name.to_owned(), name: short, text: text.to_owned().into() }
    }

    fn read(path: &Path) -> Result<Self, CircuitError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| CircuitError::Read { file: path.to_owned(), cause })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into();
        Ok(Self { shown: path.display().to_string(), name, text: text.into() })
    }

    fn built_in(what: &str, name: String, text: &'static str) -> Self {
        Self { shown: format!("the built-in {what}"), name, text: text.into() }
    }
}

impl Files {
    /// Finds a binding, which is a file or the name of a built-in multiplier (the default one if there is none), and what it
    /// names; `netlist` replaces the netlist that it names.
    ///
    /// # Errors
    /// [`CircuitError`] naming the file that cannot be read or parsed.
    pub fn find(binding: Option<&Path>, netlist: Option<&Path>) -> Result<Self, CircuitError> {
        let (own, its_netlist) = match binding {
            None => Self::of_built_in(&BUILT_IN[0]),
            Some(path) => {
                let named = BUILT_IN.iter().find(|(name, ..)| Path::new(name) == path);
                match named.filter(|_| !path.exists()) {
                    Some(built_in) => Self::of_built_in(built_in),
                    None => {
                        let file = File::read(path).map_err(|e| with_names(e, path))?;
                        return Self::beside(path, file, netlist);
                    }
                }
            }
        };
        let netlist = netlist.map_or(Ok(its_netlist), File::read)?;
        let cells = BUILT_IN_CELLS_NAME.to_owned();
        let cells = vec![File::built_in("cell library", cells, BUILT_IN_CELLS)];
        Ok(Self { binding: own, netlist, cells })
    }

    fn of_built_in((name, binding, netlist): &(&str, &'static str, &'static str)) -> (File, File) {
        let own = File::built_in("binding", format!("{name}.toml"), binding);
        (own, File::built_in("netlist", format!("{name}.v"), netlist))
    }

    /// The files that a binding on the disk names, relative to it.
    fn beside(path: &Path, file: File, netlist: Option<&Path>) -> Result<Self, CircuitError> {
        let parsed = Binding::parse(&file.text)
            .map_err(|what| CircuitError::Binding { file: file.shown.clone(), what })?;
        let beside = |name: &str| -> PathBuf { path.with_file_name("").join(name) };
        let netlist = netlist.map_or_else(|| beside(&parsed.netlist), Path::to_path_buf);
        let netlist = File::read(&netlist)?;
        let cells = parsed.cells.names().iter().map(|name| File::read(&beside(name)));
        Ok(Self { cells: cells.collect::<Result<_, _>>()?, netlist, binding: file })
    }
}

/// A name that is neither a file nor built in: says what is built in.
fn with_names(error: CircuitError, path: &Path) -> CircuitError {
    match error {
        CircuitError::Read { file, cause }
            if cause.kind() == std::io::ErrorKind::NotFound && path.extension().is_none() =>
        {
            let names = built_in().collect::<Vec<_>>().join(", ");
            let cause = format!("{cause}; the built-in multipliers are {names}");
            CircuitError::Read { file, cause: std::io::Error::other(cause) }
        }
        other => other,
    }
}
