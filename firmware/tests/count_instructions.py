#!/usr/bin/env python3
"""Instructions of one inference, by mnemonic and by function: ELF in, a table out.

usage: count_instructions.py --elf FILE [--qemu NAME] [--cross PREFIX] [--data FOLDER --image N]

QEMU executes one instruction per translation block and logs each block's address; objdump says what stands
there. Counted is what the ELF itself executes, from _start to the store that ends the run; the wait loop
behind that store is left out. Without --data the ELF's own input counts (a black image).
"""

import argparse
import collections
import gzip
import pathlib
import re
import subprocess
import tempfile

import elf_symbols
import qemu

IMAGE, HEADER = 28 * 28, 16
MULTIPLICATIONS = ("mul", "mulh", "mulhsu", "mulhu")


def disassembly(cross, elf):
    """{address: (mnemonic, function)}"""
    command = [f"{cross}objdump", "-d", "-M", "no-aliases", str(elf)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found, function = {}, ""
    for line in text.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = match[1]
        elif match := re.match(r"\s*([0-9a-f]+):\t[0-9a-f]+\s+(\S+)", line):
            found[int(match[1], 16)] = (match[2], function)
    return found


def addresses(name, elf, pokes):
    """Addresses of the executed instructions, in order."""
    with tempfile.NamedTemporaryFile() as log:
        code, _ = qemu.run(name, elf, pokes, ("-d", "exec,nochain", "-singlestep", "-D", log.name))
        if code != 0:
            raise SystemExit(f"the firmware ended with exit code {code}")
        for line in log:
            if match := re.match(rb"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/", line):
                yield int(match[1], 16)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elf", required=True, type=pathlib.Path)
    parser.add_argument("--qemu", default="qemu-system-riscv32")
    parser.add_argument("--cross", default="riscv64-unknown-elf-")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--image", type=int, default=0)
    args = parser.parse_args()

    pokes = []
    if args.data:
        pixels = gzip.decompress((args.data / "mnist-t10k-images-idx3-ubyte.gz").read_bytes())[HEADER:]
        image = bytes((p - 128) & 0xFF for p in pixels[args.image * IMAGE : (args.image + 1) * IMAGE])
        pokes = [(elf_symbols.symbols(args.elf.read_bytes())["stuckat_input"].address, image)]

    known = disassembly(args.cross, args.elf)
    by_mnemonic, by_function = collections.Counter(), collections.Counter()
    multiplications = collections.Counter()
    previous = None
    for address in addresses(args.qemu, args.elf, pokes):
        if address not in known or address == previous:
            continue  # QEMU's reset code below RAM; the jump to itself behind the last store
        previous = address
        mnemonic, function = known[address]
        by_mnemonic[mnemonic] += 1
        by_function[function] += 1
        if mnemonic in MULTIPLICATIONS:
            multiplications[function, mnemonic] += 1

    total = sum(by_mnemonic.values())
    print(f"instructions {total:,}")
    for mnemonic in MULTIPLICATIONS:
        print(f"  {mnemonic:7} {by_mnemonic[mnemonic]:>10,}")
    print("by function" + 20 * " " + "instructions        mul       mulh     mulhsu      mulhu")
    for function, count in by_function.most_common():
        columns = "".join(f"{multiplications[function, mnemonic]:>11,}" for mnemonic in MULTIPLICATIONS)
        print(f"  {function:26} {count:>14,}{columns}")


if __name__ == "__main__":
    main()
