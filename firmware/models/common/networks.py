"""The networks, each described once: a name in, a list of layers out, and the PyTorch module that trains it.

`keras_model.py` builds the same list in Keras for the conversion, so both sides share names, shapes and order.
Padding is TensorFlow's SAME everywhere: at stride 2 on an even size the extra row and column come at the end.
"""

import dataclasses

import torch
from torch import nn
from torch.nn import functional

NORM_EPSILON = 1e-3


@dataclasses.dataclass(frozen=True)
class Layer:
    kind: str  # conv, depthwise, add, pool, dense
    name: str
    inputs: tuple  # names of layers, or "input"
    filters: int = 0
    kernel: int = 1
    stride: int = 1
    norm: bool = False  # batch normalisation behind the convolution; then no bias of its own
    activation: str = ""  # "", relu, relu6


def resnet8(classes):
    """The ResNet-8 of MLPerf Tiny: three stacks of 16, 32 and 64 channels, 3 x 3 filters."""
    layers = [Layer("conv", "stem", ("input",), 16, 3, 1, True, "relu")]
    source = "stem"
    for stack, (filters, stride) in enumerate(((16, 1), (32, 2), (64, 2)), 1):
        a, b, shortcut, out = f"stack{stack}_a", f"stack{stack}_b", source, f"stack{stack}"
        layers.append(Layer("conv", a, (source,), filters, 3, stride, True, "relu"))
        layers.append(Layer("conv", b, (a,), filters, 3, 1, True))
        if stride != 1:
            shortcut = f"stack{stack}_shortcut"
            layers.append(Layer("conv", shortcut, (source,), filters, 1, stride))
        layers.append(Layer("add", out, (shortcut, b), activation="relu"))
        source = out
    layers.append(Layer("pool", "pool", (source,), kernel=8))
    layers.append(Layer("dense", "dense", ("pool",), classes))
    return layers


def mobilenetv1(classes):
    """MobileNetV1, width 0.25, for 32 x 32 pixels: the first convolution keeps the size, the rest is as published."""
    layers = [Layer("conv", "stem", ("input",), 8, 3, 1, True, "relu6")]
    source, channels = "stem", 8
    blocks = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)) + ((128, 1),) * 5 + ((256, 2), (256, 1))
    for block, (filters, stride) in enumerate(blocks, 1):
        depthwise, pointwise = f"block{block}_depthwise", f"block{block}_pointwise"
        layers.append(Layer("depthwise", depthwise, (source,), channels, 3, stride, True, "relu6"))
        layers.append(Layer("conv", pointwise, (depthwise,), filters, 1, 1, True, "relu6"))
        source, channels = pointwise, filters
    layers.append(Layer("pool", "pool", (source,), kernel=2))
    layers.append(Layer("dense", "dense", ("pool",), classes))
    return layers


class Convolution(nn.Module):
    def __init__(self, layer, channels):
        super().__init__()
        self.layer = layer
        groups = channels if layer.kind == "depthwise" else 1
        self.conv = nn.Conv2d(channels, layer.filters, layer.kernel, layer.stride, 0, groups=groups, bias=not layer.norm)
        self.norm = nn.BatchNorm2d(layer.filters, NORM_EPSILON) if layer.norm else nn.Identity()
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out" if groups == 1 else "fan_in")

    def forward(self, x):
        if self.layer.kernel == 3 and self.layer.stride == 2:
            x = functional.pad(x, (0, 1, 0, 1))
            y = functional.conv2d(x, self.conv.weight, self.conv.bias, 2, 0, 1, self.conv.groups)
        else:
            padding = self.layer.kernel // 2
            stride = self.layer.stride
            y = functional.conv2d(x, self.conv.weight, self.conv.bias, stride, padding, 1, self.conv.groups)
        return self.norm(y)


class Network(nn.Module):
    """Scores before the softmax."""

    def __init__(self, layers, channels=3):
        super().__init__()
        self.layers = layers
        self.parts = nn.ModuleDict()
        width = {"input": channels}
        for layer in layers:
            source = width[layer.inputs[0]]
            if layer.kind in ("conv", "depthwise"):
                self.parts[layer.name] = Convolution(layer, source)
            elif layer.kind == "dense":
                self.parts[layer.name] = nn.Linear(source, layer.filters)
            width[layer.name] = layer.filters or source

    def forward(self, x):
        made = {"input": x}
        for layer in self.layers:
            x = made[layer.inputs[0]]
            if layer.kind == "add":
                x = x + made[layer.inputs[1]]
            elif layer.kind == "pool":
                x = x.mean((2, 3))  # the window is the whole image
            else:
                x = self.parts[layer.name](x)
            if layer.activation == "relu":
                x = functional.relu(x)
            elif layer.activation == "relu6":
                x = functional.relu6(x)
            made[layer.name] = x
        return x


def multiply_accumulates(layers, size=32, channels=3):
    """{name: MACs} of one inference, taps in the padding counted."""
    shape, macs = {"input": (size, channels)}, {}
    for layer in layers:
        side, width = shape[layer.inputs[0]]
        out = 1 if layer.kind in ("pool", "dense") else -(-side // layer.stride)
        taps = {"conv": layer.kernel**2 * width, "depthwise": layer.kernel**2, "dense": width}.get(layer.kind, 0)
        if taps:
            macs[layer.name] = out * out * layer.filters * taps
        shape[layer.name] = (out, layer.filters or width)
    return macs
