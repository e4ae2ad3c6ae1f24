"""Elements chosen by int64 indices, by masks and by order: include/wengert/ops/indexing.hpp and order.hpp."""
import torch
import torch.nn.functional as F

from cases_elementwise import T, inf, nan


def record(family):
    x = family.normal(4, 5)
    index = torch.tensor([3, 0, 0, 2, 3])
    family.case("index_select.0", "random", lambda t, i: t.index_select(0, i), x, index)
    family.case("index_select.1", "random", lambda t, i: t.index_select(1, i) ** 2, x, index)
    for axis in (0, 1):
        chosen = family.whole(0, 4, 4, 5)
        family.case(f"gather.{axis}", "random", lambda t, i, a=axis: t.gather(a, i) ** 2, x, chosen)
        family.case(
            f"scatter_add.{axis}",
            "random",
            lambda t, i, s, a=axis: t.scatter_add(a, i, s) ** 2,
            x,
            chosen,
            family.normal(4, 5),
        )
    family.case("gather.-1", "fewer", lambda t, i: t.gather(-1, i), x, family.whole(0, 5, 4, 2))
    family.case("one_hot", "random", lambda i: F.one_hot(i, 6).double(), family.whole(0, 6, 2, 3))
    ties = torch.tensor([[1.0, 0, -0.0, 1, -1, 1], [2, inf, -inf, 2, 2, inf]], dtype=T)
    missing = torch.tensor([[1.0, nan, -inf, inf, 0, nan]], dtype=T)
    family.case("sort", "random", lambda t: torch.sort(t)[0] ** 2, x)
    family.case("sort.0.descending", "random", lambda t: torch.sort(t, 0, True)[0] ** 2, x)
    for case, t in {"random": x, "ties": ties, "nan": missing}.items():
        family.case("argsort", case, lambda t: torch.sort(t, stable=True)[1], t, vary=())
        family.case(
            "argsort.descending", case, lambda t: torch.sort(t, stable=True, descending=True)[1], t, vary=()
        )
        family.case("sort.values", case, lambda t: torch.sort(t, stable=True)[0], t)
    for name, axis, largest in (("topk", -1, True), ("topk.smallest.0", 0, False)):
        family.case(
            name,
            "random",
            lambda t: tuple(r**2 if i == 0 else r for i, r in enumerate(t.topk(3, axis, largest))),
            x,
        )
    row = torch.tensor([-1.0, 0, 0, 2, 5], dtype=T)
    probes = torch.tensor([[-2.0, -1, 0, 1], [2, 5, 6, nan]], dtype=T)
    family.case("searchsorted", "vector", torch.searchsorted, row, probes, vary=())
    family.case(
        "searchsorted.right",
        "vector",
        lambda s, v: torch.searchsorted(s, v, right=True),
        row,
        probes,
        vary=(),
    )
    family.case("searchsorted", "rows", torch.searchsorted, torch.sort(x)[0], family.normal(4, 2), vary=())
    family.case(
        "unique",
        "random",
        lambda t: torch.unique(t, return_inverse=True, return_counts=True),
        family.whole(-3, 4, 3, 5),
    )
    family.case(
        "unique",
        "floats",
        lambda t: torch.unique(t, return_inverse=True, return_counts=True),
        torch.tensor([0.5, -1, inf, 0.5, -inf, inf], dtype=T),
        vary=(),
    )
    mask = family.whole(0, 2, 4, 5).bool()
    family.case("masked_select", "random", lambda t, m: t.masked_select(m) ** 2, x, mask)
    family.case("masked_select", "broadcast", lambda t, m: t.masked_select(m) ** 2, x, mask[0].clone())
    family.case("nonzero", "random", torch.nonzero, mask)
    family.case(
        "take_along_axis", "random", lambda t, i: t.take_along_dim(i, 0) ** 2, x, family.whole(0, 4, 3, 5)
    )
    family.case(
        "take_along_axis",
        "broadcast",
        lambda t, i: t.take_along_dim(i, 0) ** 2,
        x,
        family.whole(0, 4, 2, 1),
    )
    rows, columns = torch.tensor([0, 2, 3]), torch.tensor([[1, 1, 4], [0, 2, 2]])
    family.case(
        "index_put",
        "random",
        lambda t, i, j, v: t.index_put((i, j), v) ** 2,
        x,
        rows,
        columns,
        family.normal(2, 3),
    )
    family.case(
        "index_put.rows", "random", lambda t, i, v: t.index_put((i,), v) ** 2, x, rows, family.normal(3, 5)
    )
    family.case(
        "index_put.add",
        "random",
        lambda t, i, v: t.index_put((i,), v, True) ** 2,
        x,
        torch.tensor([1, 1, 3]),
        family.normal(5),
    )
    family.case("embedding", "random", lambda t, i: F.embedding(i, t) ** 2, x, family.whole(0, 4, 2, 3))
