#!/usr/bin/env python3
"""Start-up code, exit codes and console on QEMU: contract-test.elf in, each case's result compared.

usage: qemu_contract.py --elf FILE [--qemu NAME]
"""

import argparse
import pathlib

import elf_symbols
import qemu

NUMBERS = [0, 7, -1, 10, 1009, -128, 2**31 - 1, -(2**31)]
PRINTED = "".join(f"{n} {n & 0xFFFFFFFF:08x}\n" for n in NUMBERS)

# first input byte: (what it shows, exit code, console text)
CASES = {
    0x80: ("the default input and the numbers", 0, PRINTED),
    0x01: ("start-up code clears .bss", 0, ""),
    0x02: ("main's return value is the exit code", 0x1F, ""),
    0x03: ("illegal instruction", 0x42, ""),
    0x04: ("ebreak", 0x43, ""),
    0x05: ("load from nowhere", 0x45, ""),
    0x06: ("store to nowhere", 0x47, ""),
    0x07: ("ecall", 0x4B, ""),
    0x08: ("an interrupt without a handler", 0x63, ""),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elf", required=True, type=pathlib.Path)
    parser.add_argument("--qemu", default="qemu-system-riscv32")
    args = parser.parse_args()

    symbols = elf_symbols.symbols(args.elf.read_bytes())
    address = symbols["stuckat_input"].address
    bss = symbols["__bss_start"].address
    bss_bytes = symbols["__bss_end"].address - bss
    if not address + 4 <= bss or bss_bytes < 256:
        raise SystemExit("the poke below expects the input before .bss, and something in .bss")

    failed = 0
    for first, (what, code, text) in CASES.items():
        # One poke reaches from the input to the end of .bss and leaves ones in everything that starts as 0.
        content = bytes([first, 0x80, 0x80, 0x80]).ljust(bss - address, b"\0") + b"\xff" * bss_bytes
        found = qemu.run(args.qemu, args.elf, [(address, content)])
        if found != (code, text):
            failed += 1
            print(f"{what}: {found}, expected {(code, text)}")
    print(f"qemu_contract: {len(CASES)} cases, {failed} failed")
    raise SystemExit(failed != 0)


if __name__ == "__main__":
    main()
