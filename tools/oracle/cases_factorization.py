"""Linear algebra, batched: include/wengert/ops/factorization.hpp.

What is unique only up to signs is recorded so that the signs cancel: q and r with a positive diagonal of r,
eigenvectors as v diag(c) vᵀ and singular vectors as u diag(c) vh with fixed distinct numbers c.
"""
import torch
from torch import linalg

from recording import weights


def symmetric(a):
    return (a + a.mT) / 2


def positive(family, *batch, n=3):
    a = family.normal(*batch, n, n)
    return a @ a.mT + torch.eye(n)


def spread(family, m, n, *batch):
    """A matrix with singular values well apart: differences enter the derivatives' denominators."""
    u, _, vh = linalg.svd(family.normal(*batch, m, n), full_matrices=False)
    return u @ torch.diag(torch.arange(1.0, min(m, n) + 1, dtype=u.dtype)) @ vh


def qr(a):
    q, r = linalg.qr(a)
    sign = torch.sign(r.diagonal(dim1=-2, dim2=-1)).detach()
    return q * sign.unsqueeze(-2), r * sign.unsqueeze(-1)


def eigh(a):
    values, vectors = linalg.eigh(symmetric(a))
    return values, (vectors * weights(values.shape[-1:], 7)) @ vectors.mT


def svd(a):
    u, s, vh = linalg.svd(a, full_matrices=False)
    return s, (u * weights(s.shape[-1:], 7)) @ vh


def record(family):
    a, tall, wide = family.normal(3, 3), family.normal(4, 3), family.normal(2, 3)
    batch = family.normal(2, 3, 3) + 2 * torch.eye(3)
    family.case("cholesky", "random", lambda t: linalg.cholesky(symmetric(t)), symmetric(positive(family)))
    family.case(
        "cholesky", "batch", lambda t: linalg.cholesky(symmetric(t)), symmetric(positive(family, 2))
    )
    for name, f in {
        "inv": linalg.inv,
        "det": linalg.det,
        "expm": torch.matrix_exp,
        "pinv": linalg.pinv,
    }.items():
        family.case(name, "random", f, a)
        family.case(name, "batch", f, batch)
    family.case("pinv", "tall", linalg.pinv, tall)
    family.case("pinv", "wide", linalg.pinv, wide)
    family.case("det", "one", linalg.det, family.normal(1, 1))
    family.case("slogdet", "random", linalg.slogdet, a)
    family.case("slogdet", "batch", linalg.slogdet, batch)
    family.case("expm", "large", torch.matrix_exp, 5 * a)
    family.case("expm", "small", torch.matrix_exp, 1e-3 * a)
    for n in (-2, 0, 1, 3):
        family.case(f"matrix_power.{n}", "random", lambda t: linalg.matrix_power(t, n), batch)
    family.case("solve", "matrix", linalg.solve, a, family.normal(3, 2))
    family.case("solve", "vector", linalg.solve, a, family.normal(3))
    family.case("solve", "batch", linalg.solve, batch, family.normal(2, 3, 2))
    family.case("solve", "broadcast", linalg.solve, batch, family.normal(1, 3, 2))
    right = family.normal(2, 3, 2)
    family.case(
        "solve_triangular",
        "random",
        lambda t, b: linalg.solve_triangular(t.tril(), b, upper=False),
        batch,
        right,
    )
    family.case(
        "solve_triangular.upper",
        "random",
        lambda t, b: linalg.solve_triangular(t.triu(), b, upper=True),
        batch,
        right,
    )
    family.case(
        "solve_triangular.transpose",
        "random",
        lambda t, b: linalg.solve_triangular(t.tril().mT, b, upper=True),
        batch,
        right,
    )
    family.case(
        "solve_triangular.unit",
        "random",
        lambda t, b: linalg.solve_triangular(t.tril(), b, upper=False, unitriangular=True),
        batch,
        right,
    )
    for case, x in {"square": a, "tall": tall, "batch": family.normal(2, 3, 2)}.items():
        family.case("qr", case, qr, x)
    family.case("eigh", "random", eigh, symmetric(a))
    family.case("eigh", "batch", eigh, symmetric(family.normal(2, 3, 3)))
    family.case(
        "eigvalsh", "random", lambda t: linalg.eigvalsh(symmetric(t)), symmetric(family.normal(4, 4))
    )
    for case, x in {
        "square": spread(family, 3, 3),
        "tall": spread(family, 4, 2),
        "wide": spread(family, 2, 4),
        "batch": spread(family, 3, 2, 2),
    }.items():
        family.case("svd", case, svd, x)
    family.case("lstsq", "tall", lambda t, b: linalg.pinv(t) @ b, tall, family.normal(4, 2))
    family.case("lstsq", "square", lambda t, b: linalg.pinv(t) @ b, a, family.normal(3, 1))
