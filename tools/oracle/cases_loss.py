"""Losses, and the distances they use: include/wengert/nn/loss_*.hpp and nn/distance.hpp."""
import itertools
import math

import torch
import torch.nn.functional as F

from cases_elementwise import T, inf

REDUCTIONS = ("none", "mean", "sum")


def reduced(losses, reduction):
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


def record(family):
    regression(family)
    classification(family)
    margins(family)
    embeddings(family)
    distances(family)
    sequences(family)
    conventions(family)


def regression(family):
    x, t = 2 * family.normal(4, 5), family.normal(4, 5)
    rate, counts = family.uniform(0.1, 3, 4, 5), family.whole(0, 6, 4, 5).double()
    variance, column = family.uniform(0.2, 2, 4, 5), family.uniform(0.2, 2, 4, 1)
    losses = {
        "huber_loss": lambda a, b, r: F.huber_loss(a, b, reduction=r),
        "huber_loss.delta": lambda a, b, r: F.huber_loss(a, b, delta=0.4, reduction=r),
        "smooth_l1_loss": lambda a, b, r: F.smooth_l1_loss(a, b, reduction=r),
        "smooth_l1_loss.beta": lambda a, b, r: F.smooth_l1_loss(a, b, beta=0.4, reduction=r),
        "smooth_l1_loss.0": lambda a, b, r: F.smooth_l1_loss(a, b, beta=0, reduction=r),
        "log_cosh_loss": lambda a, b, r: reduced(torch.log(torch.cosh(a - b)), r),
        "quantile_loss": lambda a, b, r: reduced(torch.maximum(0.9 * (b - a), -0.1 * (b - a)), r),
    }
    for name, f in losses.items():
        for reduction in REDUCTIONS:
            family.case(f"{name}.{reduction}", "random", lambda a, b, f=f, r=reduction: f(a, b, r), x, t)
    zero, far = torch.zeros(3, dtype=T), torch.tensor([-1e300, 40, 700], dtype=T)
    family.case("huber_loss.none", "equal", lambda a, b: F.huber_loss(a, b, reduction="none"), zero, zero)
    family.case("huber_loss.none", "far", lambda a, b: F.huber_loss(a, b, reduction="none"), far, zero)
    family.case("log_cosh_loss.none", "far", lambda a, b: abs(a - b) - math.log(2), far, zero)
    family.case("log_cosh_loss.none", "equal", lambda a, b: torch.log(torch.cosh(a - b)), zero, zero)
    for reduction in REDUCTIONS:
        r = {"reduction": reduction}
        family.case(
            f"poisson_nll_loss.{reduction}",
            "random",
            lambda a, b: F.poisson_nll_loss(a, b, **r),
            x,
            counts,
        )
        family.case(
            f"gaussian_nll_loss.{reduction}",
            "random",
            lambda a, b, v: F.gaussian_nll_loss(a, b, v, **r),
            x,
            t,
            variance,
        )
    family.case(
        "poisson_nll_loss.full", "random", lambda a, b: F.poisson_nll_loss(a, b, full=True), x, counts
    )
    family.case(
        "poisson_nll_loss.rate",
        "random",
        lambda a, b: F.poisson_nll_loss(a, b, log_input=False, full=True, eps=0.01),
        rate,
        counts,
    )
    family.case(
        "gaussian_nll_loss.full",
        "random",
        lambda a, b, v: F.gaussian_nll_loss(a, b, v, full=True),
        x,
        t,
        column,
    )
    family.case(
        "gaussian_nll_loss.full",
        "small",
        lambda a, b, v: F.gaussian_nll_loss(a, b, v, full=True),
        x[0],
        t[0],
        torch.tensor([0, 1e-9, 1e-6, 1, 2], dtype=T),
    )


def classification(family):
    x, weight = 2 * family.normal(4, 5), family.uniform(0.5, 2, 5)
    images, places = 2 * family.normal(2, 3, 2, 2), torch.tensor([[[0, 2], [1, -100]], [[2, 2], [0, 1]]])
    weights = family.uniform(0.5, 2, 3)
    p, q = torch.softmax(family.normal(4, 5), 1), torch.softmax(family.normal(2, 3, 2, 2), 1)
    for r in REDUCTIONS:
        family.case(
            f"cross_entropy.{r}",
            "images",
            lambda a, i: F.cross_entropy(a, i, reduction=r),
            images,
            places,
        )
        family.case(f"nll_loss.{r}", "images", lambda a, i: F.nll_loss(a, i, reduction=r), images, places)
        family.case(
            f"cross_entropy.all.{r}",
            "images",
            lambda a, i, w: F.cross_entropy(a, i, w, ignore_index=0, label_smoothing=0.2, reduction=r),
            images,
            places.abs().clamp(max=2),
            weights,
            vary=[0],
        )
        family.case(
            f"nll_loss.weight.{r}",
            "images",
            lambda a, i, w: F.nll_loss(a, i, w, reduction=r),
            images,
            places,
            weights,
            vary=[0],
        )
        family.case(
            f"cross_entropy.{r}", "probabilities", lambda a, b: F.cross_entropy(a, b, reduction=r), x, p
        )
        for name, a, b, w in (("rows", x, p, weight), ("images", images, q, weights)):
            family.case(
                f"cross_entropy.smooth.{r}",
                name,
                lambda a, b, w: F.cross_entropy(a, b, w, label_smoothing=0.2, reduction=r),
                a,
                b,
                w,
                vary=[0, 1],
            )
        log_q = torch.log_softmax(x, 1)
        family.case(
            f"kl_div.{r}", "random", lambda a, b: reduced(F.kl_div(a, b, reduction="none"), r), log_q, p
        )
        family.case(
            f"kl_div.log_target.{r}",
            "random",
            lambda a, b: reduced(F.kl_div(a, b, reduction="none", log_target=True), r),
            log_q,
            torch.log(p),
        )
    some = torch.tensor([0.5, 0, 0.25, 0, 0.25], dtype=T)
    masked = torch.tensor([-0.5, -1, -2, -inf, -3], dtype=T)
    family.case(
        "kl_div.none", "zeros", lambda a, b: F.kl_div(a, b, reduction="none"), masked, some, vary=[0]
    )
    logits, goals = 3 * family.normal(4, 5), family.whole(0, 2, 4, 5).double()
    soft = family.uniform(0, 1, 4, 5)

    def focal(a, y, alpha, gamma, r):
        p = torch.sigmoid(a)
        missed = 1 - (p * y + (1 - p) * (1 - y))
        loss = F.binary_cross_entropy_with_logits(a, y, reduction="none") * missed**gamma
        return reduced((alpha * y + (1 - alpha) * (1 - y)) * loss if alpha >= 0 else loss, r)

    for r in REDUCTIONS:
        family.case(
            f"focal_loss.{r}", "random", lambda a, y: focal(a, y, 0.25, 2, r), logits, goals, vary=[0]
        )
    family.case(
        "focal_loss.none", "soft", lambda a, y: focal(a, y, 0.25, 2, "none"), logits, soft, vary=[0]
    )
    family.case(
        "focal_loss.gamma", "random", lambda a, y: focal(a, y, -1, 0.5, "mean"), logits, goals, vary=[0]
    )
    family.case(
        "focal_loss.0", "random", lambda a, y: focal(a, y, 0.7, 0, "mean"), logits, goals, vary=[0]
    )

    def dice(p, y, smooth, power, r):
        p, y = p.flatten(1), y.flatten(1)
        below = (p**power + y**power).sum(1) + smooth
        return reduced(1 - (2 * (p * y).sum(1) + smooth) / below, r)

    masks, found = family.whole(0, 2, 3, 2, 4).double(), family.uniform(0, 1, 3, 2, 4)
    for r in REDUCTIONS:
        family.case(f"dice_loss.{r}", "random", lambda a, y: dice(a, y, 1, 1, r), found, masks)
    family.case("dice_loss.squared", "random", lambda a, y: dice(a, y, 0.5, 2, "mean"), found, masks)


def margins(family):
    x, other, signs = family.normal(4, 5), family.normal(4, 5), family.whole(0, 2, 4, 5).double() * 2 - 1
    labels, weight = torch.tensor([4, 0, 2, 2]), family.uniform(0.5, 2, 5)
    for r in REDUCTIONS:
        hinge = lambda a, y, power, margin: reduced(torch.relu(margin - a * y) ** power, r)
        family.case(f"hinge_loss.{r}", "random", lambda a, y: hinge(a, y, 1, 1), x, signs, vary=[0])
        family.case(
            f"squared_hinge_loss.{r}", "random", lambda a, y: hinge(a, y, 2, 0.5), x, signs, vary=[0]
        )
        family.case(
            f"soft_margin_loss.{r}",
            "random",
            lambda a, y: F.soft_margin_loss(a, y, reduction=r),
            x,
            signs,
            vary=[0],
        )
        family.case(
            f"margin_ranking_loss.{r}",
            "random",
            lambda a, b, y: F.margin_ranking_loss(a, b, y, margin=0.3, reduction=r),
            x,
            other,
            signs,
            vary=[0, 1],
        )

        def margin(a, i, p, margin, w=None):
            """As F.multi_margin_loss, of which PyTorch has no second derivative."""
            a_i = a.gather(1, i[:, None])
            terms = torch.relu(margin - a_i + a) ** p * (1 - F.one_hot(i, a.shape[1]))
            loss = terms.sum(1) / a.shape[1] * (1 if w is None else w[i])
            theirs = F.multi_margin_loss(a, i, p, margin, w, reduction="none")
            assert torch.allclose(loss, theirs, rtol=1e-14), (loss, theirs)
            return reduced(loss, r)

        family.case(f"multi_margin_loss.{r}", "random", lambda a, i: margin(a, i, 1, 1), x, labels)
        family.case(
            f"multi_margin_loss.all.{r}",
            "random",
            lambda a, i, w: margin(a, i, 2, 0.7, w),
            x,
            labels,
            weight,
            vary=[0],
        )
    far = torch.tensor([1000.0, -1000, 0], dtype=T)
    family.case(
        "soft_margin_loss.none",
        "far",
        lambda a, y: -F.logsigmoid(a * y),
        far,
        torch.ones(3, dtype=T),
        vary=[0],
    )


def embeddings(family):
    a, b, c = family.normal(4, 3), family.normal(4, 3), family.normal(4, 3)
    signs = torch.tensor([1.0, -1, 1, -1], dtype=T)
    for r in REDUCTIONS:
        family.case(
            f"triplet_margin_loss.{r}",
            "random",
            lambda x, y, z: F.triplet_margin_loss(x, y, z, reduction=r),
            a,
            b,
            c,
        )
        family.case(
            f"cosine_embedding_loss.{r}",
            "random",
            lambda x, y, t: F.cosine_embedding_loss(x, y, t, margin=-0.5, reduction=r),
            a,
            b,
            signs,
            vary=[0, 1],
        )
        family.case(
            f"info_nce_loss.{r}",
            "random",
            lambda x, y: F.cross_entropy(
                F.normalize(x) @ F.normalize(y).T / 0.5, torch.arange(len(x)), reduction=r
            ),
            a,
            b,
        )
    family.case(
        "triplet_margin_loss.swap",
        "random",
        lambda x, y, z: F.triplet_margin_loss(x, y, z, margin=2.5, p=3, swap=True),
        a,
        b,
        c,
    )

    def against(x, y, others):
        q = F.normalize(x)
        own, apart = (q * F.normalize(y)).sum(1, keepdim=True), q @ F.normalize(others).T
        return F.cross_entropy(torch.cat([own, apart], 1) / 0.1, torch.zeros(len(x), dtype=torch.int64))

    family.case("info_nce_loss.negatives", "random", against, a, b, family.normal(5, 3))


def distances(family):
    a, b, line = family.normal(2, 3, 4), family.normal(2, 3, 4), family.normal(4)
    family.case("softmin", "random", lambda x: F.softmin(x, -1), a)
    for name, p, axis in (("2.1", 2, 1), ("1.0", 1, 0), ("3.-1", 3, -1)):
        family.case(f"normalize.{name}", "random", lambda x: F.normalize(x, p, axis), a)
    family.case("normalize.2.1", "zeros", lambda x: F.normalize(x, 2, 1), torch.zeros(1, 3, dtype=T))
    family.case("cosine_similarity.1", "random", lambda x, y: F.cosine_similarity(x, y, 1), a, b)
    family.case("cosine_similarity.-1", "random", lambda x, y: F.cosine_similarity(x, y, -1), a, b)
    family.case("cosine_similarity.-1", "broadcast", lambda x, y: F.cosine_similarity(x, y, -1), a, line)
    for name, p in (("2", 2), ("1", 1), ("3", 3)):
        family.case(
            f"pairwise_distance.{name}", "random", lambda x, y: F.pairwise_distance(x, y, p), a, b
        )
    family.case("pairwise_distance.2", "equal", lambda x, y: F.pairwise_distance(x, y), line, line)
    family.case("pairwise_distance.2", "broadcast", lambda x, y: F.pairwise_distance(x, y), a, line)
    family.case(
        "pairwise_distance.keepdims", "random", lambda x, y: F.pairwise_distance(x, y, keepdim=True), a, b
    )


def collapsed(path, blank):
    """What a path of classes says: repetitions are one, blanks nothing."""
    return [k for k, _ in itertools.groupby(path) if k != blank]


def ctc(x, targets, lengths, target_lengths, blank, r, zero_infinity=False):
    """-log of the sum over all paths, one by one: PyTorch has no second derivative of its own."""
    losses = []
    for n in range(x.shape[1]):
        steps, target = int(lengths[n]), targets[n][: int(target_lengths[n])].tolist()
        found = [
            sum((x[t, n, k] for t, k in enumerate(path)), torch.zeros((), dtype=T))
            for path in itertools.product(range(x.shape[2]), repeat=steps)
            if collapsed(path, blank) == target
        ]
        nothing = 0 if zero_infinity else inf
        losses.append(-torch.logsumexp(torch.stack(found), 0) if found else torch.tensor(nothing, dtype=T))
    losses = torch.stack(losses)
    if all(lengths > 0):
        theirs = F.ctc_loss(x, targets, lengths, target_lengths, blank, "none", zero_infinity)
        assert torch.allclose(losses, theirs, rtol=1e-12), (losses, theirs)
    return reduced(losses / target_lengths.clamp(min=1) if r == "mean" else losses, r)


def sequences(family):
    x = torch.log_softmax(family.normal(5, 4, 3), 2)
    cases = {
        "random": ([[1, 2], [2, 2], [1, 0], [2, 1]], [5, 4, 3, 2], [2, 2, 1, 2]),
        "empty": ([[1, 2], [0, 0], [1, 1], [2, 1]], [5, 4, 1, 0], [2, 0, 0, 0]),
        "impossible": ([[1, 1], [2, 1], [1, 2], [2, 2]], [2, 1, 3, 5], [2, 2, 2, 1]),
    }
    for name, (targets, lengths, target_lengths) in cases.items():
        given = [torch.tensor(v) for v in (targets, lengths, target_lengths)]
        for r in REDUCTIONS:
            if name != "impossible" or r == "none":
                family.case(f"ctc_loss.{r}", name, lambda a, *i: ctc(a, *i, 0, r), x, *given)
            family.case(
                f"ctc_loss.zero_infinity.{r}", name, lambda a, *i: ctc(a, *i, 0, r, True), x, *given
            )
    given = [torch.tensor(v) for v in ([[0, 1], [1, 1], [0, 0], [1, 0]], [4, 5, 3, 2], [2, 2, 1, 1])]
    family.case("ctc_loss.blank", "random", lambda a, *i: ctc(a, *i, 2, "mean"), x, *given)


def conventions(family):
    """Where Wengert's losses say something else than PyTorch, on special inputs."""
    state, none = family.convention, "0 of a target of 0; PyTorch multiplies it by -inf"
    state("kl_div.none/zeros/out0", 0, none, lambda x, p: p == 0)
    state("normalize.2.1/zeros/second0", 0, "the norm is 0 at 0, all its derivatives too")
    for call in ("full", "rate"):
        for part in ("grad1", "second1"):
            reason = "no term of log(target!) at 0; PyTorch multiplies the infinite one by 0"
            state(f"poisson_nll_loss.{call}/random/{part}", "finite", reason)
