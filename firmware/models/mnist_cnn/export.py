#!/usr/bin/env python3
"""Turn an INT8 .tflite into C: mnist_cnn.tflite in, model_data.c and model_data.h out.

usage: export.py --model FILE.tflite --out FOLDER

The output depends on nothing but the file, so that it can be made again and compared. What TensorFlow
Lite Micro computes once at start-up in soft floating point (requantisation factors, softmax parameters,
padding, activation ranges) is computed here: the firmware has integers only. Anything that the kernels
do not do ends the export with a message and exit code 1. Standard library only.
"""

import argparse
import hashlib
import math
import pathlib
import struct
import sys

import tflite_reader
from tflite_reader import SAME, Unsupported

CONV_2D, FULLY_CONNECTED, MAX_POOL_2D, RESHAPE, SOFTMAX = 3, 9, 17, 22, 25
LINE = 108


# ---- numbers ---------------------------------------------------------------------------------------

def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def round_half_away(x):
    return int(math.floor(abs(x) + 0.5)) * (1 if x >= 0 else -1)


def quantize_multiplier(real):
    """real = multiplier * 2^(shift - 31); multiplier has 31 bits, its top one set (or is 0)."""
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    # Doubling is exact in a double: this is round(fraction * 2^31), ties away from zero.
    multiplier = round_half_away(fraction * (1 << 31))
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    if shift < -31:
        return 0, 0
    if shift > 31:
        raise Unsupported(f"requantisation factor {real} is 2^31 or more")
    return multiplier, shift


def activation_range(code, scale, zero_point):
    """The fused activation function as a clamp in output units."""
    def quantised(value):
        return zero_point + round_half_away(float32(value / scale))

    low, high = -128, 127
    if code == 0:
        pass
    elif code == 1:  # RELU
        low = max(low, quantised(0.0))
    elif code == 2:  # RELU_N1_TO_1
        low, high = max(low, quantised(-1.0)), min(high, quantised(1.0))
    elif code == 3:  # RELU6
        low, high = max(low, quantised(0.0)), min(high, quantised(6.0))
    else:
        raise Unsupported(f"activation function {code}")
    return low, high


def padding(kind, size, out, stride, window, dilation):
    """Rows (or columns) before the image; the odd one, if any, comes after it."""
    if kind != SAME:
        return 0
    return max(0, (out - 1) * stride + (window - 1) * dilation + 1 - size) // 2


# ---- C text ----------------------------------------------------------------------------------------

def array(kind, name, values, note):
    lines, line = [], "   "
    for value in values:
        # INT32_MIN has no literal in C; no valid model holds it, so refuse rather than print a wrong one.
        if value == -(1 << 31):
            raise Unsupported(f"{name} holds INT32_MIN")
        text = f" {value},"
        if len(line) + len(text) > LINE:
            lines.append(line)
            line = "   "
        line += text
    lines.append(line)
    body = "\n".join(lines)
    return f"/* {note} */\nconst {kind} {name}[{len(values)}] = {{\n{body}\n}};\n"


def shape_of(extents):
    return "{" + ", ".join(str(extent) for extent in extents) + "}"


def struct_text(kind, name, fields):
    body = "".join(f"    .{key} = {value},\n" for key, value in fields)
    return f"static const struct {kind} {name} = {{\n{body}}};\n"


# ---- operators -------------------------------------------------------------------------------------

class Exporter:
    def __init__(self, model):
        self.model = model
        self.data = []        # definitions, in the order of the operators
        self.activations = [] # (name, bytes, tensor)
        self.calls = []
        self.names = {}       # tensor index -> C expression
        self.macs = 0
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            counts = f"{len(model.inputs)} inputs and {len(model.outputs)} outputs"
            raise Unsupported(f"{counts}; one of each is supported")
        self.input = self.activation(model.inputs[0])
        self.output = self.activation(model.outputs[0])
        self.names[self.input.index] = "input"
        self.names[self.output.index] = "output"

    def tensor(self, index, what, type_, rank=None):
        if not 0 <= index < len(self.model.tensors):
            raise Unsupported(f"{what} is absent")
        tensor = self.model.tensors[index]
        if tensor.type != type_:
            raise Unsupported(f"{what} ({tensor.name}) is {tensor.type}; only {type_} is supported")
        if rank is not None and len(tensor.shape) != rank:
            raise Unsupported(f"{what} ({tensor.name}) has shape {tensor.shape}, not {rank} dimensions")
        return tensor

    def activation(self, index, rank=None):
        tensor = self.tensor(index, "an activation", "int8", rank)
        if len(tensor.scales) != 1 or len(tensor.zero_points) != 1:
            raise Unsupported(f"activation {tensor.name} needs one scale and one zero point")
        if any(extent < 1 for extent in tensor.shape):
            raise Unsupported(f"activation {tensor.name} has the shape {tensor.shape}; it must be fixed")
        return tensor

    def read_from(self, tensor):
        if tensor.index not in self.names:
            raise Unsupported(f"tensor {tensor.name} is read before an operator writes it")
        return self.names[tensor.index]

    def write_to(self, tensor, layer):
        if tensor.index not in self.names:
            self.names[tensor.index] = f"{layer}_output"
            self.activations.append((f"{layer}_output", tensor.count(), tensor))
        return self.names[tensor.index]

    def filter(self, index, rank, outputs):
        tensor = self.tensor(index, "a filter", "int8", rank)
        if any(tensor.zero_points):
            raise Unsupported(f"filter {tensor.name} has a zero point; INT8 weights are symmetric")
        if len(tensor.scales) not in (1, outputs):
            raise Unsupported(f"filter {tensor.name} has {len(tensor.scales)} scales for {outputs} outputs")
        if len(tensor.scales) > 1 and tensor.channel_dimension != 0:
            raise Unsupported(f"filter {tensor.name} is scaled along dimension {tensor.channel_dimension}, not 0")
        return tensor

    def bias(self, operator, outputs):
        if len(operator.inputs) < 3 or operator.inputs[2] < 0:
            return [0] * outputs
        values = self.tensor(operator.inputs[2], "a bias", "int32").values()
        if len(values) != outputs:
            raise Unsupported(f"{len(values)} biases for {outputs} outputs")
        return values

    def weights(self, layer, filter_, bias, factors):
        self.data.append(array("int8_t", f"{layer}_filter", filter_.values(), f"{filter_.shape}"))
        self.data.append(array("int32_t", f"{layer}_bias", bias, "unit: input scale * filter scale"))
        self.data.append(array("int32_t", f"{layer}_multiplier", [m for m, _ in factors], "Q0.31, one an output"))
        self.data.append(array("int32_t", f"{layer}_shift", [s for _, s in factors], "power of two, one an output"))

    def call(self, function, layer, source, target, *data):
        arguments = [f"&{layer}_params", self.read_from(source), *data, self.write_to(target, layer)]
        if data:
            arguments.append("NULL")  # scratch memory: the reference kernels need none
        self.calls.append(f"{function}({', '.join(arguments)});")

    def conv_2d(self, operator, layer):
        source, target = self.activation(operator.inputs[0], 4), self.activation(operator.outputs[0], 4)
        filter_ = self.filter(operator.inputs[1], 4, target.shape[3])
        kind, stride_w, stride_h = (operator.option(0, "b"), operator.option(1, "i"), operator.option(2, "i"))
        dilation_w, dilation_h = operator.option(4, "i", 1), operator.option(5, "i", 1)
        if filter_.shape[3] != source.shape[3]:
            raise Unsupported(f"{layer}: grouped convolution")
        if filter_.shape[0] != target.shape[3] or source.shape[0] != target.shape[0]:
            raise Unsupported(f"{layer}: filter {filter_.shape} does not make {target.shape} of {source.shape}")
        scales = filter_.scales if len(filter_.scales) > 1 else filter_.scales * filter_.shape[0]
        # Doubles all the way: the order of these operations is TFLM's and decides the last bit.
        factors = [quantize_multiplier(source.scales[0] * scale / target.scales[0]) for scale in scales]
        low, high = activation_range(operator.option(3, "b"), target.scales[0], target.zero_points[0])
        self.weights(layer, filter_, self.bias(operator, filter_.shape[0]), factors)
        pad = [
            padding(kind, source.shape[i], target.shape[i], stride, filter_.shape[i], dilation)
            for i, stride, dilation in ((1, stride_h, dilation_h), (2, stride_w, dilation_w))
        ]
        self.data.append(struct_text("conv_2d_params", f"{layer}_params", [
            ("input", shape_of(source.shape)), ("filter", shape_of(filter_.shape)),
            ("output", shape_of(target.shape)),
            ("stride_h", stride_h), ("stride_w", stride_w), ("dilation_h", dilation_h), ("dilation_w", dilation_w),
            ("pad_h", pad[0]), ("pad_w", pad[1]),
            ("input_offset", -source.zero_points[0]), ("output_offset", target.zero_points[0]),
            ("low", low), ("high", high),
            ("multiplier", f"{layer}_multiplier"), ("shift", f"{layer}_shift"),
        ]))
        self.macs += target.count() * filter_.count() // filter_.shape[0]
        self.call("conv_2d", layer, source, target, f"{layer}_filter", f"{layer}_bias")

    def max_pool_2d(self, operator, layer):
        source, target = self.activation(operator.inputs[0], 4), self.activation(operator.outputs[0], 4)
        kind, stride_w, stride_h, window_w, window_h = (
            operator.option(0, "b"), *(operator.option(i, "i") for i in (1, 2, 3, 4)))
        if (source.scales, source.zero_points) != (target.scales, target.zero_points):
            raise Unsupported(f"{layer}: max pooling that requantises")
        low, high = activation_range(operator.option(5, "b"), target.scales[0], target.zero_points[0])
        self.data.append(struct_text("pool_2d_params", f"{layer}_params", [
            ("input", shape_of(source.shape)), ("output", shape_of(target.shape)),
            ("stride_h", stride_h), ("stride_w", stride_w), ("window_h", window_h), ("window_w", window_w),
            ("pad_h", padding(kind, source.shape[1], target.shape[1], stride_h, window_h, 1)),
            ("pad_w", padding(kind, source.shape[2], target.shape[2], stride_w, window_w, 1)),
            ("low", low), ("high", high),
        ]))
        self.call("max_pool_2d", layer, source, target)

    def fully_connected(self, operator, layer):
        source, target = self.activation(operator.inputs[0]), self.activation(operator.outputs[0])
        filter_ = self.tensor(operator.inputs[1], "a filter", "int8", 2)
        outputs, inputs = filter_.shape
        filter_ = self.filter(operator.inputs[1], 2, outputs)
        if operator.option(1, "b"):
            raise Unsupported(f"{layer}: shuffled weights")
        if source.count() % inputs or target.count() != source.count() // inputs * outputs:
            raise Unsupported(f"{layer}: weights {filter_.shape} do not make {target.shape} of {source.shape}")
        scales = filter_.scales if len(filter_.scales) > 1 else filter_.scales * outputs
        factors = [quantize_multiplier(source.scales[0] * scale / target.scales[0]) for scale in scales]
        low, high = activation_range(operator.option(0, "b"), target.scales[0], target.zero_points[0])
        self.weights(layer, filter_, self.bias(operator, outputs), factors)
        self.data.append(struct_text("fully_connected_params", f"{layer}_params", [
            ("batches", source.count() // inputs), ("inputs", inputs), ("outputs", outputs),
            ("input_offset", -source.zero_points[0]), ("output_offset", target.zero_points[0]),
            ("low", low), ("high", high),
            ("multiplier", f"{layer}_multiplier"), ("shift", f"{layer}_shift"),
        ]))
        self.macs += source.count() * outputs
        self.call("fully_connected", layer, source, target, f"{layer}_filter", f"{layer}_bias")

    def softmax(self, operator, layer):
        source, target = self.activation(operator.inputs[0]), self.activation(operator.outputs[0])
        if target.scales[0] != 1 / 256 or target.zero_points[0] != -128:
            raise Unsupported(f"{layer}: output scale must be 1/256 and zero point -128")
        beta = operator.option(0, "f")
        factor = min(beta * source.scales[0] * (1 << 26), float((1 << 31) - 1))
        multiplier, shift = quantize_multiplier(factor)
        if shift < 0:
            raise Unsupported(f"{layer}: beta * input scale = {beta * source.scales[0]} is too small")
        limit = -math.floor(31 * (1 << 26) / (1 << shift))
        classes = source.shape[-1]
        self.data.append(struct_text("softmax_params", f"{layer}_params", [
            ("rows", source.count() // classes), ("classes", classes),
            ("multiplier", multiplier), ("shift", shift), ("difference_min", limit),
        ]))
        self.call("softmax", layer, source, target)

    def reshape(self, operator, layer):
        source, target = self.activation(operator.inputs[0]), self.activation(operator.outputs[0])
        if source.count() != target.count():
            raise Unsupported(f"{layer}: {source.shape} cannot become {target.shape}")
        self.calls.append(f"reshape({source.count()}, {self.read_from(source)}, {self.write_to(target, layer)});")

    KINDS = {
        CONV_2D: ("conv", conv_2d), MAX_POOL_2D: ("pool", max_pool_2d), RESHAPE: ("reshape", reshape),
        FULLY_CONNECTED: ("dense", fully_connected), SOFTMAX: ("softmax", softmax),
    }

    def run(self):
        for number, operator in enumerate(self.model.operators):
            if operator.code not in self.KINDS:
                raise Unsupported(f"operator {number} has builtin code {operator.code}; supported: "
                                  "CONV_2D, MAX_POOL_2D, FULLY_CONNECTED, SOFTMAX, RESHAPE")
            kind, method = self.KINDS[operator.code]
            method(self, operator, f"{kind}{number}")

    def source(self, origin):
        parts = [f"/* Made by export.py from {origin}. Do not edit. */\n",
                 '#include "model_data.h"\n\n#include <stddef.h>\n\n#include "kernels.h"\n']
        parts.append(
            "/* Activations: a name for each tensor, so that a debugger or a fault report can show one. */\n"
            + "".join(f"int8_t {name}[{count}]; /* {tensor.shape} */\n" for name, count, tensor in self.activations))
        parts += self.data
        body = "".join(f"    {call}\n" for call in self.calls)
        parts.append(f"void model_invoke(const int8_t *input, int8_t *output) {{\n{body}}}\n")
        return "\n".join(parts)

    def header(self, origin):
        def note(tensor):
            return f"{tensor.shape}, scale {tensor.scales[0]:.9g}, zero point {tensor.zero_points[0]}"

        return f"""/* Made by export.py from {origin}. Do not edit. */

#ifndef MODEL_DATA_H
#define MODEL_DATA_H

#include <stdint.h>

enum {{
    MODEL_INPUT_BYTES = {self.input.count()},   /* {note(self.input)} */
    MODEL_OUTPUT_BYTES = {self.output.count()}, /* {note(self.output)} */
    MODEL_ACTIVATION_BYTES = {sum(count for _, count, _ in self.activations)}, /* between input and output */
    MODEL_MACS = {self.macs}, /* padding counted as if it were image */
}};

void model_invoke(const int8_t *input, int8_t *output);

#endif
"""


def convert(raw, name):
    """(C source, C header, one line about them) for the bytes of a .tflite; Unsupported says why not."""
    try:
        exporter = Exporter(tflite_reader.read(raw))
        exporter.run()
        origin = f"{name} (sha256 {hashlib.sha256(raw).hexdigest()[:16]})"
        summary = f"{name}: {len(exporter.calls)} operators, {exporter.macs} MACs"
        return exporter.source(origin), exporter.header(origin), summary
    except (ArithmeticError, LookupError, ValueError, struct.error) as error:
        # An index outside its list, a scale of zero, a missing operand: no converter writes such a file.
        raise Unsupported(f"damaged .tflite file ({type(error).__name__}: {error})") from error


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    try:
        source, header, summary = convert(args.model.read_bytes(), args.model.name)
    except Unsupported as reason:
        sys.exit(f"{args.model}: {reason}")
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model_data.c").write_text(source)
    (args.out / "model_data.h").write_text(header)
    print(summary)


if __name__ == "__main__":
    main()
