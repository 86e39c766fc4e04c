#!/usr/bin/env python3
"""The exporter on files that it must refuse: a message, never a traceback, and never C for a wrong model.

usage: export_refuses.py --exporter FOLDER --cases FOLDER
"""

import argparse
import pathlib
import random
import struct
import sys

DAMAGED_COPIES = 3000


def replaced(raw, old, new):
    if old not in raw:
        raise SystemExit(f"the test expects {old!r} in the file")
    return raw.replace(old, new)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--cases", required=True, type=pathlib.Path)
    args = parser.parse_args()
    sys.path.insert(0, args.exporter)
    import export
    from tflite_reader import Unsupported

    softmax = (args.cases / "softmax_rows.tflite").read_bytes()
    conv = (args.cases / "conv_dilated.tflite").read_bytes()
    refusals = {
        "identifier": (softmax[:4] + b"XXXX" + softmax[8:], "not a .tflite file"),
        "empty": (b"", "not a .tflite file"),
        "half a file": (conv[: len(conv) // 2], "damaged"),
        "softmax output scale": (replaced(softmax, struct.pack("<f", 1 / 256), struct.pack("<f", 1 / 128)), "1/256"),
    }
    failed = 0
    for what, (raw, message) in refusals.items():
        try:
            export.convert(raw, what)
            failed += 1
            print(f"{what}: accepted")
        except Unsupported as reason:
            if message not in str(reason):
                failed += 1
                print(f"{what}: {reason!s}, expected something about {message!r}")

    # Random damage may hit a weight and stay unnoticed; what it must not do is raise anything else.
    rng = random.Random(3)
    refused = 0
    for _ in range(DAMAGED_COPIES):
        raw = bytearray(rng.choice((softmax, conv)))
        for _ in range(rng.randint(1, 8)):
            raw[rng.randrange(8, len(raw))] = rng.randrange(256)
        try:
            export.convert(bytes(raw), "damaged")
        except Unsupported:
            refused += 1
    print(f"export_refuses: {len(refusals)} files, {failed} failed; {refused} of {DAMAGED_COPIES} damaged copies refused")
    raise SystemExit(failed != 0)


if __name__ == "__main__":
    main()
