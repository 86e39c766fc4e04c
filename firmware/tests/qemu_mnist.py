#!/usr/bin/env python3
"""The MNIST firmware on QEMU against the independent interpreter's scores, image by image.

usage: qemu_mnist.py --elf FILE --data FOLDER --expected FILE.i8.gz [--images N] [--qemu NAME]

The N images are spread evenly over the test set. Both are compared: exit code and the whole console line.
Before that, the ELF's two contract symbols are checked (runtime/stuckat.h).
"""

import argparse
import gzip
import pathlib

import elf_symbols
import qemu

IMAGE, CLASSES, HEADER = 28 * 28, 10, 16


def check_contract(elf):
    symbols = elf_symbols.symbols(elf)
    for name, size in (("stuckat_input", IMAGE), ("stuckat_output", CLASSES)):
        symbol = symbols[name]
        wanted = (size, elf_symbols.OBJECT, elf_symbols.GLOBAL)
        if (symbol.size, symbol.type, symbol.bind) != wanted:
            raise SystemExit(f"{name}: size, type, binding are {symbol[1:4]}, expected {wanted}")
    if elf_symbols.file_content(elf, symbols["stuckat_input"]) != b"\x80" * IMAGE:
        raise SystemExit("stuckat_input has no bytes of its own in the file, or they are not all -128")
    return symbols["stuckat_input"].address


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elf", required=True, type=pathlib.Path)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--expected", required=True, type=pathlib.Path)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--qemu", default="qemu-system-riscv32")
    args = parser.parse_args()

    address = check_contract(args.elf.read_bytes())
    pixels = gzip.decompress((args.data / "mnist-t10k-images-idx3-ubyte.gz").read_bytes())[HEADER:]
    expected = gzip.decompress(args.expected.read_bytes())
    total = len(expected) // CLASSES
    if not 1 <= args.images <= total:
        raise SystemExit(f"--images must lie between 1 and {total}")

    different = 0
    for i in range(0, total, total // args.images)[: args.images]:
        image = bytes((pixel - 128) & 0xFF for pixel in pixels[i * IMAGE : (i + 1) * IMAGE])
        scores = [byte - 256 if byte > 127 else byte for byte in expected[i * CLASSES : (i + 1) * CLASSES]]
        line = f"class {scores.index(max(scores))}  scores {' '.join(map(str, scores))}\n"
        code, text = qemu.run(args.qemu, args.elf, [(address, image)])
        if (code, text) != (0, line):
            different += 1
            print(f"image {i}: exit {code}, {text!r}; expected exit 0, {line!r}")
    print(f"qemu_mnist: {args.images} images, {different} differ")
    raise SystemExit(different != 0)


if __name__ == "__main__":
    main()
