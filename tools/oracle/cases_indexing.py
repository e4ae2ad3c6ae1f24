"""Elements chosen by int64 indices: include/wengert/ops/indexing.hpp."""
import torch
import torch.nn.functional as F


def record(family):
    x = family.normal(4, 5)
    index = torch.tensor([3, 0, 0, 2, 3])
    family.case("index_select.0", "random", lambda t, i: t.index_select(0, i), x, index)
    family.case("index_select.1", "random", lambda t, i: t.index_select(1, i) ** 2, x, index)
    for axis in (0, 1):
        chosen = family.whole(0, 4, 4, 5)
        family.case(f"gather.{axis}", "random", lambda t, i, a=axis: t.gather(a, i) ** 2, x, chosen)
        family.case(f"scatter_add.{axis}", "random", lambda t, i, s, a=axis: t.scatter_add(a, i, s) ** 2, x, chosen,
                    family.normal(4, 5))
    family.case("gather.-1", "fewer", lambda t, i: t.gather(-1, i), x, family.whole(0, 5, 4, 2))
    family.case("one_hot", "random", lambda i: F.one_hot(i, 6).double(), family.whole(0, 6, 2, 3))
