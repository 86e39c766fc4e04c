#!/usr/bin/env python3
"""Test vectors for fixed_point.h, one a line on standard output, e.g. "mbqm X MULTIPLIER SHIFT EXPECTED".

The rules are stated here over again, with exact fractions instead of nudges and masks:
  srdhm  a * b / 2^31 to the nearest integer, ties towards plus infinity, saturated to 32 bits
  rdp    x / 2^n to the nearest integer, ties away from zero
  mbqm   rdp(srdhm(x * 2^max(shift, 0) modulo 2^32, multiplier), max(-shift, 0))
"""

import math
import random
from fractions import Fraction

LOW, HIGH = -(2**31), 2**31 - 1
HALF = Fraction(1, 2)


def srdhm(a, b):
    return min(HIGH, max(LOW, math.floor(Fraction(a * b, 2**31) + HALF)))


def rdp(x, n):
    exact = Fraction(x, 2**n)
    return math.floor(exact + HALF) if exact >= 0 else math.ceil(exact - HALF)


def wrap(x):
    return (x - LOW) % 2**32 + LOW


def mbqm(x, multiplier, shift):
    return rdp(srdhm(wrap(x << max(shift, 0)), multiplier), max(-shift, 0))


def main():
    rng = random.Random(1)
    edges = [LOW, LOW + 1, -(2**30) - 1, -(2**30), -(2**30) + 1, -3, -2, -1, 0, 1, 2, 3,
             2**30 - 1, 2**30, 2**30 + 1, HIGH - 1, HIGH]
    numbers = edges + [rng.randint(LOW, HIGH) for _ in range(40)]
    pairs = [(a, b) for a in numbers for b in numbers]
    # Products that are an odd multiple of 2^30 are the ties of srdhm; both signs.
    pairs += [(sign * odd << 15, 1 << 15) for odd in (1, 3, 5, 32767) for sign in (1, -1)]
    for a, b in pairs:
        print("srdhm", a, b, 0, srdhm(a, b))

    for n in range(32):
        tie = 1 << n >> 1
        near = [sign * (k * 2**n + tie) + step for k in (0, 1, 2, 5) for sign in (1, -1) for step in (-1, 0, 1)]
        for x in edges + [x for x in near if LOW <= x <= HIGH] + [rng.randint(LOW, HIGH) for _ in range(10)]:
            print("rdp", x, n, 0, rdp(x, n))

    multipliers = [2**30, 2**30 + 1, 1794364156, HIGH] + [rng.randint(2**30, HIGH) for _ in range(6)]
    for multiplier in multipliers:
        for shift in range(-31, 32):
            # Ties of the second rounding, on both sides of zero, and whatever a left shift throws away.
            ties = [sign * 2 * k << -shift for k in (1, 3) for sign in (1, -1)] if -29 < shift < 0 else []
            for x in edges + ties + [rng.randint(-(2**20), 2**20) for _ in range(8)]:
                print("mbqm", wrap(x), multiplier, shift, mbqm(wrap(x), multiplier, shift))


if __name__ == "__main__":
    main()
