"""Shapes: the same elements in another arrangement, joined or cut. include/wengert/ops/shape.hpp."""
import torch


def record(family):
    x = family.normal(2, 3, 4)
    calls = {
        "reshape": lambda t: t.reshape(4, -1), "flatten": lambda t: t.flatten(), "flatten.1": lambda t: t.flatten(1),
        "unsqueeze.0": lambda t: t.unsqueeze(0), "unsqueeze.-1": lambda t: t.unsqueeze(-1),
        "transpose": lambda t: t.transpose(-1, -2), "permute": lambda t: t.permute(2, 0, 1),
        "permute.negative": lambda t: t.permute(-1, 1, 0), "broadcast_to": lambda t: t.broadcast_to(5, 2, 3, 4),
        "slice": lambda t: t[:, 1:3], "slice.step": lambda t: t[:, :, 0::2], "slice.negative": lambda t: t[:, -2:],
        "slice.back": lambda t: t.flip(2)[:, :, ::2], "slice.empty": lambda t: t[:, 2:1],
    }
    for name, f in calls.items():
        family.case(name, "random", f, x)
    # Linear maps have no second derivative of their own; through a square, the graph of the rule is differentiated.
    for name in ("reshape", "permute", "broadcast_to", "slice.step", "slice.back"):
        family.case(name + ".squared", "random", lambda t, f=calls[name]: f(t) ** 2, x)
    ones = family.normal(1, 3, 1, 2)
    family.case("squeeze", "random", lambda t: t.squeeze(), ones)
    family.case("squeeze.2", "random", lambda t: t.squeeze(2), ones)
    family.case("broadcast_to", "row", lambda t: t.broadcast_to(5, 2, 3, 4), family.normal(3, 1))
    parts = family.normal(2, 3), family.normal(1, 3), family.normal(4, 3)
    family.case("concat.0", "random", lambda *t: torch.cat(t, 0), *parts)
    family.case("concat.-1", "random", lambda *t: torch.cat(t, -1), family.normal(2, 3), family.normal(2, 1), family.normal(2, 0))
    family.case("concat.squared", "random", lambda *t: torch.cat(t, 0) ** 2, *parts)
    rows = family.normal(2, 3), family.normal(2, 3)
    for axis in (0, 1, -1):
        family.case(f"stack.{axis}", "random", lambda *t, a=axis: torch.stack(t, a), *rows)
    family.case("concat.0", "whole", lambda *t: torch.cat(t, 0), family.whole(0, 9, 2, 3), family.whole(0, 9, 1, 3),
                family.whole(0, 9, 1, 3))
