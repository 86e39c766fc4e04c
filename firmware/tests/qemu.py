"""Runs an ELF on QEMU's RISC-V `virt` machine: ELF and what to write to memory in, (exit code, console text) out."""

import pathlib
import subprocess
import tempfile

TIMEOUT_S = 60


def run(qemu, elf, pokes=(), extra=()):
    """pokes: (address, bytes) pairs, written to memory after the ELF is loaded and before the core starts."""
    command = [qemu, "-M", "virt", "-bios", "none", "-nographic", "-kernel", str(elf), *extra]
    with tempfile.TemporaryDirectory() as folder:
        for i, (address, content) in enumerate(pokes):
            path = pathlib.Path(folder) / f"poke{i}.bin"
            path.write_bytes(content)
            command += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
    if done.stderr:
        raise SystemExit(f"{qemu}: {done.stderr.decode(errors='replace')}")
    return done.returncode, done.stdout.decode("ascii", "replace").replace("\r", "")
