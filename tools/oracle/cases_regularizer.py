"""Penalties and what holds norms: include/wengert/nn/regularizer.hpp."""
import torch
import torch.nn.functional as F

from cases_elementwise import T, inf


def groups(w, axis):
    return w.movedim(axis, 0).reshape(w.shape[axis], -1)


def gram(w):
    w = groups(w, 0)
    w = w if w.shape[0] <= w.shape[1] else w.T
    return ((w @ w.T - torch.eye(w.shape[0])) ** 2).sum()


def network(x, w, v):
    """(N, 3) -> (N, 2), smooth."""
    return torch.tanh(x @ w) @ v


def of_samples(f, x):
    """The Jacobians of f at the samples, (N, outputs, inputs)."""
    one = lambda s: f(s[None])[0]
    return torch.stack([torch.autograd.functional.jacobian(one, s, create_graph=True) for s in x])


def gradient_penalty(x, w, v, target=1, one_sided=False):
    excess = torch.linalg.vector_norm(of_samples(lambda s: network(s, w, v), x), dim=(1, 2)) - target
    return ((torch.relu(excess) if one_sided else excess) ** 2).mean()


def spectral(w, u, iterations, dim=0):
    matrix = groups(w, dim)
    with torch.no_grad():
        u = F.normalize(u, dim=0)
        v = F.normalize(matrix.T @ u, dim=0)
        for i in range(iterations):
            v = F.normalize(matrix.T @ u, dim=0)
            u = F.normalize(matrix @ v, dim=0)
    sigma = u @ matrix @ v
    return w / sigma, sigma, u


def weight_norm(v, g, dim):
    """As torch._weight_norm, whose second derivative PyTorch's own gradgradcheck refuses."""
    others = [d for d in range(v.dim()) if d != dim]
    y = v * (g / (v**2).sum(others, keepdim=True).sqrt())
    assert torch.allclose(y, torch._weight_norm(v, g, dim), rtol=1e-14)
    return y


def record(family):
    matrix, image = family.normal(4, 3), family.normal(2, 3, 4, 5)
    wide, vector = family.normal(2, 3, 2), family.normal(4)
    family.case(
        "group_lasso",
        "random",
        lambda a, b: sum(groups(t, 0).norm(dim=1).sum() * groups(t, 0).shape[1] ** 0.5 for t in (a, b)),
        matrix,
        vector,
    )
    family.case("group_lasso.1", "random", lambda a: groups(a, 1).norm(dim=1).sum(), wide)
    family.case("orthogonality", "random", lambda a, b: gram(a) + gram(b), matrix, wide)
    family.case("nuclear_norm", "random", lambda a: torch.linalg.matrix_norm(a, "nuc"), matrix)
    family.case("nuclear_norm", "batch", lambda a: torch.linalg.matrix_norm(a, "nuc").sum(), wide)
    for axis in (-1, 0):
        family.case(
            f"entropy.{axis}",
            "random",
            lambda a: torch.distributions.Categorical(logits=a.movedim(axis, -1)).entropy().mean(),
            matrix,
        )
    dx, dy = lambda a: a[..., 1:] - a[..., :-1], lambda a: a[..., 1:, :] - a[..., :-1, :]
    family.case("total_variation", "random", lambda a: abs(dx(a)).sum() + abs(dy(a)).sum(), image)
    family.case(
        "total_variation.isotropic",
        "random",
        lambda a: torch.hypot(dx(a)[..., :-1, :], dy(a)[..., :-1]).sum()
        + abs(dx(a)[..., -1, :]).sum()
        + abs(dy(a)[..., -1]).sum(),
        image,
    )
    family.case("activity", "random", lambda a: (0.3 * abs(a).sum() + 0.2 * (a**2).sum()) / len(a), matrix)

    x, w, v = family.normal(4, 3), family.normal(3, 5), family.normal(5, 1)
    family.case("gradient_penalty", "random", gradient_penalty, x, w, v)
    family.case(
        "gradient_penalty.one_sided",
        "random",
        lambda *t: gradient_penalty(*t, target=0.7, one_sided=True),
        x,
        w,
        v,
    )
    family.case(
        "jacobian_penalty",
        "random",
        lambda x, w, v: (of_samples(lambda s: network(s, w, v), x) ** 2).sum() / len(x),
        x,
        w,
        family.normal(5, 2),
    )

    first, last = family.normal(2, 1, 1), family.normal(1, 1, 2)
    family.case("weight_norm.0", "random", lambda v, g: weight_norm(v, g, 0), wide, first)
    family.case("weight_norm.2", "random", lambda v, g: weight_norm(v, g, 2), wide, last)
    for n in (0, 1, 5):
        family.case(
            f"spectral_norm.{n}", "random", lambda a, b: spectral(a, b, n), matrix, family.normal(4), vary=[0]
        )
    family.case(
        "spectral_norm.axis", "random", lambda a, b: spectral(a, b, 2, 1), wide, family.normal(3), vary=[0]
    )
    for name, p, axis in (("2.0", 2, 0), ("1.-1", 1, -1), ("inf.1", inf, 1)):
        family.case(f"max_norm.{name}", "random", lambda a: torch.renorm(a, p, axis, 1.2), wide, vary=())
