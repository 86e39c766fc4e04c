"""Corner cases made on purpose, each by name: rounding, shifts and limits of convolutions and FULLY_CONNECTED."""

import math

import numpy as np

import cases_conv
import cases_fc
from common import RANGE

F = np.float32
INT_MIN, INT_MAX = -2 ** 31, 2 ** 31 - 1
PLAIN = dict(n=1, kh=1, kw=1, sh=1, sw=1, dh=1, dw=1, padding="VALID", act="NONE", mode="fit", min_macs=1,
             max_macs=10 ** 5, max_tensor=10 ** 4, weights="uniform")
POWERS = [2.0 ** -n for n in range(1, 9)]


def every_value(_rng, graph):
    """All 256 input values, up and down."""
    shape, dtype, _, _ = graph.arrays[graph.inputs[0]]
    low, _ = RANGE[dtype]
    up = np.resize(np.arange(256) + low, shape).astype(dtype)
    return [[up], [up[:, ::-1].copy()]]


def one_channel(factors, **more):
    """1x1 convolution of ones over all 256 values: the accumulator is x - zp_in + bias, times each of `factors`."""
    p = PLAIN | dict(h=16, w=16, cin=1, cout=len(factors), per_channel=True, bias=False, s_in=1.0, s_out=1.0,
                     s_w=np.array(factors, F), zp_in=0, zp_out=0, filter=np.ones(len(factors)), records=every_value)
    return p | more


def bias_only(values, factors, **more):
    """Zero weights: the accumulator is the bias."""
    p = PLAIN | dict(h=1, w=2, cin=1, cout=len(values), per_channel=True, bias=True, s_in=1.0, s_out=1.0,
                     s_w=np.array(factors, F), zp_in=0, zp_out=0, filter=np.zeros(len(values)),
                     bias_values=np.array(values, np.int64))
    return p | more


def quantized(real):
    fraction, exponent = math.frexp(real)
    return math.floor(fraction * 2 ** 31 + 0.5), exponent


def product_scales(rng):
    """(s_in, s_w, s_out, biases) for which a float32 and a double product s_in * s_w answer differently.

    The biases lie between the accumulators at which the two multipliers step from one output to the next.
    """
    while True:
        s_in, s_w = F(rng.uniform(0.01, 1)), F(rng.uniform(1e-4, 1e-3))
        s_out = F(float(s_in) * float(s_w) * 2 ** 30 / 110)
        double = float(s_in) * float(s_w) / float(s_out)
        single = float(s_in * s_w) / float(s_out)
        if abs(double / single - 1) < 2e-8:
            continue
        steps = [k + 0.5 for k in range(40, 104, 8)] + [-k - 0.5 for k in range(40, 104, 8)]
        return s_in, s_w, s_out, [round((k / double + k / single) / 2) for k in steps]


def product_case(rng, maker, dtype="int8", special="", **more):
    s_in, s_w, s_out, biases = product_scales(rng)
    middle = 128 if dtype == "uint8" else 0
    p = dict(cout=len(biases), bias=True, mode="fit", act="NONE", s_in=s_in, s_out=s_out, zp_in=middle, zp_out=middle,
             s_w=np.full(len(biases), s_w), zp_w=middle, bias_values=np.array(biases, np.int64),
             filter=np.full(len(biases), middle))
    if maker is cases_fc.fully_connected:
        p |= dict(n=1, depth=1, rank=2, keep=False)
    else:
        p = PLAIN | p | dict(h=1, w=1, cin=1, mult=len(biases))
    return maker(rng, dtype=dtype, special=special, **(p | more))


def same(h, w, k, s, d=1, depthwise=False, **more):
    """A SAME geometry with several channels."""
    kh, kw = k if isinstance(k, tuple) else (k, k)
    sh, sw = s if isinstance(s, tuple) else (s, s)
    dh, dw = d if isinstance(d, tuple) else (d, d)
    return PLAIN | dict(h=h, w=w, kh=kh, kw=kw, sh=sh, sw=sw, dh=dh, dw=dw, cin=3, cout=4, mult=2, bias=True,
                        per_channel=True, padding="SAME", depthwise=depthwise) | more


CONV = {
    "left_shift_channels": ("shift > 0 in half of the channels",
                            one_channel([1.0, 1.5, 3.0, 7.9, 0.99, 0.5, 0.26, 0.1], zp_out=3)),
    "left_shift_large": ("multipliers 8 to 200, small accumulators", one_channel([8.0, 31.0, 127.0, 200.5], zp_in=-5)),
    "ties_power_of_two": ("multiplier 2^-n: halves of either sign, threshold of rdp", one_channel(POWERS)),
    "ties_negative_input_offset": ("the same halves, zero points -128 and 127", one_channel(POWERS, zp_in=127, zp_out=127)),
    "ties_in_high_product": ("multiplier 3/4, 5/8, 7/8 times 2^-n: halves already in srdhm",
                             one_channel([0.75, 0.375, 0.1875, 0.625, 0.3125, 0.875, 0.4375, 0.09375])),
    "double_rounding": ("multipliers just beside 2^-n: rounding twice differs from rounding once",
                        one_channel([2.0 ** -n * (1 + e * 2.0 ** -22) for n in (1, 3, 5) for e in (-3, -1, 1, 3)])),
    "accumulator_limits": ("accumulators INT_MIN, INT_MAX and neighbours",
                           bias_only([INT_MIN, INT_MIN + 1, INT_MAX, INT_MAX - 1, INT_MIN, INT_MAX, INT_MIN, INT_MAX],
                                     [2.0 ** -25] * 4 + [1.9 * 2.0 ** -26] * 2 + [2.0 ** -31] * 2)),
    "multiplier_underflow": ("multipliers 2^-31, 2^-32, 2^-33 and less: exponents -30 to below -31, where it becomes 0",
                             bias_only([INT_MIN, INT_MAX, 2 ** 30, -2 ** 30, INT_MIN, INT_MAX, INT_MIN, INT_MAX],
                                       [2.0 ** -31] * 2 + [2.0 ** -30] * 2 + [2.0 ** -32] * 2 + [1.5 * 2.0 ** -33] * 2)),
    "multiplier_one": ("multiplier exactly 1 and 2: mantissa 2^30, shift 1 and 2", one_channel([1.0, 2.0], zp_out=-3)),
    "mantissa_rounds_up": ("fraction that rounds to 2^31: mantissa is halved, exponent grows",
                           one_channel([1.0], s_in=F(1 + 2 ** -23), s_w=np.array([1 - 2 ** -23], F))),
    "shift_wraps": ("left shift moves the accumulator out of 32 bits: it wraps, modulo 2^32",
                    bias_only([2 ** 29 + 5, -2 ** 29 - 7, 2 ** 30 + 9, 2 ** 30], [4.0, 4.0, 2.0, 6.0])),
    "weight_minus_128": ("weights -128 against input offset +128", PLAIN | dict(
        h=3, w=3, cin=4, cout=3, kh=3, kw=3, per_channel=False, bias=False, zp_in=127, filter=np.full(108, -128))),
    "relu_zero_point_low": ("RELU, output zero point -128", same(5, 5, 3, 1, act="RELU", zp_out=-128)),
    "relu_zero_point_high": ("RELU, output zero point 127: one value left", same(5, 5, 3, 1, act="RELU", zp_out=127)),
    "relu6_limit_beyond": ("RELU6, 6 lies beyond 127", same(5, 5, 3, 1, act="RELU6", zp_out=-20, s_out=0.01)),
    "relu6_limit_half": ("RELU6, 6 / scale ends in a half", same(5, 5, 3, 1, act="RELU6", zp_out=-128, s_out=6 / 80.5)),
    "relu_n1_limit_half": ("RELU_N1_TO_1, 1 / scale ends in a half", same(5, 5, 3, 1, act="RELU_N1_TO_1", zp_out=5, s_out=0.08)),
    "groups_2": ("filter depth is half of the input depth: two groups",
                 PLAIN | dict(h=4, w=4, cin=4, cout=6, kh=2, kw=2, groups=2, per_channel=True, bias=True)),
    "batch_4": ("batch of 4", same(3, 4, 3, 2, n=4)),
    "dilated_valid_exact": ("dilation 3: the kernel covers the image exactly", same(7, 7, 3, 1, 3, padding="VALID")),
}
SAME_GEOMETRIES = {
    "same_odd_padding": ("one element of padding in all, after the image", same(6, 6, 3, 2)),
    "same_even_kernel": ("even kernel: more padding behind than before", same(5, 7, (2, 4), 1)),
    "same_kernel_beyond_image": ("kernel larger than the image", same(2, 3, 5, 1)),
    "same_stride_beyond_kernel": ("stride larger than the kernel", same(8, 7, 1, 3)),
    "same_strides_differ": ("strides 3 and 1, kernel 4x3", same(8, 5, (4, 3), (3, 1))),
    "same_dilated": ("dilation 2 and 3 with padding", same(7, 9, 3, 1, (2, 3))),
    "same_dilated_beyond_image": ("dilated kernel larger than the image", same(4, 4, 3, 1, 3)),
    "same_one_row": ("one row", same(1, 9, (3, 3), (1, 2))),
    "same_padding_zero_point_low": ("input zero point -128: padding contributes nothing", same(4, 4, 3, 1, zp_in=-128)),
    "same_padding_zero_point_high": ("input zero point 127: padding contributes nothing", same(4, 4, 3, 1, zp_in=127)),
}
DEPTHWISE = {
    "multiplier_4": ("depth multiplier 4 of 3 channels, per-channel", same(5, 5, 3, 1, mult=4)),
    "multiplier_8_one_channel": ("depth multiplier 8 of one channel", same(5, 5, 3, 2, mult=8, cin=1)),
    "multiplier_2_dilated": ("depth multiplier 2, dilation 2, odd padding", same(6, 6, 2, 1, 2)),
    "multiplier_3_per_tensor": ("depth multiplier 3, one scale", same(4, 5, 3, 1, mult=3, per_channel=False)),
    "left_shift_channels": ("shift > 0 in half of the channels", one_channel(
        [1.0, 1.5, 3.0, 7.9, 0.99, 0.5, 0.26, 0.1], mult=8)),
    "ties_power_of_two": ("multiplier 2^-n: halves of either sign", one_channel(POWERS, mult=8)),
    "accumulator_limits": ("accumulators INT_MIN and INT_MAX", bias_only(
        [INT_MIN, INT_MAX, INT_MIN, INT_MAX], [2.0 ** -25] * 2 + [2.0 ** -31] * 2, mult=4)),
}
FULLY_CONNECTED = {
    "rank_1_input": ("input of rank 1", dict(rank=1, n=1, depth=20)),
    "rank_3_input": ("input of rank 3", dict(rank=3, n=2, depth=24)),
    "rank_4_input": ("input of rank 4", dict(rank=4, n=2, depth=24)),
    "keep_dims_rank_3": ("keep_num_dims", dict(rank=3, n=3, depth=10, keep=True)),
    "keep_dims_rank_4": ("keep_num_dims", dict(rank=4, n=3, depth=10, keep=True)),
    "batch_8": ("batch of 8", dict(n=8, depth=9, mode="fit")),
    "per_channel": ("per-channel weights", dict(per_channel=True, cout=12, depth=30, mode="fit")),
    "per_channel_left_shift": ("per-channel weights, some multipliers > 1", dict(
        per_channel=True, cout=8, depth=1, mode="left", ratio=[4, 2, 1, .5, .3, .2, .1, .05])),
    "per_channel_tiny": ("per-channel weights, tiny multipliers", dict(per_channel=True, cout=8, depth=5, mode="tiny")),
    "one_output": ("a single output, four rows", dict(cout=1, n=4, depth=33, mode="fit", act="NONE")),
    "one_input": ("depth 1", dict(cout=16, n=2, depth=1, mode="fit")),
    "weight_minus_128": ("weights -128 against input offset +128", dict(
        cout=2, depth=40, n=2, zp_in=127, filter=np.full(80, -128), mode="fit", act="NONE")),
    "ties": ("multiplier 1/8: halves of either sign", dict(
        n=16, depth=1, cout=1, mode="fit", act="NONE", bias=False, per_channel=False, s_in=1.0, s_out=1.0, zp_in=0,
        zp_out=0, s_w=np.array([0.125], F), filter=np.ones(1))),
    "accumulator_limits": ("accumulators INT_MIN, INT_MAX and neighbours", dict(
        n=1, depth=1, cout=6, mode="fit", act="NONE", per_channel=False, s_in=1.0, s_out=1.0, zp_in=0, zp_out=0,
        s_w=np.full(6, 2.0 ** -25, F), filter=np.zeros(6), bias_values=np.array(
            [INT_MIN, INT_MIN + 1, INT_MAX, INT_MAX - 1, 2 ** 24, -2 ** 24]))),
}
PRODUCT = "biases between which s_in * s_w in float32 and in double answer differently"
