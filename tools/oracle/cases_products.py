"""Products of vectors, matrices and batches: include/wengert/ops/linalg.hpp and products.hpp."""
import torch

SHAPES = {  # one of each class of matmul
    "vector.vector": ((4,), (4,)),
    "matrix.vector": ((3, 4), (4,)),
    "vector.matrix": ((4,), (4, 3)),
    "matrix.matrix": ((3, 4), (4, 2)),
    "batch.batch": ((2, 3, 4), (2, 4, 2)),
    "batch.matrix": ((2, 3, 4), (4, 2)),
    "matrix.batch": ((3, 4), (2, 4, 2)),
    "batch.vector": ((2, 3, 4), (4,)),
    "vector.batch": ((4,), (2, 4, 3)),
    "broadcast": ((2, 1, 3, 4), (3, 4, 2)),
    "outer": ((3, 1), (1, 4)),
    "empty": ((3, 0), (0, 4)),
}
EINSUMS = {
    "product": ("ij,jk->ik", (2, 3), (3, 4)),
    "batch": ("bik,bkj->bij", (2, 3, 4), (2, 4, 2)),
    "implicit": ("ij,jk", (2, 3), (3, 4)),
    "trace": ("ii", (3, 3)),
    "diagonal": ("bii->ib", (2, 3, 3)),
    "transpose": ("ijk->kji", (2, 3, 4)),
    "total": ("ij->", (2, 3)),
    "three": ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    "outer": ("i,jk->jik", (2,), (3, 2)),
    "ellipsis": ("...ij,...jk->...ik", (2, 1, 2, 3), (4, 3, 2)),
    "bilinear": ("bi,oij,bj->bo", (2, 3), (4, 3, 2), (2, 2)),
    "attention": ("bhqd,bhkd->bhqk", (1, 2, 3, 2), (1, 2, 4, 2)),
    "repeated": ("ij,ij->i", (2, 3), (2, 3)),
    "scalar": (",ij->ij", (), (2, 3)),
}


def record(family):
    for case, (left, right) in SHAPES.items():
        family.case("matmul", case, torch.matmul, family.normal(*left), family.normal(*right))
    for case, (text, *shapes) in EINSUMS.items():
        family.case(
            f"einsum({text})",
            case,
            lambda *t: torch.einsum(text, *t),
            *(family.normal(*shape) for shape in shapes),
        )
    family.case("dot", "random", torch.dot, family.normal(4), family.normal(4))
    family.case("outer", "random", torch.outer, family.normal(4), family.normal(3))
    family.case("inner", "random", torch.inner, family.normal(2, 3), family.normal(4, 2, 3))
    family.case("inner", "vectors", torch.inner, family.normal(3), family.normal(3))
    family.case("kron", "random", torch.kron, family.normal(2, 3), family.normal(3, 2))
    family.case("kron", "fewer", torch.kron, family.normal(2), family.normal(2, 2, 2))
    family.case(
        "tensordot",
        "random",
        lambda a, b: torch.tensordot(a, b, 2),
        family.normal(2, 3, 4),
        family.normal(3, 4, 2),
    )
    family.case(
        "tensordot.0",
        "random",
        lambda a, b: torch.tensordot(a, b, 0),
        family.normal(2),
        family.normal(3, 2),
    )
    family.case(
        "tensordot_over",
        "random",
        lambda a, b: torch.tensordot(a, b, ([2, 0], [0, 1])),
        family.normal(2, 3, 4),
        family.normal(4, 2, 3),
    )
    family.case("trace", "random", lambda a: torch.trace(a) ** 2, family.normal(3, 4))
    family.case(
        "trace.offset", "random", lambda a: a.diagonal(1, 0, -1).sum(-1) ** 2, family.normal(2, 3, 4)
    )
