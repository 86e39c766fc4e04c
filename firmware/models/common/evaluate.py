#!/usr/bin/env python3
"""Accuracy and reference outputs of an INT8 .tflite: model and test images in, top-1 and output bytes out.

usage: evaluate.py FILE.tflite --set cifar10|gtsrb --data FOLDER [--images N] [--expected FILE --expected-images N]

Two interpreters that share no code with this project run the model: TensorFlow Lite Micro (PyPI tflite-micro) and, where
TensorFlow is installed, TensorFlow Lite with its portable kernels. --expected writes TensorFlow Lite Micro's output:
N x classes int8, images in the order of the test set, gzipped without a time stamp if the name ends in .gz.
"""

import argparse
import gzip
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

import datasets


def to_int8(images):
    """What the models take: pixel - 128, one image a batch."""
    return (images.astype(np.int16) - 128).astype(np.int8)[:, np.newaxis]


def run_micro(path, inputs):
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(path))
    scores = []
    for image in inputs:
        interpreter.set_input(image, 0)
        interpreter.invoke()
        scores.append(interpreter.get_output(0)[0].copy())
    return np.stack(scores)


def run_reference(path, inputs):
    """None where TensorFlow is missing."""
    try:
        import tensorflow as tf
    except ImportError:
        return None
    resolver = tf.lite.experimental.OpResolverType.BUILTIN_REF
    interpreter = tf.lite.Interpreter(model_path=str(path), experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    scores = []
    for image in inputs:
        interpreter.set_tensor(source, image)
        interpreter.invoke()
        scores.append(interpreter.get_tensor(target)[0].copy())
    return np.stack(scores)


def report(name, scores, labels):
    # argmax takes the lowest index of a tie, as the firmware and the harness do.
    right = int((scores.argmax(1) == labels).sum())
    ordered = np.sort(scores, axis=1)
    ties = int((ordered[:, -1] == ordered[:, -2]).sum())
    percent = 100 * right / len(labels)
    print(f"{name}: {right} of {len(labels)} right ({percent:.2f} %), {ties} ties for first place")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--set", required=True, choices=sorted(datasets.CLASSES))
    parser.add_argument("--data", required=True)
    parser.add_argument("--images", type=int, help="only the first N test images")
    parser.add_argument("--expected", type=pathlib.Path, help="file for the output bytes")
    parser.add_argument("--expected-images", type=int, default=100)
    args = parser.parse_args()
    if not args.model.is_file():
        raise SystemExit(f"{args.model}: no such file")

    images, labels = datasets.load(args.set, "test", args.data)
    inputs, labels = to_int8(images[: args.images]), labels[: args.images]
    scores = run_micro(args.model, inputs)
    report("tflite-micro", scores, labels)
    other = run_reference(args.model, inputs)
    if other is None:
        print("TensorFlow Lite, portable kernels: not run, TensorFlow is not installed")
    else:
        report("TensorFlow Lite, portable kernels", other, labels)
        apart = np.abs(scores.astype(int) - other)
        print(f"output bytes that differ: {int((apart != 0).sum())} of {scores.size}, by at most {apart.max()}")
    if args.expected:
        raw = scores[: args.expected_images].tobytes()
        args.expected.write_bytes(gzip.compress(raw, 9, mtime=0) if args.expected.suffix == ".gz" else raw)
        print(f"{args.expected}: {len(raw)} bytes, {min(args.expected_images, len(scores))} images")


if __name__ == "__main__":
    try:
        main()
    except datasets.DataError as error:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {error}")
