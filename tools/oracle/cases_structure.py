"""Shapes: the same elements in another arrangement, joined or cut. include/wengert/ops/shape.hpp."""
import torch
import torch.nn.functional as F


def record(family):
    x = family.normal(2, 3, 4)
    calls = {
        "reshape": lambda t: t.reshape(4, -1),
        "flatten": lambda t: t.flatten(),
        "flatten.1": lambda t: t.flatten(1),
        "unsqueeze.0": lambda t: t.unsqueeze(0),
        "unsqueeze.-1": lambda t: t.unsqueeze(-1),
        "transpose": lambda t: t.transpose(-1, -2),
        "permute": lambda t: t.permute(2, 0, 1),
        "permute.negative": lambda t: t.permute(-1, 1, 0),
        "broadcast_to": lambda t: t.broadcast_to(5, 2, 3, 4),
        "slice": lambda t: t[:, 1:3],
        "slice.step": lambda t: t[:, :, 0::2],
        "slice.negative": lambda t: t[:, -2:],
        "slice.back": lambda t: t.flip(2)[:, :, ::2],
        "slice.empty": lambda t: t[:, 2:1],
    }
    for name, f in calls.items():
        family.case(name, "random", f, x)
    # Linear maps have no second derivative; through a square, the graph of the rule is differentiated.
    for name in ("reshape", "permute", "broadcast_to", "slice.step", "slice.back"):
        family.case(name + ".squared", "random", lambda t, f=calls[name]: f(t) ** 2, x)
    ones = family.normal(1, 3, 1, 2)
    family.case("squeeze", "random", lambda t: t.squeeze(), ones)
    family.case("squeeze.2", "random", lambda t: t.squeeze(2), ones)
    family.case("broadcast_to", "row", lambda t: t.broadcast_to(5, 2, 3, 4), family.normal(3, 1))
    parts = family.normal(2, 3), family.normal(1, 3), family.normal(4, 3)
    family.case("concat.0", "random", lambda *t: torch.cat(t, 0), *parts)
    family.case(
        "concat.-1",
        "random",
        lambda *t: torch.cat(t, -1),
        family.normal(2, 3),
        family.normal(2, 1),
        family.normal(2, 0),
    )
    family.case("concat.squared", "random", lambda *t: torch.cat(t, 0) ** 2, *parts)
    rows = family.normal(2, 3), family.normal(2, 3)
    for axis in (0, 1, -1):
        family.case(f"stack.{axis}", "random", lambda *t, a=axis: torch.stack(t, a), *rows)
    family.case(
        "concat.0",
        "whole",
        lambda *t: torch.cat(t, 0),
        family.whole(0, 9, 2, 3),
        family.whole(0, 9, 1, 3),
        family.whole(0, 9, 1, 3),
    )
    arrange = {
        "flip": lambda t: t.flip(0, 1, 2),
        "flip.1": lambda t: t.flip(1),
        "roll": lambda t: t.roll((1, -2), (0, 2)),
        "roll.all": lambda t: t.roll(5),
        "tile": lambda t: t.tile(2, 1, 3),
        "tile.more": lambda t: t.tile(2, 1, 2, 1),
        "repeat": lambda t: t.repeat_interleave(3, 1),
        "repeat.counts": lambda t: t.repeat_interleave(torch.tensor([2, 0, 1]), 1),
        "pad": lambda t: F.pad(t, (0, 3, 1, 2), value=-1.5),
        "split": lambda t: t.split(3, 2),
        "split.sizes": lambda t: t.split([1, 0, 3], 2),
        "chunk": lambda t: t.chunk(3, 2),
        "diagonal": lambda t: t.diagonal(),
        "diagonal.offset": lambda t: t.diagonal(1, -1, -2),
        "diag": lambda t: t[0].diag(-1),
        "diag.vector": lambda t: t[0, 0].diag(2),
        "tril": lambda t: t.tril(),
        "tril.above": lambda t: t.tril(1),
        "triu": lambda t: t.triu(),
        "triu.below": lambda t: t.triu(-1),
    }
    for name, f in arrange.items():
        family.case(
            name,
            "random",
            lambda t, f=f: [part**2 for part in f(t)] if isinstance(f(t), tuple) else f(t) ** 2,
            x,
        )
    family.case(
        "pad.reflect",
        "random",
        lambda t: F.pad(t, (3, 2, 1, 2), mode="reflect") ** 2,
        family.normal(1, 1, 3, 4),
    )
    family.case(
        "pad.replicate",
        "random",
        lambda t: F.pad(t, (3, 2, 0, 5), mode="replicate") ** 2,
        family.normal(1, 1, 3, 4),
    )
