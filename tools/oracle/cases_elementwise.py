"""The rows of include/wengert/ops/elementwise.def: on random inputs, on special ones, and broadcast."""
import numpy
import torch
import torch.nn.functional as F

T = torch.float64
inf, nan = float("inf"), float("nan")

# name: (function, interval of the random inputs)
UNARY = {
    "neg": (torch.neg, -2, 2),
    "abs": (torch.abs, -2, 2),
    "sign": (torch.sign, -2, 2),
    "square": (torch.square, -2, 2),
    "sqrt": (torch.sqrt, 0.01, 9),
    "rsqrt": (torch.rsqrt, 0.01, 9),
    "reciprocal": (torch.reciprocal, -3, 3),
    "exp": (torch.exp, -5, 5),
    "exp2": (torch.exp2, -5, 5),
    "expm1": (torch.expm1, -5, 5),
    "log": (torch.log, 0.01, 9),
    "log2": (torch.log2, 0.01, 9),
    "log10": (torch.log10, 0.01, 9),
    "log1p": (torch.log1p, -0.9, 5),
    "sin": (torch.sin, -20, 20),
    "cos": (torch.cos, -20, 20),
    "tan": (torch.tan, -4, 4),
    "asin": (torch.asin, -0.95, 0.95),
    "acos": (torch.acos, -0.95, 0.95),
    "atan": (torch.atan, -5, 5),
    "sinh": (torch.sinh, -5, 5),
    "cosh": (torch.cosh, -5, 5),
    "tanh": (torch.tanh, -5, 5),
    "asinh": (torch.asinh, -5, 5),
    "acosh": (torch.acosh, 1.05, 9),
    "atanh": (torch.atanh, -0.95, 0.95),
    "sigmoid": (torch.sigmoid, -9, 9),
    "softplus": (lambda x: F.softplus(x, threshold=40), -9, 9),
    "relu": (torch.relu, -2, 2),
    "erf": (torch.erf, -3, 3),
    "erfc": (torch.erfc, -3, 3),
    "erfinv": (torch.erfinv, -0.95, 0.95),
    "lgamma": (torch.lgamma, 0.1, 9),
    "digamma": (torch.digamma, 0.1, 9),
    "floor": (torch.floor, -9, 9),
    "ceil": (torch.ceil, -9, 9),
    "round": (torch.round, -9, 9),
    "trunc": (torch.trunc, -9, 9),
}
WHOLE_UNARY = ["neg", "abs", "sign", "square", "relu"]
SPECIAL = [
    0.0,
    -0.0,
    inf,
    -inf,
    nan,
    5e-324,
    -5e-324,
    1e-310,
    2.2250738585072014e-308,
    1e-20,
    -1e-20,
    1e300,
    -1e300,
    0.5,
    -0.5,
    1.0,
    -1.0,
    1.5,
    -1.5,
    2.0,
    2.5,
    -2.5,
    25.0,
    -30.0,
    100.0,
    -100.0,
    709.5,
    -709.5,
    -745.0,
]

BINARY = {
    "add": (torch.add, -2, 2, -2, 2),
    "sub": (torch.sub, -2, 2, -2, 2),
    "mul": (torch.mul, -2, 2, -2, 2),
    "div": (torch.div, -2, 2, 0.5, 3),
    "pow": (torch.pow, 0.3, 3, -3, 3),
    "maximum": (torch.maximum, -2, 2, -2, 2),
    "minimum": (torch.minimum, -2, 2, -2, 2),
    "atan2": (torch.atan2, -2, 2, -2, 2),
    "hypot": (torch.hypot, -2, 2, -2, 2),
    "fmod": (torch.fmod, -9, 9, 1, 3),
    "remainder": (torch.remainder, -9, 9, 1, 3),
    "copysign": (torch.copysign, -2, 2, -2, 2),
    "leaky_relu": (lambda a, b: torch.where(a > 0, a, a * b), -2, 2, 0.1, 0.5),
}
WHOLE_BINARY = ["add", "sub", "mul", "maximum", "minimum"]
COMPARE = {
    "equal": torch.eq,
    "not_equal": torch.ne,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
}
POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-310, 1e200, inf, -inf, nan]


def cbrt(x):
    return torch.sign(x) * torch.abs(x) ** (1 / 3)


def pairs(points):
    a, b = numpy.meshgrid(points, points, indexing="ij")
    return torch.from_numpy(a.reshape(-1)), torch.from_numpy(b.reshape(-1))


def record(family):
    special = torch.tensor(SPECIAL, dtype=T)
    for name, (f, low, high) in UNARY.items():
        family.case(name, "random", f, family.uniform(low, high, 2, 7))
        family.case(name, "special", f, special)
    family.case("cbrt", "random", cbrt, family.normal(2, 7))
    family.case("cbrt", "special", lambda x: torch.from_numpy(numpy.cbrt(x.numpy())), special, vary=())
    for name in WHOLE_UNARY:
        family.case(name, "whole", UNARY[name][0], torch.tensor([0, 1, -1, 7, -12345678901]))
    left, right = pairs(POINTS)
    for name, (f, a, b, c, d) in BINARY.items():
        family.case(name, "random", f, family.uniform(a, b, 2, 5), family.uniform(c, d, 2, 5))
        family.case(name, "broadcast", f, family.uniform(a, b, 3, 1), family.uniform(c, d, 2, 1, 3))
        family.case(name, "special", f, left, right)
    tenths = torch.tensor([1.0, 0.3, 0.6, -1.0, 0.9, -0.5, 3.0, 7.0], dtype=T)
    family.case("remainder", "tenths", torch.remainder, tenths, torch.full_like(tenths, 0.1))
    family.case("fmod", "tenths", torch.fmod, tenths, torch.full_like(tenths, 0.1))
    small = torch.tensor([1e-170, -1e-200, 1e-180, 3e-170], dtype=T)
    family.case("atan2", "small", torch.atan2, small, small.flip(0), vary=())
    whole = pairs([0, 1, -1, 7, -12345678901])
    for name in WHOLE_BINARY:
        family.case(name, "whole", BINARY[name][0], *whole)
    for name, f in COMPARE.items():
        family.case(name, "special", f, left, right)
        family.case(name, "whole", f, *whole)
        family.case(name, "broadcast", f, family.whole(-1, 2, 3, 1), family.whole(-1, 2, 2, 1, 3))
    family.case("leaky_relu.slope", "random", lambda x: F.leaky_relu(x, 0.2), family.normal(9))
    family.case("pow.number", "special", lambda x: x**3.0, special)
    family.case("pow.number", "random", lambda x: x**3.0, family.normal(7))
    family.case("pow.half", "random", lambda x: x**0.5, family.uniform(0.1, 4, 7))
    family.case("pow.two", "special", lambda x: x**2.0, special)
    family.case("pow.base", "random", lambda x: 2.5**x, family.normal(7))
    orders = torch.tensor([1.0, 2.0, 3.0], dtype=T)
    family.case(
        "polygamma",
        "random",
        lambda n, x: torch.stack([torch.polygamma(i + 1, x[:, i]) for i in range(3)], 1),
        orders,
        family.uniform(0.2, 9, 4, 3),
        vary=[1],
    )
    conventions(family)


def conventions(family):
    """Where Wengert's rows say something else than PyTorch, on special inputs."""
    state = family.convention
    w, v0, v1 = (family.weights("pow/special/out0", salt) for salt in (0, 16, 17))
    w1 = family.weights("exp/special/out0")
    v = family.weights("exp/special/out0", 16)

    state("sign/special/out0", nan, "the sign of NaN is NaN, as in NumPy", numpy.isnan)
    state("abs/special/grad0", nan, "the sign of NaN is NaN", numpy.isnan)
    for name in ("atan", "asinh", "erf", "erfc"):
        state(f"{name}/special/second0", 0, "0 far out; PyTorch: inf * 0", lambda x: abs(x) >= 1e300)
    state("acosh/special/second0", 0, "0 far out; PyTorch: inf * 0", lambda x: x == inf)
    state("digamma/special/second0", 0, "0 far out; PyTorch: inf - inf", lambda x: x == inf)
    state("digamma/special/second0", nan, "no limit", lambda x: x == -inf)
    for name in ("asinh", "acosh"):
        state(f"{name}/special/grad0", w1 * 1e-300, "1 / x; PyTorch squares 1e300", lambda x: x == 1e300)
    state("asinh/special/grad0", w1 * 1e-300, "1 / x; PyTorch squares 1e300", lambda x: x == -1e300)
    for part in ("grad0", "second0"):
        state(f"acosh/special/{part}", nan, "outside of the domain", lambda x: x < 1)
    state(
        "rsqrt/special/grad0",
        -family.tensors["rsqrt/special/grad0"],
        "-0 is as 0",
        lambda x: (x == 0) & numpy.signbit(x),
    )
    pole = "a pole; PyTorch's sine of a multiple of pi is not quite 0"
    state(
        "digamma/special/grad0",
        w1 * inf,
        pole,
        lambda x: (x < 0) & (x == numpy.floor(x)) & numpy.isfinite(x),
    )
    state(
        "lgamma/special/second0",
        w1 * v * inf,
        pole,
        lambda x: (x < 0) & (x == numpy.floor(x)) & numpy.isfinite(x),
    )
    state(
        "digamma/special/second0",
        nan,
        "a pole with an infinity of either sign at its sides",
        lambda x: (x < 0) & (x == numpy.floor(x)) & numpy.isfinite(x),
    )
    state(
        "digamma/special/second0",
        w1 * v * inf,
        "the limit from the side of the zero's sign",
        lambda x: (x == 0) & numpy.signbit(x),
    )

    # In two arguments
    for name in ("maximum", "minimum"):
        for part in ("grad0", "grad1"):
            state(
                f"{name}/special/{part}",
                w / 2,
                "half each where there is a NaN; PyTorch gives all to both",
                lambda a, b: numpy.isnan(a) | numpy.isnan(b),
            )
    state("div/special/second1", nan, "1 / b overflows: inf * 0", lambda a, b: (a == 0) & (b == 1e-310))
    first = "PyTorch divides first, and the quotient overflows"
    left, right = (family.tensors[f"fmod/special/in{i}"] for i in (0, 1))
    state("fmod/special/out0", numpy.fmod(left, right), first)
    state("remainder/special/out0", numpy.remainder(left, right), first)
    state(
        "remainder/special/grad1",
        -w * numpy.floor(left / right),
        first,
        lambda a, b: numpy.isfinite(a) & (b == 1e-310),
    )
    none = "the value is NaN or infinite"
    state("fmod/special/grad1", nan, none, lambda a, b: (b == 0) | numpy.isinf(a))
    state(
        "remainder/special/grad1",
        nan,
        none,
        lambda a, b: (b == 0) | numpy.isinf(a),
    )
    tenths = family.tensors
    whole = numpy.rint((tenths["fmod/tenths/in0"] - tenths["fmod/tenths/out0"]) / 0.1)
    state(
        "fmod/tenths/grad1",
        -family.weights("fmod/tenths/out0") * whole,
        "PyTorch truncates a rounded a / b: 10 for 1 and 0.1",
        lambda a, b: True,
    )
    for i in (0, 1):
        origin = "0 at (0, 0); PyTorch squares first, and the squares underflow"
        state(f"atan2/special/grad{i}", 0, origin)
        state(f"hypot/special/grad{i}", 0, "0 at (0, 0)")
        state(f"atan2/special/second{i}", "finite", origin, lambda a, b: (a == 0) & (b == 0))
        state(
            f"hypot/special/second{i}",
            "finite",
            "infinite or none; of the guard at (0, 0)",
            lambda a, b: (a == 0) & ((b == 0) | (b == 1e-310) & ~numpy.signbit(a)),
        )
    far = "the limit; PyTorch: inf / inf"
    beyond = [numpy.where(numpy.isinf(x), numpy.sign(x), 0) for x in (left, right)]
    length = numpy.sqrt(numpy.maximum(abs(beyond[0]) + abs(beyond[1]), 1))
    for i in (0, 1):
        infinite = lambda a, b: numpy.isinf(a) | numpy.isinf(b)
        state(f"hypot/special/grad{i}", w * beyond[i] / length, far, infinite)
        state(f"atan2/special/grad{i}", 0, far, infinite)
        for name in ("hypot", "atan2"):
            state(f"{name}/special/second{i}", 0, far, infinite)
    signs = numpy.sign(left) * numpy.sign(family.tensors["copysign/special/out0"])
    state("copysign/special/grad0", w * signs, "PyTorch divides infinities", lambda a, b: numpy.isinf(a))
    state("copysign/special/second0", 0, "piecewise linear", lambda a, b: True)
    leak = "where does not leak the branch not taken"
    state("leaky_relu/special/grad0", w, leak, lambda a, b: a > 0)
    state("leaky_relu/special/grad1", 0, leak, lambda a, b: a > 0)

    state("pow/special/grad0", nan, "NaN has no derivative", lambda a, b: numpy.isnan(a) & (b == 0))
    limit = "infinite or none; of the guard at a = 0"
    state("pow/special/second0", "finite", limit, lambda a, b: (a == 0) & numpy.isin(b, [0, 1, 3, 1e200]))
    state(
        "pow/special/second0",
        nan,
        "no derivative in b there",
        lambda a, b: ((a < 0) | numpy.isinf(a)) & (b == 0),
    )
    vanishing = family.tensors["pow/special/out0"] == 0
    gone = lambda a, b: vanishing & (numpy.isinf(a) | numpy.isinf(b))
    state("pow/special/grad0", 0, "the limit; PyTorch: inf * 0", gone)
    for part in ("grad1", "second0", "second1"):
        state(
            f"pow/special/{part}",
            0,
            "the limit; PyTorch: inf * 0",
            lambda a, b: gone(a, b) & (a >= 0),
        )
    state(
        "pow/special/second1",
        w * v1 * inf,
        "v1 y log(a)^2, and the mixed derivative is 0 there",
        lambda a, b: (a == inf) & (abs(b) < 1),
    )
    state("pow/special/second0", w * v1 * inf, "v1 / a", lambda a, b: (a == 1e-310) & (b == 0))
    state(
        "pow/special/second1",
        "finite",
        limit,
        lambda a, b: (a == 0) & numpy.isin(b, [0, 1, 3, 1e200]) | (a == 1e-310) & (b == 0),
    )
    mixed = w * (v0 / left + v1 * numpy.log(left) ** 2)
    state(
        "pow/special/second1",
        mixed,
        "the mixed derivative at b = 0 is 1 / a; PyTorch has 0",
        lambda a, b: (a > 1e-300) & numpy.isfinite(a) & (b == 0),
    )
