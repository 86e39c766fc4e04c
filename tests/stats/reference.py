"""Writes reference.json: what SciPy, statsmodels and NumPy give for tests/stats.rs.

Made with Python 3.11, SciPy 1.17.1, statsmodels 0.15.0, NumPy 2.4.6:
    pip install scipy==1.17.1 statsmodels==0.15.0 numpy==2.4.6
    python tests/stats/reference.py > tests/stats/reference.json
Nothing here is computed by Stuckat's formulas where a library or a sum over all samples can give it.
"""

import itertools
import json
import math

import numpy as np
from scipy.stats import binomtest, hypergeom, norm, t as student
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

out = {}
out["normal"] = [[c, norm.isf((1 - c) / 2)] for c in (0.01, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1 - 1e-9)]
out["student"] = [
    [c, f, student.ppf((1 + c) / 2, f)]
    for c in (0.5, 0.95, 0.99, 0.999)
    for f in (1, 2, 3, 4, 7, 20, 63, 199, 200, 1173, 1999)
]

# [k, n, marked, population, pmf, P(X <= k), P(X >= k)]
points = [
    (0, 1174, 3, 3216), (2, 1174, 3, 3216), (7, 1174, 10, 3216), (12, 1174, 32, 3216), (130, 1174, 322, 3216),
    (5, 20, 40, 90), (20, 20, 40, 90), (300, 901, 450, 1300), (3, 10_000, 1_000, 10_000_000),
    (2_500_100, 5_000_000, 5_000_000, 10_000_000), (61, 600, 1_000_000, 9_999_999),
]
out["hypergeometric"] = [
    [*p, hypergeom.pmf(p[0], p[3], p[2], p[1]), hypergeom.cdf(p[0], p[3], p[2], p[1]),
     hypergeom.sf(p[0] - 1, p[3], p[2], p[1])]
    for p in points
]


def exact(k, n, population, confidence):
    """Smallest and largest number of marked members whose tail at k is above half of 1 - confidence: all are tried."""
    marked = np.arange(k, population - (n - k) + 1)
    tail = (1 - confidence) / 2
    at_least = marked[hypergeom.sf(k - 1, population, marked, n) > tail]
    at_most = marked[hypergeom.cdf(k, population, marked, n) > tail]
    return [int(at_least.min()), int(at_most.max())]


out["exact"] = [
    [k, n, population, c, *exact(k, n, population, c)]
    for n, population in ((1174, 3216), (20, 400), (380, 400), (7, 50), (2000, 10_000))
    for k in sorted({0, 1, 3, 5, n // 3, n - 1, n})
    if k <= n
    for c in (0.95, 0.99)
]
# With the effective sample size as the number of draws.
out["wilson"] = [
    [k, n, population, *proportion_confint(k / n * m, m, 0.01, "wilson")]
    for k, n, population in ((20, 1174, 3216), (587, 1174, 3216), (0, 50, 5000), (100, 900, 1000))
    for m in (n * (population - 1) / (population - n),)
]
# Mid-p by Fagerland's formula from SciPy's probabilities; the exact p-value is statsmodels'.
def pair(b, c):
    test = mcnemar([[10, b], [c, 10]], exact=True).pvalue
    assert math.isclose(test, binomtest(b, b + c, 0.5).pvalue, rel_tol=1e-9)
    at = math.comb(b + c, b) / 2 ** (b + c)
    return [b, c, test, test - at if b != c else 1 - at / 2]


out["mcnemar"] = [pair(*p) for p in ((1, 7), (0, 5), (12, 12), (37, 80), (500, 620), (3, 1200), (4000, 4100))]

# A two-way mean: the variance over all samples of rows and columns of a fixed matrix, by listing them.
random = np.random.default_rng(6)
matrix = (random.random((7, 6)) < np.linspace(0.1, 0.9, 7)[:, None]).astype(int)
n, m = 4, 3
means = [matrix[np.ix_(r, c)].mean() for r in itertools.combinations(range(7), n) for c in itertools.combinations(range(6), m)]
out["two_way"] = {"matrix": matrix.tolist(), "faults": n, "images": m, "mean": float(matrix.mean()),
                  "variance": float(np.var(means))}

# A stratified mean: mean and variance over all samples of fixed strata, by listing them.
strata = [[0.1, 0.9, 0.4, 0.4, 1.0], [0.0, 0.2, 0.3], [0.7, 0.8, 0.1, 0.6]]
drawn = [2, 3, 2]
total = sum(map(len, strata))
samples = itertools.product(*(itertools.combinations(s, d) for s, d in zip(strata, drawn)))
means = [sum(len(s) / total * np.mean(x) for s, x in zip(strata, sample)) for sample in samples]
out["stratified"] = {"strata": strata, "drawn": drawn, "mean": float(np.mean(means)), "variance": float(np.var(means))}

# A weighted mean, and its linearised variance: with weights w it is that of n draws of w (x - mean).
values, weights = random.random(40), random.integers(1, 9, 40).astype(float)
mean = DescrStatsW(values, weights).mean
influence = weights * (values - mean) / weights.mean()
out["weighted"] = {"pairs": np.column_stack([values, weights]).tolist(), "population": 100, "mean": mean,
                   "variance": (1 - 40 / 100) * DescrStatsW(influence, ddof=1).var / 40}

print(json.dumps(out, indent=None, separators=(",", ":")).replace('],"', '],\n"'))
