"""Choices by masks and bounds, logic, and tests of values: include/wengert/ops/selection.hpp."""
import numpy
import torch

from cases_elementwise import POINTS, SPECIAL, T, inf, nan, pairs

LOGIC = {"logical_and": torch.logical_and, "logical_or": torch.logical_or, "logical_xor": torch.logical_xor}


def record(family):
    mask = family.whole(0, 2, 3, 4).bool()
    a, b = family.normal(3, 4), family.normal(3, 4)
    special = torch.tensor(SPECIAL, dtype=T)
    left, right = pairs(POINTS)
    family.case("where", "random", torch.where, mask, a, b)
    family.case(
        "where", "broadcast", torch.where, mask[:, :1].clone(), family.normal(4), family.normal(2, 1, 1)
    )
    family.case("where", "special", torch.where, left > 0, left, right)
    family.case("masked_fill", "random", lambda x, m: x.masked_fill(m, -1.5), a, mask)
    family.case(
        "masked_fill",
        "infinite",
        lambda x, m: x.masked_fill(m, -1.5),
        torch.tensor([inf, nan, -inf, 1.0], dtype=T),
        torch.tensor([True, True, False, False]),
    )
    family.case("clip", "random", lambda x: x.clamp(-0.5, 1.0), family.normal(3, 5))
    family.case("clip", "special", lambda x: x.clamp(-0.5, 1.0), special)
    family.case(
        "clip.tensors",
        "random",
        torch.clamp,
        family.normal(3, 4),
        family.uniform(-1, 0, 4),
        family.uniform(0, 1, 3, 1),
    )
    family.case(
        "clip.tensors",
        "ties",
        torch.clamp,
        torch.tensor([0.0, 1, 2, 3, 4], dtype=T),
        torch.tensor([1.0, 1, 1, 1, 1], dtype=T),
        torch.tensor([3.0, 3, 3, 3, 3], dtype=T),
    )
    for name, f in LOGIC.items():
        family.case(name, "random", f, mask, family.whole(0, 2, 4).bool())
    family.case("logical_not", "random", torch.logical_not, mask)
    for name in ("isnan", "isinf", "isfinite"):
        family.case(name, "special", getattr(torch, name), special, vary=())
    family.case("isclose", "special", torch.isclose, left, right, vary=())
    family.case(
        "isclose",
        "near",
        torch.isclose,
        torch.tensor([1.0, 1, 1, 1e-9, 0, 1e9], dtype=T),
        torch.tensor([1.000009, 1.00002, 0.999989, 0, 1.1e-8, 1e9 + 1e3], dtype=T),
        vary=(),
    )
    family.case(
        "isclose.loose", "random", lambda p, q: torch.isclose(p, q, rtol=0.5, atol=0.1), a, b, vary=()
    )
    family.convention(
        "clip/special/grad0",
        family.weights("clip/special/out0"),
        "NaN stays, and with it its gradient",
        numpy.isnan,
    )
