#!/usr/bin/env python3
"""Full-integer post-training quantisation: MODEL.weights.npz of train.py in, MODEL.tflite out.

usage: convert.py MODEL --data FOLDER --work FOLDER --out FOLDER

INT8 input and output, convolution weights with one scale an output channel, calibrated with training images. A file
whose operators or input quantisation differ from what the firmware takes is refused, not written. Prints the
figures that MODEL_CARD.md quotes.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

import datasets
import keras_model
import networks
import recipes

OPERATORS = set(
    "CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED AVERAGE_POOL_2D MAX_POOL_2D ADD MUL MEAN PAD RESHAPE SOFTMAX LOGISTIC "
    "RELU RELU6 QUANTIZE DEQUANTIZE CONCATENATION STRIDED_SLICE TRANSPOSE".split()
)


def load_model(recipe, path):
    """The trained network in Keras."""
    try:
        with np.load(path) as arrays:
            weights = dict(arrays)
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}; train.py writes it") from error
    layers = recipe.layers()
    model = keras_model.build(layers)
    keras_model.set_weights(model, layers, weights)
    return model


def convert(model, images, count, seed):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    picked = np.random.default_rng(seed).choice(len(images), min(count, len(images)), replace=False)
    converter.representative_dataset = lambda: ([images[i : i + 1].astype(np.float32) / 255] for i in picked)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    # Weights of the fully connected layer get one scale in all: the form that every TFLM release runs.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


def reference(tflite):
    """TensorFlow Lite's portable kernels, which round as TensorFlow Lite Micro's do (its fast ones do not)."""
    resolver = tf.lite.experimental.OpResolverType.BUILTIN_REF
    interpreter = tf.lite.Interpreter(model_content=tflite, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    return interpreter


def check(interpreter):
    """Refuse what the firmware could not run, or would feed wrongly. Returns the operators' names in order."""
    names = [op["op_name"] for op in interpreter._get_ops_details() if op["op_name"] != "DELEGATE"]
    unknown = sorted(set(names) - OPERATORS)
    if unknown:
        raise SystemExit(f"operators {', '.join(unknown)}: the firmware has none of them")
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = source["quantization"]
    pixels = np.arange(256)
    quantised = np.round(pixels.astype(np.float32) / np.float32(255) / np.float32(scale)) + zero_point
    if source["dtype"] != np.int8 or zero_point != -128 or not np.array_equal(quantised, pixels - 128):
        raise SystemExit(f"input {source['dtype']}, scale {scale}, zero point {zero_point} do not make pixel - 128")
    if target["dtype"] != np.int8:
        raise SystemExit(f"output is {target['dtype']}, not int8")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=sorted(recipes.RECIPES))
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True, help="where train.py wrote the weights")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    recipe = recipes.get(args.model)
    images, _ = datasets.load(recipe.data, "train", args.data)
    test_images, test_labels = datasets.load(recipe.data, "test", args.data)
    model = load_model(recipe, pathlib.Path(args.work) / f"{args.model}.weights.npz")
    scores = [model(image[np.newaxis].astype(np.float32) / 255, training=False)[0] for image in test_images]
    right = int((np.argmax(scores, 1) == test_labels).sum())

    tflite = convert(model, images, recipe.calibration_images, recipe.seed + 1)
    interpreter = reference(tflite)
    names = check(interpreter)
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{args.model}.tflite").write_bytes(tflite)

    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    macs = networks.multiply_accumulates(recipe.layers())
    weights = [t for t in interpreter.get_tensor_details() if interpreter_holds_data(interpreter, t)]
    figures = {
        "float_right": right,
        "test_images": len(test_labels),
        "float_accuracy": round(right / len(test_labels), 4),
        "parameters_folded": sum(int(np.prod(t["shape"])) for t in weights),
        "macs": sum(macs.values()),
        "macs_by_layer": macs,
        "operators": names,
        "input": [source["name"], source["shape"].tolist(), *map(float, source["quantization"])],
        "output": [target["name"], target["shape"].tolist(), *map(float, target["quantization"])],
        "tflite_bytes": len(tflite),
        "sha256": hashlib.sha256(tflite).hexdigest(),
        "tensorflow": tf.__version__,
    }
    print(json.dumps(figures, indent=2))


def interpreter_holds_data(interpreter, tensor):
    """Weights and biases: constants with a scale (the shape that RESHAPE reads has none)."""
    produced = {int(i) for op in interpreter._get_ops_details() for i in op["outputs"]}
    inputs = {detail["index"] for detail in interpreter.get_input_details()}
    index = tensor["index"]
    return index not in produced | inputs and len(tensor["quantization_parameters"]["scales"]) > 0


if __name__ == "__main__":
    try:
        main()
    except datasets.DataError as error:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {error}")
