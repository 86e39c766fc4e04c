#!/usr/bin/env python3
"""Reference outputs from an independent interpreter: .tflite and MNIST files in, expected_scores.i8.gz out.

usage: expected.py --model FILE.tflite --data FOLDER --out FOLDER      (needs PyPI tflite-micro and numpy)

FOLDER of --data holds the two gzipped test files (../../data). The output is 10,000 x 10 int8, in the
order of the test set, gzipped with no time stamp. Nothing of this project's own arithmetic takes part:
the bytes are those of TensorFlow Lite Micro's own kernels, compiled for the host by its authors.
"""

import argparse
import gzip
import pathlib

import numpy as np
from tflite_micro.python.tflite_micro import runtime

IDX_IMAGES_HEADER = 16
IDX_LABELS_HEADER = 8


def read(folder, name, header):
    return np.frombuffer(gzip.decompress((pathlib.Path(folder) / name).read_bytes()), np.uint8, offset=header)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    labels = read(args.data, "mnist-t10k-labels-idx1-ubyte.gz", IDX_LABELS_HEADER)
    pixels = read(args.data, "mnist-t10k-images-idx3-ubyte.gz", IDX_IMAGES_HEADER)
    images = (pixels.astype(np.int16) - 128).astype(np.int8).reshape(-1, 1, 28, 28, 1)

    interpreter = runtime.Interpreter.from_file(args.model)
    scores = np.empty((len(images), 10), np.int8)
    for i, image in enumerate(images):
        interpreter.set_input(image, 0)
        interpreter.invoke()
        scores[i] = interpreter.get_output(0)[0]

    out = pathlib.Path(args.out) / "expected_scores.i8.gz"
    out.write_bytes(gzip.compress(scores.tobytes(), 9, mtime=0))
    # argmax takes the lowest index of a tie, as the firmware and the harness do.
    right = int((scores.argmax(1) == labels).sum())
    ordered = np.sort(scores, axis=1)
    ties = int((ordered[:, -1] == ordered[:, -2]).sum())
    percent = 100 * right / len(scores)
    print(f"{out.name}: {len(scores)} images, {right} right ({percent:.2f} %), {ties} ties for first place")


if __name__ == "__main__":
    main()
