"""Corner cases made on purpose: pools, ADD, MUL, SOFTMAX, LOGISTIC, QUANTIZE, MEAN and the copying operators."""

import numpy as np

from common import RANGE


SAME_SHAPE = ((16, 16), (16, 16))


def all_pairs(_rng, graph):
    """256 values against a walk through the other input, and the four pairs of ends."""
    (a, dtype, _, _), (b, _, _, _) = (graph.arrays[index] for index in graph.inputs)
    low, high = RANGE[dtype]
    up = np.resize(np.arange(256) + low, a).astype(dtype)
    other = np.resize((np.arange(256) * 7 + 3) % 256 + low, b).astype(dtype)
    ends = [[np.resize([low, low, high, high], a).astype(dtype), np.resize([low, high, low, high], b).astype(dtype)]]
    return [[up, other], [other.reshape(a), up.reshape(b)]] + ends


def pair(**p):
    return dict(shapes=SAME_SHAPE, act="NONE", constant=False, mode="fit", records=all_pairs) | p


ADD = {
    "same_scales": ("one scale for all", pair(ratio=1.0, factor=1.0, s_out=0.5, zp1=0, zp2=0, zp_out=0)),
    "saturates": ("sums beyond both ends", pair(ratio=1.0, factor=1.0, s_out=0.1, zp1=-5, zp2=9, zp_out=0)),
    "halves": ("output scale is twice the input scale: every odd sum is a half",
               pair(ratio=1.0, factor=0.5, s_out=1.0, zp1=0, zp2=0, zp_out=0)),
    "quarters": ("scales 1/4 and 1/2 to 1", pair(ratio=2.0, factor=0.25, s_out=1.0, zp1=-128, zp2=127, zp_out=1)),
    "second_vanishes": ("second scale is 2^-18 of the first", pair(ratio=2.0 ** -18, factor=0.7, s_out=0.3, zp_out=2)),
    "first_vanishes": ("first scale is 2^-18 of the second", pair(ratio=2.0 ** 18, factor=0.7 * 2.0 ** -18, s_out=0.3, zp_out=2)),
    "output_scale_tiny": ("output multiplier 1/2, so that all but opposite values saturate",
                          pair(ratio=1.0, factor=2.0 ** 18, s_out=2.0 ** -20, zp1=0, zp2=-1, zp_out=0)),
    "output_multiplier_one": ("output multiplier 2, which tflite-micro does not take",
                              pair(ratio=1.0, factor=2.0 ** 20, s_out=2.0 ** -20, zp1=0, zp2=0, zp_out=0)),
    "zero_points_at_ends": ("zero points -128, 127 and -128", pair(zp1=-128, zp2=127, ratio=1.3, factor=0.6, zp_out=-128)),
    "relu_zero_point_high": ("RELU with output zero point 127", pair(act="RELU", zp_out=127)),
    "one_element_broadcast": ("one element against a tensor", dict(shapes=((3, 5, 4), (1,)), constant=False)),
    "both_broadcast": ("each input is broadcast along the other's axis", dict(shapes=((4, 1, 5), (1, 6, 1)), constant=False)),
}
MUL = {
    "largest_product": ("offsets 255 times 255", pair(zp1=127, zp2=127, factor=100 / 255 ** 2, zp_out=-128)),
    "left_shift": ("multiplier > 1", pair(zp1=0, zp2=0, factor=2.5, zp_out=0)),
    "halves": ("multiplier 1/2: halves of either sign", pair(zp1=0, zp2=0, factor=0.5 / 64, zp_out=0, s_out=1.0)),
    "tiny_multiplier": ("multiplier 2^-15", pair(zp1=-128, zp2=-128, factor=2.0 ** -15, zp_out=0)),
    "relu6": ("RELU6", pair(act="RELU6", s_out=6 / 100, zp_out=-100)),
    "both_broadcast": ("each input is broadcast along the other's axis", dict(shapes=((4, 1, 5), (1, 6, 1)), constant=False)),
}
AVERAGE_POOL_2D = {
    "edges_3x3_same": ("windows of 4, 6 and 9 elements", dict(h=6, w=6, c=3, fh=3, fw=3, sh=1, sw=1, padding="SAME", act="NONE")),
    "ties_2x1": ("halves of either sign", dict(n=1, h=8, w=8, c=3, fh=2, fw=1, sh=1, sw=1, padding="VALID", act="NONE")),
    "ties_2x2": ("quarters and halves", dict(n=1, h=7, w=7, c=3, fh=2, fw=2, sh=1, sw=1, padding="VALID", act="NONE")),
    "global_7x5": ("one window over all", dict(n=2, h=7, w=5, c=6, fh=7, fw=5, sh=1, sw=1, padding="VALID", act="NONE")),
    "window_beyond_image": ("window larger than the image", dict(h=3, w=2, c=5, fh=6, fw=5, sh=2, sw=1, padding="SAME", act="NONE")),
    "stride_beyond_window": ("stride larger than the window", dict(h=9, w=9, c=2, fh=2, fw=2, sh=4, sw=3, padding="SAME", act="NONE")),
    "zero_point_low": ("zero point -128: padding is not counted", dict(h=5, w=5, c=3, fh=4, fw=4, sh=1, sw=1, padding="SAME", act="NONE", zp=-128)),
    "even_window_same": ("even window, odd padding", dict(h=5, w=7, c=3, fh=2, fw=4, sh=2, sw=2, padding="SAME", act="RELU6")),
}
MAX_POOL_2D = {
    "edges_3x3_same": ("padding is not a value, even when all are -128", dict(h=6, w=6, c=3, fh=3, fw=3, sh=1, sw=1, padding="SAME", act="NONE", zp=127)),
    "window_beyond_image": ("window larger than the image", dict(h=3, w=2, c=5, fh=6, fw=5, sh=2, sw=1, padding="SAME", act="NONE")),
    "stride_beyond_window": ("stride larger than the window", dict(h=9, w=9, c=2, fh=2, fw=2, sh=4, sw=3, padding="SAME", act="NONE")),
    "relu_n1": ("RELU_N1_TO_1", dict(h=6, w=5, c=3, fh=2, fw=2, sh=1, sw=1, padding="VALID", act="RELU_N1_TO_1", zp=0)),
}
SOFTMAX = {
    "below_diff_min": ("steep: most differences lie below diff_min", dict(shape=(3, 17), scale=0.9, beta=2.0)),
    "around_diff_min": ("differences on both sides of diff_min", dict(shape=(2, 2, 24), scale=0.25, beta=1.0)),
    "steeper_than_limit": ("beta * scale * 2^26 beyond 2^31 - 1", dict(shape=(2, 9), scale=20.0, beta=4.0)),
    "flat": ("scale so small that all answers are nearly equal", dict(shape=(2, 6), scale=0.0005, beta=0.3)),
    "one_element_rows": ("rows of one element", dict(shape=(5, 1), scale=0.1, beta=1.0)),
    "two_element_rows": ("rows of two elements", dict(shape=(64, 2), scale=0.05, beta=1.0)),
    "long_row": ("200 elements: small answers", dict(shape=(1, 200), scale=0.03, beta=1.0)),
    "long_equal_row": ("256 and more equal elements: answers round to nothing", dict(shape=(300,), scale=0.001, beta=1.0)),
    "rank_1": ("rank 1", dict(shape=(11,), scale=0.08, beta=1.0)),
    "rank_4": ("rank 4", dict(shape=(2, 2, 3, 5), scale=0.08, beta=1.0)),
    "beta_half": ("beta 1/2", dict(shape=(4, 10), scale=0.1, beta=0.5)),
    "beta_large": ("beta 10", dict(shape=(4, 10), scale=0.01, beta=10.0)),
    "scale_power_of_two": ("scale 1/16, where the multiplier is a power of two", dict(shape=(4, 16), scale=1 / 16, beta=1.0)),
}
LOGISTIC = {
    "steep": ("all but the middle saturates", dict(shape=(256,), s_in=2.0, zp_in=0)),
    "usual": ("all 256 values, scale 8/128", dict(shape=(256,), s_in=8 / 128, zp_in=0)),
    "flat": ("all 256 values, nearly one answer", dict(shape=(256,), s_in=0.002, zp_in=0)),
    "zero_point_low": ("zero point -128", dict(shape=(256,), s_in=0.03, zp_in=-128)),
    "zero_point_high": ("zero point 127", dict(shape=(256,), s_in=0.03, zp_in=127)),
}
RELU = {
    "halves": ("all 256 values, multiplier 1/2", dict(shape=(256,), s_in=0.25, s_out=0.5, zp_in=-4, zp_out=-100)),
    "left_shift": ("all 256 values, multiplier 3", dict(shape=(256,), s_in=0.3, s_out=0.1, zp_in=5, zp_out=-128)),
    "zero_point_high": ("output zero point 127: one value left", dict(shape=(64,), s_in=0.3, s_out=0.1, zp_in=5, zp_out=127)),
}
RELU6 = {
    "usual": ("all 256 values", dict(shape=(256,), s_in=6 / 200, s_out=6 / 200, zp_in=-90, zp_out=-90)),
    "limit_beyond": ("6 lies beyond 127", dict(shape=(256,), s_in=0.02, s_out=0.02, zp_in=0, zp_out=0)),
}
QUANTIZE = {
    "int8_int8_halves": ("int8", "int8", "multiplier 1/2", dict(shape=(256,), s_in=0.5, s_out=1.0, zp_in=0, zp_out=0)),
    "int8_int8_left_shift": ("int8", "int8", "multiplier 3", dict(shape=(256,), s_in=0.3, s_out=0.1, zp_in=-7, zp_out=4)),
    "int8_int8_same": ("int8", "int8", "same scale and zero point", dict(shape=(256,), s_in=0.3, s_out=0.3, zp_in=-7, zp_out=-7)),
    "int8_int8_same_scale": ("int8", "int8", "same scale, other zero point", dict(shape=(256,), s_in=0.3, s_out=0.3, zp_in=-7, zp_out=11)),
    "int8_uint8_flip": ("int8", "uint8", "same scale, zero points 128 apart", dict(shape=(256,), s_in=0.3, s_out=0.3, zp_in=-7, zp_out=121)),
    "uint8_int8_flip": ("uint8", "int8", "same scale, zero points 128 apart", dict(shape=(256,), s_in=0.3, s_out=0.3, zp_in=121, zp_out=-7)),
    "int8_uint8_same_scale": ("int8", "uint8", "same scale, zero points not 128 apart", dict(shape=(256,), s_in=0.3, s_out=0.3, zp_in=-7, zp_out=140)),
    "uint8_int8_same_scale": ("uint8", "int8", "same scale, zero points not 128 apart", dict(shape=(256,), s_in=0.3, s_out=0.3, zp_in=100, zp_out=-7)),
    "float32_int8_halves": ("float32", "int8", "halves, scale 1/4", dict(shape=(64,), s_out=0.25, zp_out=3)),
    "float32_int8_small_scale": ("float32", "int8", "scale not a power of two", dict(shape=(64,), s_out=0.0123, zp_out=-128)),
    "float32_uint8": ("float32", "uint8", "", dict(shape=(64,))),
}
MEAN = {
    **{f"n_{h * w}": (f"{h * w} elements", dict(shape=(1, h, w, 8), axes=[1, 2], same=False))
       for h, w in ((1, 1), (1, 3), (5, 1), (3, 2), (7, 1), (3, 3), (5, 5), (7, 7), (4, 4))},
    "same_scale_truncates": ("same scale and zero point", dict(shape=(1, 3, 3, 8), axes=[1, 2], same=True, keep=False)),
    "same_scale_keep": ("same scale and zero point, keep_dims", dict(shape=(1, 3, 3, 8), axes=[1, 2], same=True, keep=True)),
    "negative_axes": ("axes -3 and -2", dict(shape=(2, 3, 5, 4), axes=[-3, -2], same=False)),
    "axes_backward": ("axes 2, 1", dict(shape=(1, 3, 5, 4), axes=[2, 1], same=False, keep=True)),
    "last_axis": ("axis 3", dict(shape=(2, 3, 4, 5), axes=[3], same=False)),
    "first_axis": ("axis 0", dict(shape=(3, 2, 4, 3), axes=[0], same=False)),
    "axes_1_and_3": ("axes that do not touch", dict(shape=(2, 3, 4, 5), axes=[1, 3], same=False)),
    "all_axes": ("one number left", dict(shape=(2, 3, 4, 2), axes=[0, 1, 2, 3], same=False, keep=True)),
    "axis_twice": ("an axis named twice", dict(shape=(2, 9, 4), axes=[1, -2], same=False, keep=True)),
    "left_shift": ("multiplier > n", dict(shape=(1, 3, 1, 30), axes=[1, 2], same=False, factor=9.0)),
    "halves": ("two elements, same scale, rounding of halves", dict(shape=(1, 2, 1, 40), axes=[1, 2], factor=1.0, zp=0, zp_out=0, scale=0.5, same=False, keep=True)),
    "tiny_ratio": ("multiplier 2^-9", dict(shape=(1, 3, 3, 8), axes=[1, 2], same=False, factor=2.0 ** -6, zp=-128)),
    "shift_limited": ("so small a ratio that the exponent limits the shift", dict(shape=(1, 7, 7, 4), axes=[1, 2], same=False, factor=2.0 ** -28)),
}
PAD = {
    "nothing": ("no padding", dict(shape=(2, 3, 4), pads=[[0, 0]] * 3)),
    "zero_point_low": ("filled with -128", dict(shape=(1, 3, 3, 2), pads=[[0, 0], [1, 1], [1, 1], [0, 0]], zp=-128)),
    "zero_point_high": ("filled with 127", dict(shape=(1, 3, 3, 2), pads=[[0, 0], [0, 1], [0, 1], [0, 0]], zp=127)),
    "all_axes": ("all four axes, unequal", dict(shape=(1, 2, 3, 2), pads=[[1, 0], [2, 1], [0, 3], [1, 2]])),
    "rank_1": ("rank 1", dict(shape=(9,), pads=[[3, 2]])),
    "rank_5": ("rank 5", dict(shape=(2, 2, 2, 2, 3), pads=[[0, 1], [1, 0], [0, 1], [1, 0], [0, 1]])),
}
RESHAPE = {
    "guess": ("one dimension is -1", dict(shape=(2, 3, 4), out=(6, 4), guess=True)),
    "options_only": ("new shape in the options alone", dict(shape=(2, 3, 4), out=(4, 6), guess=False, options_only=True)),
    "flatten": ("to rank 1", dict(shape=(2, 3, 4), out=(24,))),
    "rank_6": ("to rank 6", dict(shape=(24,), out=(1, 2, 1, 3, 2, 2), guess=False)),
}
TRANSPOSE = {
    "identity": ("nothing moves", dict(shape=(3, 4, 5), permutation=[0, 1, 2])),
    "nhwc_to_nchw": ("NHWC to NCHW", dict(shape=(2, 4, 5, 3), permutation=[0, 3, 1, 2])),
    "nchw_to_nhwc": ("NCHW to NHWC", dict(shape=(2, 3, 4, 5), permutation=[0, 2, 3, 1])),
    "reversed_5": ("rank 5, reversed", dict(shape=(2, 3, 4, 2, 3), permutation=[4, 3, 2, 1, 0])),
    "matrix": ("rank 2", dict(shape=(9, 14), permutation=[1, 0])),
    "ones": ("axes of one element", dict(shape=(1, 5, 1, 7), permutation=[2, 3, 0, 1])),
    "rank_6": ("rank 6", dict(shape=(2, 1, 3, 2, 2, 2), permutation=[5, 0, 3, 1, 4, 2])),
}
CONCATENATION = {
    "last_axis": ("axis -1, four inputs", dict(rank=4, axis=-1, count=4)),
    "first_axis": ("axis 0", dict(rank=3, axis=0, count=3)),
    "rank_1": ("rank 1", dict(rank=1, axis=0, count=2)),
    "constant": ("second input is a constant", dict(rank=3, axis=2, count=2, constant=1)),
}
# begin, end, stride, begin mask, end mask, shrink for each axis
STRIDED_SLICE = {
    "all": ("everything by masks", dict(shape=(3, 4, 5), cuts=[(2, 1, 1, 1, 1, 0)] * 3)),
    "shrink_negative": ("shrink by a negative index", dict(shape=(3, 4, 5), cuts=[(-1, 0, 1, 0, 0, 1), (0, 4, 1, 0, 0, 0), (1, 5, 2, 0, 0, 0)])),
    "shrink_all": ("shrink to a scalar", dict(shape=(3, 4), cuts=[(-1, 0, 1, 0, 0, 1), (2, 3, 1, 0, 0, 1)])),
    "reversed": ("negative strides over everything", dict(shape=(4, 6), cuts=[(0, 0, -1, 1, 1, 0), (0, 0, -2, 1, 1, 0)])),
    "beyond": ("begin and end beyond the tensor", dict(shape=(5, 4), cuts=[(-20, 20, 1, 0, 0, 0), (-3, 100, 2, 0, 0, 0)])),
    "negative_end": ("negative begin and end", dict(shape=(1, 6, 7, 2), cuts=[(0, 1, 1, 0, 0, 0), (-5, -1, 1, 0, 0, 0), (1, -2, 2, 0, 0, 0), (0, 2, 1, 0, 0, 0)])),
    "rank_5": ("rank 5", dict(shape=(2, 3, 2, 3, 2), cuts=[(0, 2, 1, 0, 0, 0)] * 5)),
}
