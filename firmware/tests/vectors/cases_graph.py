"""Small graphs of several operators: scales of each layer come from running the graph so far; memory planning matters."""

import numpy as np

import reference
from cases_conv import add_conv, draw, geometry
from cases_fc import add_fully_connected
from cases_fc import draw as draw_fc
from common import RANGE, Made, fit, integer, log_uniform, pick, product, records, uniform, zero_point
from tflite_file import Graph


class Net:
    """A graph that knows likely values of each tensor, by asking the reference interpreter."""

    def __init__(self, rng, dtype):
        self.rng, self.dtype, self.graph, self.feeds = rng, dtype, Graph(), []
        self.which = reference.TFL if dtype == "uint8" else reference.TFLM

    def input(self, *shape, dtype=None):
        dtype = dtype or self.dtype
        index = self.graph.input(shape, dtype, log_uniform(self.rng, 0.01, 0.3), zero_point(self.rng, dtype))
        self.feeds.append(uniform(self.rng, shape, dtype))
        return index

    def shape(self, tensor):
        return self.graph.arrays[tensor][0]

    def sample(self, tensor):
        if tensor in self.graph.inputs:
            return self.feeds[self.graph.inputs.index(tensor)]
        self.graph.outputs = [tensor]
        return reference.run(self.which, self.graph.file(), [self.feeds])[0][0]

    def conv(self, source, cout=4, k=3, stride=1, padding="SAME", act="RELU", depthwise=False):
        n, h, w, cin = self.shape(source)
        fixed = {"n": n, "h": h, "w": w, "cin": cin, "cout": cout, "mult": 1, "kh": k, "kw": k, "sh": stride,
                 "sw": stride, "dh": 1, "dw": 1, "padding": padding, "act": act, "mode": "fit", "min_macs": 1, "max_macs": 10 ** 5,
                 "max_tensor": 10 ** 4, "must_have_bias": self.dtype == "uint8"}
        p = draw(self.rng, depthwise, fixed)
        return add_conv(self.rng, self.graph, source, self.sample(source), p)[0]

    def depthwise(self, source, **options):
        return self.conv(source, depthwise=True, **options)

    def fc(self, source, cout, act="NONE", n=1):
        depth = product(self.shape(source)) // n
        p = draw_fc(self.rng, {"n": n, "depth": depth, "cout": cout, "act": act, "mode": "fit", "keep": False})
        return add_fully_connected(self.rng, self.graph, source, self.sample(source), p)[0]

    def same(self, operator, inputs, shape, macs=None, **options):
        """An operator whose output has the quantisation of its first input."""
        _, dtype, scale, point = self.graph.arrays[inputs[0]]
        output = self.graph.tensor(shape, dtype, scale, point)
        return self.graph.op(operator, inputs, output, product(shape) if macs is None else macs, **options)

    def pool(self, operator, source, window, stride, padding="VALID"):
        n, h, w, c = self.shape(source)
        p = {"h": h, "w": w, "kh": window, "kw": window, "sh": stride, "sw": stride, "dh": 1, "dw": 1, "padding": padding}
        (oh, _), (ow, _) = geometry(p)
        return self.same(operator, [source], (n, oh, ow, c), n * oh * ow * c * window * window, padding=padding,
                         strideH=stride, strideW=stride, filterHeight=window, filterWidth=window,
                         fusedActivationFunction="NONE")

    def reshape(self, source, *shape):
        return self.same("RESHAPE", [source, self.graph.constant(shape)], shape, 0, newShape=list(shape))

    def flat(self, source):
        return self.reshape(source, self.shape(source)[0], product(self.shape(source)[1:]))

    def pad(self, source, pads):
        out = tuple(n + a + b for n, (a, b) in zip(self.shape(source), pads))
        return self.same("PAD", [source, self.graph.constant(pads)], out)

    def mean(self, source, keep=False):
        n, h, w, c = self.shape(source)
        shape = (n, 1, 1, c) if keep else (n, c)
        return self.scaled("MEAN", [source], shape, lambda a: a.mean((1, 2), keepdims=keep), h * w,
                           [self.graph.constant([1, 2])], keepDims=keep)

    def scaled(self, operator, inputs, shape, real, cost=1, more=(), **options):
        """An operator with an output scale from the real values that `real` makes of the inputs' samples."""
        values = []
        for tensor in inputs:
            _, _, scale, point = self.graph.arrays[tensor]
            values.append((self.sample(tensor).astype(float) - point) * float(scale))
        result = real(*values)
        factor, point = fit(self.rng, result, self.dtype)
        output = self.graph.tensor(shape, self.dtype, 1 / factor, point)
        return self.graph.op(operator, [*inputs, *more], output, cost * product(shape), **options)

    def add(self, a, b, act="NONE"):
        shape = np.broadcast_shapes(self.shape(a), self.shape(b))
        return self.scaled("ADD", [a, b], shape, lambda x, y: x + y, fusedActivationFunction=act)

    def mul(self, a, b):
        shape = np.broadcast_shapes(self.shape(a), self.shape(b))
        return self.scaled("MUL", [a, b], shape, lambda x, y: x * y, fusedActivationFunction="NONE")

    def fixed_scale(self, operator, source, **options):
        """SOFTMAX and LOGISTIC: outputs in 1/256."""
        shape = self.shape(source)
        output = self.graph.tensor(shape, self.dtype, 1 / 256, RANGE[self.dtype][0])
        return self.graph.op(operator, [source], output, product(shape), **options)

    def softmax(self, source):
        return self.fixed_scale("SOFTMAX", source, beta=1.0)

    def requantize(self, source, dtype, scale=None, point=None):
        _, _, s_in, p_in = self.graph.arrays[source]
        output = self.graph.tensor(self.shape(source), dtype, s_in if scale is None else scale, point)
        return self.graph.op("QUANTIZE", [source], output, product(self.shape(source)))

    def concat(self, tensors, axis):
        out = list(self.shape(tensors[0]))
        out[axis] = sum(self.shape(t)[axis] for t in tensors)
        return self.same("CONCATENATION", tensors, tuple(out), axis=axis, fusedActivationFunction="NONE")

    def transpose(self, source, permutation):
        shape = tuple(self.shape(source)[n] for n in permutation)
        return self.same("TRANSPOSE", [source, self.graph.constant(permutation)], shape)

    def rows(self, source, begin, end):
        """Channels `begin` to `end` of the last axis, by STRIDED_SLICE."""
        rank = len(self.shape(source))
        vectors = [[0] * (rank - 1) + [begin], list(self.shape(source)[:-1]) + [end], [1] * rank]
        shape = self.shape(source)[:-1] + (end - begin,)
        return self.same("STRIDED_SLICE", [source, *map(self.graph.constant, vectors)], shape)


def classifier(net, rng):
    x = net.conv(net.input(1, 9, integer(rng, 7, 9), integer(rng, 1, 3)), cout=6, stride=pick(rng, [1, 2]))
    x = net.pool(pick(rng, ["MAX_POOL_2D", "AVERAGE_POOL_2D"]), x, 2, 2, pick(rng, ["SAME", "VALID"]))
    return [net.softmax(net.fc(net.flat(net.conv(x, cout=5)), 8))]


def residual(net, rng):
    x = net.conv(net.input(1, 7, 6, 2), cout=4)
    y = net.conv(net.conv(x), act="NONE")
    z = net.add(x, y, pick(rng, ["RELU", "NONE"]))
    w = net.conv(net.conv(z, cout=6, stride=2), cout=6, act="NONE")
    z = net.add(net.conv(z, cout=6, k=1, stride=2, act="NONE"), w, "RELU")
    return [net.fc(net.mean(z), 5)]


def long_skip(net, rng):
    """The first tensor lives to the last operator, so later ones must be placed around it."""
    first = net.conv(net.input(1, 6, 6, 3), cout=5)
    x = first
    for _ in range(integer(rng, 2, 4)):
        x = net.conv(x, cout=integer(rng, 3, 8), k=pick(rng, [1, 3]))
    return [net.add(first, net.conv(x, cout=5, act="NONE"))]


def inverted_residual(net, rng):
    x = net.conv(net.input(1, 8, 7, 2), cout=4, act="RELU6")
    y = net.conv(x, cout=8, k=1, act="RELU6")
    y = net.conv(net.depthwise(y, act="RELU6"), cout=4, k=1, act="NONE")
    x = net.add(x, y)
    y = net.pad(net.conv(x, cout=8, k=1, act="RELU6"), [[0, 0], [0, 1], [0, 1], [0, 0]])
    y = net.conv(net.depthwise(y, stride=2, padding="VALID", act="RELU6"), cout=6, k=1, act="NONE")
    return [net.fc(net.mean(y, keep=bool(integer(rng, 0, 1))), 4)]


def separable(net, rng):
    x = net.conv(net.input(1, 10, 8, 1), cout=6, k=4, stride=2)
    for _ in range(2):
        x = net.conv(net.depthwise(x), cout=6, k=1)
    x = net.pool("AVERAGE_POOL_2D", x, net.shape(x)[2], 2)
    return [net.softmax(net.fc(net.flat(x), 6))]


def inception(net, rng):
    x = net.input(1, 6, 6, 3)
    parts = [net.pool("MAX_POOL_2D", x, 3, 1, "SAME"), net.pool("AVERAGE_POOL_2D", x, 3, 1, "SAME"), x]
    y = net.concat(parts[:integer(rng, 2, 3)], axis=pick(rng, [3, -1]))
    return [net.conv(y, cout=4), net.mean(y)]


def in_place(net, rng):
    """A reshape whose source is read again afterwards."""
    x = net.conv(net.input(1, 5, 6, 2), cout=4)
    r = net.reshape(x, 1, 6, 5, 4)
    y = net.conv(r, cout=4, act="NONE")
    return [net.add(net.reshape(y, 1, 5, 6, 4), x), net.pool("MAX_POOL_2D", x, 2, 2)]


def reshapes_only(net, rng):
    x = net.input(2, 3, 4)
    return [net.reshape(net.reshape(net.reshape(x, 24), 4, 6), 1, 2, 12)]


def autoencoder(net, rng):
    x = net.input(1, 40)
    for width in (16, 16, 4, 16):
        x = net.fc(x, width, "RELU")
    return [net.fc(x, 40)]


def batched_perceptron(net, rng):
    x = net.input(4, 12)
    return [net.softmax(net.fc(net.fc(x, 10, "RELU6", n=4), 5, n=4))]


def two_inputs(net, rng):
    a, b = net.conv(net.input(1, 5, 5, 2), cout=3), net.conv(net.input(1, 5, 5, 1), cout=3)
    return [net.add(a, b), net.mul(a, b)]


def gate(net, rng):
    x = net.conv(net.input(1, 5, 6, 3), cout=6)
    g = net.fixed_scale("LOGISTIC", net.conv(net.mean(x, keep=True), k=1, cout=6, act="NONE"))
    return [net.conv(net.mul(x, g), k=1, cout=3, act="NONE")]


def middle_output(net, rng):
    """An output that later operators read as well."""
    x = net.conv(net.input(1, 6, 5, 2), cout=5)
    y = net.depthwise(x)
    return [y, net.fc(net.flat(y), 4), x]


def split_and_join(net, rng):
    x = net.conv(net.input(1, 4, 5, 2), cout=6)
    halves = [net.rows(x, 3, 6), net.rows(x, 0, 3)]
    y = net.concat(halves, axis=3)
    return [net.transpose(net.add(x, y), [0, 3, 1, 2])]


def uint8_edges(net, rng):
    """What a converter makes of uint8 inputs and outputs around an INT8 network."""
    x = net.input(1, 7, 7, 1, dtype="uint8")
    point = net.graph.arrays[x][3]
    x = net.requantize(x, "int8", point=point - 128)
    x = net.softmax(net.fc(net.flat(net.conv(x, cout=3, stride=2)), 5))
    return [net.requantize(x, "uint8", point=0)]


def float_output(net, rng):
    x = net.fc(net.input(1, 20), 9)
    output = net.graph.tensor(net.shape(x), "float32")
    return [net.graph.op("DEQUANTIZE", [x], output, 9)]


def wide_then_narrow(net, rng):
    """Tensors of very different sizes, to be packed into one arena."""
    x = net.conv(net.input(1, 4, 4, 1), cout=20, k=1)
    y = net.conv(x, cout=1, k=1)
    z = net.conv(y, cout=16, k=3)
    return [net.add(net.conv(z, cout=20, k=1), x)]


INT8_GRAPHS = [classifier, residual, long_skip, inverted_residual, separable, inception, in_place, reshapes_only,
               autoencoder, batched_perceptron, two_inputs, gate, middle_output, split_and_join, uint8_edges,
               float_output, wide_then_narrow]
UINT8_GRAPHS = [classifier, residual, separable]


def graph(rng, builder, dtype="int8"):
    net = Net(rng, dtype)
    outputs = builder(net, rng)
    net.graph.outputs = outputs
    return Made(net.graph, builder.__name__.replace("_", " "), records(rng, net.graph),
                {"several outputs": int(len(outputs) > 1)})
