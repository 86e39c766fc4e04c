"""Tensors and operators in, a .tflite file out."""

import copy

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

PADDING = {"SAME": schema.Padding.SAME, "VALID": schema.Padding.VALID}
ACTIVATION = {
    "NONE": schema.ActivationFunctionType.NONE,
    "RELU": schema.ActivationFunctionType.RELU,
    "RELU_N1_TO_1": schema.ActivationFunctionType.RELU_N1_TO_1,
    "RELU6": schema.ActivationFunctionType.RELU6,
}
TENSOR_TYPE = {
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int32": schema.TensorType.INT32,
    "float32": schema.TensorType.FLOAT32,
}
# operator: (options of the schema, version that 8-bit tensors need)
OPERATORS = {
    "ADD": ("AddOptions", 2),
    "AVERAGE_POOL_2D": ("Pool2DOptions", 2),
    "CONCATENATION": ("ConcatenationOptions", 2),
    "CONV_2D": ("Conv2DOptions", 3),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", 3),
    "DEQUANTIZE": ("DequantizeOptions", 2),
    "FULLY_CONNECTED": ("FullyConnectedOptions", 4),
    "LOGISTIC": (None, 2),
    "MAX_POOL_2D": ("Pool2DOptions", 2),
    "MEAN": ("ReducerOptions", 2),
    "MUL": ("MulOptions", 2),
    "PAD": ("PadOptions", 2),
    "QUANTIZE": ("QuantizeOptions", 1),
    "RELU": (None, 2),
    "RELU6": (None, 2),
    "RESHAPE": ("ReshapeOptions", 1),
    "SOFTMAX": ("SoftmaxOptions", 2),
    "STRIDED_SLICE": ("StridedSliceOptions", 2),
    "TRANSPOSE": ("TransposeOptions", 2),
}


class Graph:
    """One subgraph. `tensor` and `op` return tensor numbers; `macs` adds up what the operators cost."""

    def __init__(self):
        self.tensors, self.operators, self.inputs, self.outputs = [], [], [], []
        self.buffers = [schema.BufferT()]
        self.codes, self.macs, self.arrays = [], 0, []

    def tensor(self, shape, dtype, scale=None, zero_point=0, data=None, axis=0, name=None):
        tensor = schema.TensorT()
        tensor.name = name or f"t{len(self.tensors)}"
        tensor.shape = [int(n) for n in shape]
        tensor.type = TENSOR_TYPE[dtype]
        tensor.buffer = 0
        if scale is not None:
            quantization = schema.QuantizationParametersT()
            quantization.scale = np.atleast_1d(np.asarray(scale, np.float32))
            points = np.broadcast_to(np.asarray(zero_point, np.int64), quantization.scale.shape)
            quantization.zeroPoint = np.array(points)
            quantization.quantizedDimension = axis
            tensor.quantization = quantization
        if data is not None:
            array = np.ascontiguousarray(data, dtype)
            assert array.shape == tuple(tensor.shape), (array.shape, tensor.shape)
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(array.tobytes(), np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        self.arrays.append((tuple(tensor.shape), dtype, scale, zero_point))
        return len(self.tensors) - 1

    def input(self, shape, dtype, scale=None, zero_point=0):
        self.inputs.append(self.tensor(shape, dtype, scale, zero_point))
        return self.inputs[-1]

    def constant(self, values):
        values = np.asarray(values, np.int32)
        return self.tensor(values.shape, "int32", data=values)

    def op(self, operator, inputs, output, macs=0, **options):
        """`options` by the names of the schema; PADDING and ACTIVATION values by their names."""
        if operator not in self.codes:
            self.codes.append(operator)
        entry = schema.OperatorT()
        entry.opcodeIndex = self.codes.index(operator)
        entry.inputs, entry.outputs = list(inputs), [output]
        kind = OPERATORS[operator][0]
        if kind:
            entry.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            entry.builtinOptions = getattr(schema, kind + "T")()
            for name, value in options.items():
                if name in ("padding", "fusedActivationFunction"):
                    value = (PADDING if name == "padding" else ACTIVATION)[value]
                assert hasattr(entry.builtinOptions, name), (operator, name)
                setattr(entry.builtinOptions, name, value)
        self.operators.append(entry)
        self.macs += int(macs)
        return output

    def with_all_biases(self):
        """The same graph with biases of 0 where a CONV_2D has none: tflite-runtime demands them."""
        other = copy.deepcopy(self)
        for operator in other.operators:
            if other.codes[operator.opcodeIndex] == "CONV_2D" and len(operator.inputs) == 2:
                source, weights = (other.arrays[index] for index in operator.inputs)
                zeros = np.zeros(weights[0][0], np.int32)
                scale = np.float32(source[2]) * np.float32(weights[2])
                operator.inputs.append(other.tensor(zeros.shape, "int32", scale, 0, zeros))
        return other

    def file(self):
        model = schema.ModelT()
        model.version = 3
        model.description = ""
        model.buffers = self.buffers
        for name in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode = getattr(schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            code.version = OPERATORS[name][1]
            model.operatorCodes = (model.operatorCodes or []) + [code]
        subgraph = schema.SubGraphT()
        subgraph.name = "main"
        subgraph.tensors, subgraph.operators = self.tensors, self.operators
        subgraph.inputs, subgraph.outputs = self.inputs, self.outputs
        model.subgraphs = [subgraph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
