"""The rows of include/wengert/ops/elementwise.def: on random inputs, on special ones, and broadcast."""
import numpy
import torch
import torch.nn.functional as F

T = torch.float64
inf, nan = float("inf"), float("nan")

# name: (function, interval of the random inputs)
UNARY = {
    "neg": (torch.neg, -2, 2), "abs": (torch.abs, -2, 2), "sign": (torch.sign, -2, 2), "square": (torch.square, -2, 2),
    "sqrt": (torch.sqrt, 0.01, 9), "rsqrt": (torch.rsqrt, 0.01, 9),
    "reciprocal": (torch.reciprocal, -3, 3), "exp": (torch.exp, -5, 5), "exp2": (torch.exp2, -5, 5),
    "expm1": (torch.expm1, -5, 5), "log": (torch.log, 0.01, 9), "log2": (torch.log2, 0.01, 9),
    "log10": (torch.log10, 0.01, 9), "log1p": (torch.log1p, -0.9, 5), "sin": (torch.sin, -20, 20),
    "cos": (torch.cos, -20, 20), "tan": (torch.tan, -4, 4), "asin": (torch.asin, -0.95, 0.95),
    "acos": (torch.acos, -0.95, 0.95), "atan": (torch.atan, -5, 5), "sinh": (torch.sinh, -5, 5),
    "cosh": (torch.cosh, -5, 5), "tanh": (torch.tanh, -5, 5), "asinh": (torch.asinh, -5, 5),
    "acosh": (torch.acosh, 1.05, 9), "atanh": (torch.atanh, -0.95, 0.95), "sigmoid": (torch.sigmoid, -9, 9),
    "softplus": (lambda x: F.softplus(x, threshold=40), -9, 9), "relu": (torch.relu, -2, 2), "erf": (torch.erf, -3, 3),
    "erfc": (torch.erfc, -3, 3), "erfinv": (torch.erfinv, -0.95, 0.95), "lgamma": (torch.lgamma, 0.1, 9),
    "digamma": (torch.digamma, 0.1, 9), "floor": (torch.floor, -9, 9), "ceil": (torch.ceil, -9, 9),
    "round": (torch.round, -9, 9), "trunc": (torch.trunc, -9, 9),
}
WHOLE_UNARY = ["neg", "abs", "sign", "square", "relu"]
SPECIAL = [0.0, -0.0, inf, -inf, nan, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 1e-20, -1e-20, 1e300, -1e300, 0.5,
           -0.5, 1.0, -1.0, 1.5, -1.5, 2.0, 2.5, -2.5, 25.0, -30.0, 100.0, -100.0, 709.5, -709.5, -745.0]

BINARY = {
    "add": (torch.add, -2, 2, -2, 2), "sub": (torch.sub, -2, 2, -2, 2), "mul": (torch.mul, -2, 2, -2, 2),
    "div": (torch.div, -2, 2, 0.5, 3), "pow": (torch.pow, 0.3, 3, -3, 3), "maximum": (torch.maximum, -2, 2, -2, 2),
    "minimum": (torch.minimum, -2, 2, -2, 2), "atan2": (torch.atan2, -2, 2, -2, 2), "hypot": (torch.hypot, -2, 2, -2, 2),
    "fmod": (torch.fmod, -9, 9, 1, 3), "remainder": (torch.remainder, -9, 9, 1, 3),
    "copysign": (torch.copysign, -2, 2, -2, 2),
    "leaky_relu": (lambda a, b: torch.where(a > 0, a, a * b), -2, 2, 0.1, 0.5),
}
WHOLE_BINARY = ["add", "sub", "mul", "maximum", "minimum"]
COMPARE = {"equal": torch.eq, "not_equal": torch.ne, "less": torch.lt, "less_equal": torch.le, "greater": torch.gt,
           "greater_equal": torch.ge}
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
    family.case("pow.number", "special", lambda x: x ** 3.0, special)
    family.case("pow.number", "random", lambda x: x ** 3.0, family.normal(7))
    family.case("pow.half", "random", lambda x: x ** 0.5, family.uniform(0.1, 4, 7))
    family.case("pow.two", "special", lambda x: x ** 2.0, special)
    family.case("pow.base", "random", lambda x: 2.5 ** x, family.normal(7))
    orders = torch.tensor([1.0, 2.0, 3.0], dtype=T)
    family.case("polygamma", "random", lambda n, x: torch.stack([torch.polygamma(i + 1, x[:, i]) for i in range(3)], 1),
                orders, family.uniform(0.2, 9, 4, 3), vary=[1])
