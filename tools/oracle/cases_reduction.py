"""Reductions over no, one and several axes, norms, running sums: ops/reduction.hpp and ops/cumulative.hpp."""
import numpy
import torch

from cases_elementwise import T, inf, nan

SMALLEST = 5e-324


def several(f):
    """A function of one dimension, over several or (None) all of them."""

    def reduce(x, dims, keepdim):
        for d in sorted((d % x.dim() for d in (range(x.dim()) if dims is None else dims)), reverse=True):
            x = f(x, d, keepdim)
        return x

    return reduce


def with_all(f):
    return lambda x, dims, keepdim: f(x, tuple(range(x.dim())) if dims is None else dims, keepdim)


def deviation(f, unbiased):
    return with_all(lambda x, dims, keepdim: f(x, dims, unbiased=unbiased, keepdim=keepdim))


REDUCTIONS = {
    "sum": with_all(torch.sum),
    "mean": with_all(torch.mean),
    "max": with_all(torch.amax),
    "min": with_all(torch.amin),
    "prod": several(torch.prod),
    "var": deviation(torch.var, False),
    "std": deviation(torch.std, False),
    "var.ddof": deviation(torch.var, True),
    "std.ddof": deviation(torch.std, True),
    "logsumexp": with_all(torch.logsumexp),
}
AXES = {
    "all": (None, False),
    "0": ([0], False),
    "-1": ([-1], False),
    "1.keepdims": ([1], True),
    "02": ([0, 2], False),
    "-2-1.keepdims": ([-2, -1], True),
}
ROWS = torch.tensor(
    [
        [1.0, 3, 3, -2],
        [2, 2, 2, 2],
        [0, -0.0, 1, 0],
        [inf, 1, inf, 2],
        [-inf, -inf, -inf, -inf],
        [nan, 1, inf, -inf],
        [1e300, 1e300, -1e300, 1],
        [SMALLEST, 0, SMALLEST, 1e-310],
    ],
    dtype=T,
)
PRODUCT_ROWS = ROWS[[0, 1, 2, 4, 5, 6, 7]]  # of two infinite factors, sums of inf - inf have no value
FACTORS = torch.tensor(
    [[1.0, 0, 3, -2], [0, 2, 0, 2], [0, 0, 0, 1], [2, 3, 4, 5], [-0.0, 1, 1, 1]], dtype=T
)


def record(family):
    for name, f in REDUCTIONS.items():
        for axes, (dims, keepdim) in AXES.items():
            family.case(
                f"{name}:{axes}", "random", lambda x, a=dims, k=keepdim: f(x, a, k), family.normal(2, 3, 4)
            )
        family.case(
            f"{name}:-1", "special", lambda x: f(x, [-1], False), PRODUCT_ROWS if name == "prod" else ROWS
        )
    family.case("prod:-1", "zeros", lambda x: torch.prod(x, -1), FACTORS)
    family.case("prod:all", "zeros", lambda x: torch.prod(torch.prod(x, 1), 0), FACTORS[[0, 3]])
    family.case("max:all", "ties", lambda x: torch.amax(x, (0, 1)), ROWS[:3])
    family.case("min:all", "ties", lambda x: torch.amin(x, (0, 1)), ROWS[:3])
    family.case("logsumexp:-1", "large", lambda x: torch.logsumexp(x, -1), 500 * family.normal(3, 5))
    family.case("sum:all", "whole", lambda x: torch.sum(x), family.whole(-9, 9, 3, 4))
    family.case("sum:-1", "boolean", lambda x: torch.sum(x, -1), family.whole(0, 2, 3, 4).bool())
    for name, f in {"argmax": torch.argmax, "argmin": torch.argmin}.items():
        family.case(f"{name}:0", "random", lambda x: f(x, 0), family.normal(4, 5), vary=())
        family.case(
            f"{name}:-1.keepdims", "random", lambda x: f(x, -1, keepdim=True), family.normal(4, 5), vary=()
        )
        family.case(f"{name}:-1.keepdims", "special", lambda x: f(x, -1, keepdim=True), ROWS, vary=())
    some = family.whole(0, 2, 3, 4)
    family.case("count_nonzero:all", "random", lambda x: torch.count_nonzero(x), some)
    family.case("count_nonzero:-1", "special", lambda x: torch.count_nonzero(x, -1), ROWS, vary=())
    for name, f in {"all": torch.all, "any": torch.any}.items():
        family.case(f"{name}:all", "random", lambda x: f(x), some.bool())
        family.case(f"{name}:1", "random", lambda x: f(x, 1), some.bool())
    x, zeros = family.normal(3, 4), torch.tensor([[2.0, 0, 3, -1], [0, 0, 1, 2], [1, 2, 3, 0]], dtype=T)
    for name in ("cumsum", "cumprod", "logcumsumexp"):
        for axis in (0, -1):
            f = getattr(torch, name)
            family.case(f"{name}:{axis}", "random", lambda t: f(t, axis) ** 2, x)
    family.case("cumprod:-1", "zeros", lambda t: torch.cumprod(t, -1) ** 2, zeros)
    family.case("logcumsumexp:-1", "large", lambda t: torch.logcumsumexp(t, -1) ** 2, 300 * x)
    family.case("cumsum:-1", "whole", lambda t: torch.cumsum(t, -1) ** 2, family.whole(-9, 9, 2, 4))
    for p in (1.0, 2.0, 3.0, 0.5, inf):
        family.case(f"norm.{p}:all", "random", lambda t: torch.linalg.vector_norm(t, p), x)
        family.case(
            f"norm.{p}:-1.keepdims", "random", lambda t: torch.linalg.vector_norm(t, p, -1, keepdim=True), x
        )
    family.case("norm.2.0:all", "large", lambda t: torch.linalg.vector_norm(t / 1e200) * 1e200, 1e200 * x)
    family.case(
        "norm.inf:all",
        "ties",
        lambda t: torch.linalg.vector_norm(t, inf),
        torch.tensor([2.0, -2, 1, 2], dtype=T),
    )
    for p in (1.0, 2.0, 3.0):
        family.case(
            f"norm.{p}:all", "zero", lambda t: torch.linalg.vector_norm(t, p), torch.zeros(3, dtype=T)
        )
    family.case(
        "average", "random", lambda t, w: (t * w).sum() / w.expand_as(t).sum(), x, family.uniform(0.5, 2, 4)
    )
    family.case(
        "average:0", "random", lambda t, w: (t * w[:, None]).sum(0) / w.sum(), x, family.uniform(0.5, 2, 3)
    )
    conventions(family)


def second_of_products(family, rows):
    """The contracted second derivatives of products of rows, pair of factors by pair."""
    w, v = family.weights("prod:-1/special/out0"), family.weights("prod:-1/special/in0", 16)
    result = numpy.zeros_like(rows)
    for i in range(rows.shape[1]):
        for j in range(rows.shape[1]):
            if i != j:
                result[:, i] += w * v[:, j] * numpy.prod(numpy.delete(rows, [i, j], 1), 1)
    return result


def conventions(family):
    """Where Wengert's reductions say something else than PyTorch, on special rows."""
    state, rows = family.convention, ROWS.numpy()
    w, v = family.weights("logsumexp:-1/special/out0")[:, None], family.weights(
        "logsumexp:-1/special/in0", 16
    )
    p = numpy.exp(rows - rows.max(1, keepdims=True))
    p = numpy.where((rows == -inf).all(1, keepdims=True), 0, p / p.sum(1, keepdims=True))
    products = second_of_products(family, PRODUCT_ROWS.numpy())

    def of_rows(*chosen):
        return lambda x: numpy.isin(numpy.arange(len(x)), chosen)[:, None]

    softmax = "0 where all are -inf; PyTorch's exp(x - y) does not add up to 1 for numbers of 1e300"
    state("logsumexp:-1/special/grad0", w * p, softmax, of_rows(4, 6))
    state(
        "logsumexp:-1/special/second0", w * p * (v - (p * v).sum(1, keepdims=True)), softmax, of_rows(4, 6)
    )
    for name in ("max", "min"):
        state(f"{name}:-1/special/grad0", w / 4, "all share where there is a NaN", of_rows(5))
    state(
        "prod:-1/special/second0", products, "PyTorch divides infinities", lambda x: ~numpy.isnan(products)
    )
    for name in ("var", "var.ddof"):
        state(f"{name}:-1/special/grad0", nan, "the mean is infinite, the value NaN", of_rows(3))
    state("norm.2.0:all/zero/second0", 0, "0 at 0")
