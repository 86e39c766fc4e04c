#!/usr/bin/env python3
"""Train the MNIST network and convert it to full-integer INT8: IDX files in, mnist_cnn.tflite out.

usage: train.py --data FOLDER --out FOLDER [--epochs N]

FOLDER of --data holds the four plain IDX files of MNIST (see ../../data/README.md). Two files are
written to --out: mnist_cnn.tflite and training.json (the figures that MODEL_CARD.md quotes).
Every random choice comes from SEED and one thread computes; rounding inside TensorFlow still depends on its
version and on the host's vector instructions, so the committed .tflite is the reference, not this script's
output elsewhere.
"""

import argparse
import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from tensorflow import keras

SEED = 20_240_607
BATCH = 128
MAX_SHIFT = 2  # pixels; MNIST digits are centred, so a larger shift would cut strokes off
PEAK_LEARNING_RATE = 3e-3
CALIBRATION_IMAGES = 1000


def read_idx(path):
    """The array in one IDX file (type 0x08 = unsigned byte, the only type that MNIST uses)."""
    raw = pathlib.Path(path).read_bytes()
    if raw[:3] != b"\x00\x00\x08":
        raise SystemExit(f"{path}: not an IDX file of unsigned bytes")
    rank = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(folder, part):
    folder = pathlib.Path(folder)
    images = read_idx(folder / f"{part}-images-idx3-ubyte")
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte")
    # [0, 1] and not [-1, 1]: the converter then picks scale 1/255 and zero point -128, so that an
    # INT8 input is exactly pixel - 128 and no firmware has to scale an image.
    return images[..., np.newaxis].astype(np.float32) / 255.0, labels.astype(np.int64)


def network(batch=None):
    """62,280 multiply-accumulates: 21,600 + 38,880 + 1,800. The first stride keeps most others away."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), batch_size=batch),
            layers.Conv2D(6, 5, strides=2, padding="valid", activation="relu"),  # 12 x 12 x 6
            layers.MaxPooling2D(2),  # 6 x 6 x 6
            layers.Conv2D(20, 3, padding="same", activation="relu"),  # 6 x 6 x 20
            layers.MaxPooling2D(2),  # 3 x 3 x 20
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def shifted(images, rng):
    """Each image moved by its own (dy, dx), zeros coming in from the edge."""
    n, h, w, _ = images.shape
    padded = np.pad(images, ((0, 0), (MAX_SHIFT, MAX_SHIFT), (MAX_SHIFT, MAX_SHIFT), (0, 0)))
    dy, dx = rng.integers(0, 2 * MAX_SHIFT + 1, (2, n))
    rows = dy[:, None, None] + np.arange(h)[None, :, None]
    cols = dx[:, None, None] + np.arange(w)[None, None, :]
    return padded[np.arange(n)[:, None, None], rows, cols]


def train(model, images, labels, epochs):
    rng = np.random.default_rng(SEED)
    steps = epochs * (-(-len(images) // BATCH))
    schedule = keras.optimizers.schedules.CosineDecay(PEAK_LEARNING_RATE, steps, alpha=0.01)
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for epoch in range(epochs):
        order = rng.permutation(len(images))
        # The last epochs see the digits where the test set has them: centred.
        batch = images if epoch >= epochs - 3 else shifted(images, rng)
        model.fit(batch[order], labels[order], BATCH, epochs=1, shuffle=False, verbose=2)


def convert(model, images):
    """Full-integer post-training quantisation, INT8 in and out, weights per output channel."""
    # A fixed batch of 1 keeps the shape arithmetic of Flatten out of the graph.
    single = network(batch=1)
    single.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(single)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    picked = np.random.default_rng(SEED + 1).choice(len(images), CALIBRATION_IMAGES, replace=False)
    converter.representative_dataset = lambda: ([images[i : i + 1]] for i in picked)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    # Weights of the fully connected layer get one scale in all: the form that every TFLM release runs.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


def check_input(tflite):
    """A harness writes pixel - 128; refuse a model for which that would be wrong."""
    tensor = tf.lite.Interpreter(model_content=tflite).get_input_details()[0]
    scale, zero_point = tensor["quantization"]
    pixels = np.arange(256)
    quantised = np.round(pixels.astype(np.float32) / np.float32(255) / np.float32(scale)) + zero_point
    if not np.array_equal(quantised, pixels - 128):
        raise SystemExit(f"input scale {scale} and zero point {zero_point} do not make pixel - 128")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=60)
    args = parser.parse_args()

    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    # The number of threads changes the order of float sums, hence the weights.
    tf.config.threading.set_intra_op_parallelism_threads(1)

    images, labels = load(args.data, "train")
    test_images, test_labels = load(args.data, "t10k")
    model = network()
    model.summary()
    train(model, images, labels, args.epochs)
    _, accuracy = model.evaluate(test_images, test_labels, verbose=0)

    tflite = convert(model, images)
    check_input(tflite)
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "mnist_cnn.tflite").write_bytes(tflite)
    figures = {
        "seed": SEED,
        "epochs": args.epochs,
        "parameters": int(model.count_params()),
        "float_test_accuracy": round(float(accuracy), 4),
        "tflite_bytes": len(tflite),
        "tensorflow": tf.__version__,
    }
    (out / "training.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
