#!/usr/bin/env python3
"""Small models with the corner cases that the MNIST network lacks, and what they answer: tests/cases/.

usage: make_cases.py --out FOLDER        (needs tensorflow-cpu 2.21 and tflite-micro)

For each case NAME: NAME.tflite and NAME.io.gz (input bytes, output bytes, repeated). The outputs are those
of TensorFlow Lite Micro's own kernels on the host. Weights are random; nothing is trained.
"""

import argparse
import gzip
import os
import pathlib
import struct

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tensorflow import int8, keras, lite
from tflite_micro.python.tflite_micro import runtime

SEED = 7
RECORDS = 200
layers = keras.layers


def convert(shape, stack, dense_per_channel=True):
    model = keras.Sequential([keras.Input(shape, batch_size=1), *stack])
    rng = np.random.default_rng(SEED)
    model.set_weights([rng.normal(0, 0.3, weight.shape).astype(np.float32) for weight in model.get_weights()])
    converter = lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [rng.normal(0, 1, (1, *shape)).astype(np.float32)] for _ in range(50))
    converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not dense_per_channel
    return converter.convert()


def rescale(tflite, which, factor):
    """The same file with another scale for its input or output, wherever that scale stands."""
    interpreter = lite.Interpreter(model_content=tflite)
    details = interpreter.get_input_details() if which == "input" else interpreter.get_output_details()
    old = np.float32(details[0]["quantization"][0])
    pattern, new = struct.pack("<f", old), struct.pack("<f", old * np.float32(factor))
    if tflite.count(pattern) != 1:
        raise SystemExit(f"scale {old} stands {tflite.count(pattern)} times in the file")
    return tflite.replace(pattern, new)


def inputs(shape, spread):
    """Random tensors; every fourth is an extreme: all equal, or only the two ends of the range."""
    rng = np.random.default_rng(SEED + 1)
    for i in range(RECORDS):
        if i % 4 == 0:
            ends = [-128, 127] if i % 8 else [rng.integers(-128, 128)]
            yield rng.choice(np.array(ends, np.int8), shape)
        else:
            yield rng.integers(-spread, spread, shape).astype(np.int8)


def cases():
    relu6 = lambda: layers.ReLU(max_value=6.0)
    conv = layers.Conv2D
    # Coarser output units than the converter's, so that 6.0 lies inside the INT8 range and RELU6 clamps.
    odd = convert((9, 7, 3), [conv(5, (4, 3), strides=(3, 2), padding="same"), relu6()])
    yield "conv_odd_padding", rescale(odd, "output", 1.5), 128
    yield "conv_dilated", convert((11, 10, 2), [conv(4, 3, dilation_rate=2, padding="same")]), 128
    yield "conv_valid_wide", convert((6, 9, 4), [conv(3, (1, 5), strides=(1, 2), padding="valid", activation="relu")]), 128
    # Output units 300 times finer than the converter's: multipliers above 1, so the shift is to the left.
    yield "conv_shift_left", rescale(convert((5, 5, 1), [conv(6, 2, padding="same")]), "output", 1 / 300), 3
    # Output units 50 times coarser: larger right shifts, sums of both signs that round to the zero point.
    yield "conv_shift_right", rescale(convert((5, 5, 2), [conv(6, 3, padding="same")]), "output", 50), 128
    yield "pool_same", convert((7, 5, 3), [layers.MaxPooling2D((3, 2), strides=(2, 2), padding="same")]), 128
    yield "pool_overlapping", convert((8, 8, 2), [layers.MaxPooling2D(3, strides=1, padding="valid")]), 128
    yield "dense_per_output", convert((37,), [layers.Dense(11, activation="relu")]), 128
    yield "dense_one_scale", convert((37,), [layers.Dense(11)], dense_per_channel=False), 128
    softmax = convert((3, 7), [layers.Softmax()])
    yield "softmax_rows", softmax, 128
    yield "softmax_steep", rescale(softmax, "input", 20), 128  # most differences lie below the limit
    yield "softmax_flat", rescale(softmax, "input", 1 / 50), 128


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    for name, tflite, spread in cases():
        interpreter = runtime.Interpreter.from_bytes(tflite)
        shape = tuple(interpreter.get_input_details(0)["shape"])
        records = []
        for tensor in inputs(shape, spread):
            interpreter.set_input(tensor, 0)
            interpreter.invoke()
            records += [tensor.tobytes(), interpreter.get_output(0).tobytes()]
        (args.out / f"{name}.tflite").write_bytes(tflite)
        (args.out / f"{name}.io.gz").write_bytes(gzip.compress(b"".join(records), 9, mtime=0))
        outputs = np.concatenate([np.frombuffer(record, np.int8) for record in records[1::2]])
        print(f"{name}: {len(tflite)} bytes, {len(np.unique(outputs))} different output values")


if __name__ == "__main__":
    main()
