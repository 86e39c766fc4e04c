//! Networks from `.tflite` files on the core: the bytes of TensorFlow Lite Micro, whatever the file; and the command that does it.

#[path = "common/cli.rs"]
mod cli;
mod common;
#[path = "common/mutate.rs"]
mod mutate;

#[path = "inference/command_line.rs"]
mod command_line;
#[path = "inference/damaged.rs"]
mod damaged;
#[path = "inference/models.rs"]
mod models;
#[path = "inference/vectors.rs"]
mod vectors;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use stuckat::cpu::profile::CVE2;
use stuckat::workload::Program;

/// Retired instructions that an inference of a test may take.
const BUDGET: u64 = 20_000_000_000;

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A generic firmware.
struct Firmware {
    name: String,
    program: Program,
}

fn load(path: &Path) -> Firmware {
    let elf = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let program = Program::new(&elf, &CVE2, None).expect("it follows the contract");
    Firmware { name: path.display().to_string(), program }
}

/// Both kernel styles as GCC built them, and as Clang builds them if it is installed.
fn firmwares() -> &'static [Firmware] {
    static FIRMWARES: OnceLock<Vec<Firmware>> = OnceLock::new();
    FIRMWARES.get_or_init(|| {
        let styles = ["reference", "optimised"];
        let mut all: Vec<Firmware> = styles
            .iter()
            .map(|style| load(&file(&format!("firmware/prebuilt/tflm-{style}.elf"))))
            .collect();
        let tools = ["clang", "ld.lld", "riscv64-unknown-elf-gcc"].map(common::tool);
        if tools.iter().all(Option::is_some) {
            let made = Command::new("make").arg("-C").arg(file("firmware")).arg("clang").output();
            let made = made.expect("make runs");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let built = |style| load(&file(&format!("firmware/build/clang/tflm-{style}.elf")));
            all.extend(styles.into_iter().map(built));
        }
        all
    })
}
