"""A list of layers (networks.py) and trained weights in, the same network in Keras out."""

import numpy as np
from tensorflow import keras

import networks


def build(layers, size=32, channels=3):
    """The network with softmax, for one image at a time: a fixed batch keeps shape arithmetic out of the graph."""
    made = {"input": keras.Input((size, size, channels), batch_size=1)}
    for layer in layers:
        made[layer.name] = _layer(layer, [made[name] for name in layer.inputs])
    return keras.Model(made["input"], keras.layers.Softmax(name="softmax")(made[layers[-1].name]))


def _layer(layer, inputs):
    kinds, x = keras.layers, inputs[0]
    convolution = {"strides": layer.stride, "padding": "same", "use_bias": not layer.norm, "name": layer.name}
    if layer.kind == "conv":
        x = kinds.Conv2D(layer.filters, layer.kernel, **convolution)(x)
    elif layer.kind == "depthwise":
        x = kinds.DepthwiseConv2D(layer.kernel, **convolution)(x)
    elif layer.kind == "add":
        x = kinds.Add(name=layer.name)(inputs)
    elif layer.kind == "pool":
        x = kinds.Flatten()(kinds.AveragePooling2D(layer.kernel, name=layer.name)(x))
    elif layer.kind == "dense":
        x = kinds.Dense(layer.filters, name=layer.name)(x)
    if layer.norm:
        x = kinds.BatchNormalization(epsilon=networks.NORM_EPSILON, name=f"{layer.name}_norm")(x)
    if layer.activation:
        x = kinds.ReLU(6.0 if layer.activation == "relu6" else None, name=f"{layer.name}_{layer.activation}")(x)
    return x


def set_weights(model, layers, weights):
    """`weights`: names of PyTorch's state dictionary to arrays."""
    for layer in layers:
        name = f"parts.{layer.name}"
        if layer.kind == "dense":
            model.get_layer(layer.name).set_weights([weights[f"{name}.weight"].T, weights[f"{name}.bias"]])
        elif layer.kind in ("conv", "depthwise"):
            # PyTorch: output, input, row, column. Keras: row, column, input, output (depthwise: channel, 1).
            order = (2, 3, 1, 0) if layer.kind == "conv" else (2, 3, 0, 1)
            held = [np.transpose(weights[f"{name}.conv.weight"], order)]
            if not layer.norm:
                held.append(weights[f"{name}.conv.bias"])
            model.get_layer(layer.name).set_weights(held)
        if layer.norm:
            parts = ("weight", "bias", "running_mean", "running_var")
            model.get_layer(f"{layer.name}_norm").set_weights([weights[f"{name}.norm.{part}"] for part in parts])
