"""Composed elementwise functions, softmax and losses: ops/activation.hpp, nn/functional.hpp, nn/loss.hpp."""
import numpy
import torch
import torch.nn.functional as F

from cases_elementwise import POINTS, SPECIAL, T, inf, nan, pairs


def hardsigmoid(x):
    return F.hardtanh(x + 3, 0, 6) / 6  # of F.hardsigmoid PyTorch has no second derivative


ACTIVATIONS = {
    "log_sigmoid": F.logsigmoid,
    "elu": F.elu,
    "elu.alpha": lambda x: F.elu(x, 0.7),
    "selu": F.selu,
    "celu": F.celu,
    "celu.alpha": lambda x: F.celu(x, 0.5),
    "gelu": F.gelu,
    "gelu.tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "hardtanh": F.hardtanh,
    "hardtanh.range": lambda x: F.hardtanh(x, -0.3, 0.8),
    "hardsigmoid": hardsigmoid,
    "hardswish": lambda x: x * hardsigmoid(x),
    "softsign": F.softsign,
    "softshrink": F.softshrink,
    "softshrink.bound": lambda x: F.softshrink(x, 0.2),
    "hardshrink": F.hardshrink,
    "hardshrink.bound": lambda x: F.hardshrink(x, 0.2),
    "tanhshrink": F.tanhshrink,
    "relu6": F.relu6,
    "threshold": lambda x: F.threshold(x, 0.3, -2.0),
}


def record(family):
    special = torch.tensor(SPECIAL + [3.0, -3.0, 6.0, 0.3], dtype=T)
    for name, f in ACTIVATIONS.items():
        family.case(name, "random", f, 3 * family.normal(12))
        family.case(name, "special", f, special)
    left, right = pairs(POINTS)
    family.case("logaddexp", "random", torch.logaddexp, family.normal(3, 4), family.normal(4))
    family.case("logaddexp", "special", torch.logaddexp, left, right)
    family.case("xlogy", "random", torch.xlogy, family.normal(3, 4), family.uniform(0.1, 3, 4))
    family.case("xlogy", "special", torch.xlogy, left, right)
    family.case("lerp", "random", torch.lerp, family.normal(3, 4), family.normal(4), family.normal(3, 1))
    family.case(
        "squared_difference", "random", lambda a, b: (a - b) ** 2, family.normal(3, 4), family.normal(4)
    )

    x = family.normal(3, 5)
    far = torch.tensor([[1000.0, 0, -1000, 999], [0, 0, 0, 0], [-700, -745, -800, -690]], dtype=T)
    for axis in (0, -1):
        family.case(f"softmax.{axis}", "random", lambda t: F.softmax(t, axis), x)
        family.case(f"log_softmax.{axis}", "random", lambda t: F.log_softmax(t, axis), x)
    family.case("softmax.-1", "far", lambda t: F.softmax(t, -1), far)
    family.case("log_softmax.-1", "far", lambda t: F.log_softmax(t, -1), far)
    family.case("linear", "random", F.linear, family.normal(2, 3, 4), family.normal(5, 4), family.normal(5))

    target = family.normal(3, 5)
    labels, weight = torch.tensor([4, 0, 2]), family.uniform(0.5, 2, 5)
    for reduction in ("none", "mean", "sum"):
        family.case(
            f"mse_loss.{reduction}", "random", lambda a, b: F.mse_loss(a, b, reduction=reduction), x, target
        )
        family.case(
            f"l1_loss.{reduction}", "random", lambda a, b: F.l1_loss(a, b, reduction=reduction), x, target
        )
        family.case(
            f"cross_entropy.{reduction}",
            "random",
            lambda a, i: F.cross_entropy(a, i, reduction=reduction),
            x,
            labels,
        )
    family.case(
        "cross_entropy.all",
        "random",
        lambda a, i, w: F.cross_entropy(a, i, w, ignore_index=0, label_smoothing=0.1),
        x,
        labels,
        weight,
        vary=[0],
    )
    family.case(
        "nll_loss.all",
        "random",
        lambda a, i, w: F.nll_loss(a, i, w, ignore_index=0),
        x,
        labels,
        weight,
        vary=[0],
    )
    inside, goals = family.uniform(0.1, 0.9, 3, 5), family.whole(0, 2, 3, 5).double()
    family.case("binary_cross_entropy", "random", F.binary_cross_entropy, inside, goals, vary=[0])
    family.case(
        "binary_cross_entropy_with_logits", "random", F.binary_cross_entropy_with_logits, x, goals, vary=[0]
    )
    family.case(
        "binary_cross_entropy_with_logits.all",
        "random",
        lambda a, b, w, p: F.binary_cross_entropy_with_logits(a, b, w, pos_weight=p, reduction="sum"),
        x,
        goals,
        family.uniform(0.5, 2, 3, 1),
        weight,
        vary=[0],
    )
    family.case("glu", "random", lambda t: F.glu(t, -1), family.normal(3, 6))
    family.case("glu.0", "random", lambda t: F.glu(t, 0), family.normal(4, 3))
    conventions(family)


def conventions(family):
    """Where Wengert's functions say something else than PyTorch, on special inputs."""
    state = family.convention
    w, v = family.weights("elu/special/out0"), family.weights("elu/special/out0", 16)
    for name, curvature in {
        "elu": 1,
        "elu.alpha": 0.7,
        "selu": 1.7580993408473768,
        "celu": 1,
        "celu.alpha": 2,
    }.items():
        state(
            f"{name}/special/second0",
            w * v * curvature,
            "at 0 all derivatives are those from the left",
            lambda x: x == 0,
        )
    state("gelu/special/second0", 0, "PyTorch squares 1e300", lambda x: abs(x) >= 1e300)
    state("mish/special/second0", 0, "PyTorch squares 1e300", lambda x: abs(x) == 1e300)
    step = family.tensors["gelu.tanh/special/in0"] > 0
    state("gelu.tanh/special/grad0", w * step, "PyTorch cubes 1e300", lambda x: abs(x) >= 1e300)
    state("gelu.tanh/special/second0", 0, "PyTorch cubes 1e300", lambda x: abs(x) >= 1e300)
    for name in (
        "hardtanh",
        "hardtanh.range",
        "relu6",
        "hardshrink",
        "hardshrink.bound",
        "softshrink",
        "softshrink.bound",
    ):
        state(f"{name}/special/grad0", w, "NaN stays, and with it its gradient", numpy.isnan)
    state("hardsigmoid/special/grad0", w / 6, "NaN stays, and with it its gradient", numpy.isnan)
    state("hardswish/special/second0", w * v / 3, "NaN stays, and with it its gradient", numpy.isnan)
    for name in ("softshrink", "softshrink.bound"):
        state(f"{name}/special/out0", nan, "NaN stays", numpy.isnan)
    state("hardswish/special/out0", 0, "0 below -3; PyTorch multiplies inf by 0", lambda x: x == -inf)
    for i in (0, 1):
        state(
            f"logaddexp/special/grad{i}",
            0,
            "0 where both are infinite and equal",
            lambda a, b: numpy.isinf(a) & (a == b),
        )
        state(
            f"logaddexp/special/second{i}",
            0,
            "0 far from equality; PyTorch: inf * 0",
            lambda a, b: (numpy.maximum(abs(a), abs(b)) > 1e100) & ((a != b) | numpy.isinf(a)),
        )
        state(
            f"xlogy/special/second{i}",
            0,
            "0 where x is 0 and log(y) is not finite",
            lambda x, y: (x == 0) & (y <= 0),
        )
    state(
        "xlogy/special/grad0",
        0,
        "0 where x is 0 and log(y) is not finite",
        lambda x, y: (x == 0) & (y == inf),
    )
    state("xlogy/special/grad1", 0, "0 where x is 0 and log(y) is not finite")
