"""Optimizers and schedules: include/wengert/optim. The first 20 steps of each; 50 step sizes.

An optimizer's case has the inputs p (2, 3), where it starts, scale (2, 3) and noise (20, 2, 3). Its t-th loss
is sum(scale p^2 / 2 + sin(p) + noise[t] p); the output (20, 2, 3) is where p is after each step. L-BFGS
minimizes the same without noise, or Rosenbrock's function. A schedule's case has the input lr (); the output
(50,) is the step size at each step.
"""
import torch
from torch.optim import lr_scheduler

OPTIMIZERS = {
    "SGD": (
        torch.optim.SGD,
        {
            "plain": {"lr": 0.1},
            "momentum": {"lr": 0.1, "momentum": 0.9},
            "dampening": {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
            "nesterov": {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
            "maximize": {"lr": 0.01, "momentum": 0.5, "maximize": True},
        },
    ),
    "Adagrad": (
        torch.optim.Adagrad,
        {
            "plain": {"lr": 0.1},
            "options": {
                "lr": 0.2,
                "lr_decay": 0.1,
                "weight_decay": 0.1,
                "initial_accumulator_value": 0.5,
                "eps": 1e-3,
            },
            "maximize": {"lr": 0.1, "maximize": True},
        },
    ),
    "Adadelta": (
        torch.optim.Adadelta,
        {
            "plain": {},
            "options": {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1},
            "maximize": {"maximize": True},
        },
    ),
    "RMSprop": (
        torch.optim.RMSprop,
        {
            "plain": {},
            "momentum": {"lr": 0.02, "alpha": 0.8, "momentum": 0.9, "weight_decay": 0.1},
            "centered": {"lr": 0.01, "alpha": 0.9, "eps": 1e-3, "centered": True},
            "both": {"lr": 0.01, "alpha": 0.9, "eps": 0.1, "centered": True, "momentum": 0.5},
            "maximize": {"maximize": True},
        },
    ),
    "Adam": (
        torch.optim.Adam,
        {
            "plain": {"lr": 0.1},
            "options": {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-2, "weight_decay": 0.3},
            "amsgrad": {"lr": 0.1, "betas": (0.8, 0.3), "amsgrad": True},
            "maximize": {"lr": 0.1, "maximize": True},
        },
    ),
    "AdamW": (
        torch.optim.AdamW,
        {
            "plain": {"lr": 0.1},
            "options": {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-2, "weight_decay": 0.3},
            "amsgrad": {"lr": 0.1, "betas": (0.8, 0.3), "amsgrad": True},
            "maximize": {"lr": 0.1, "maximize": True},
        },
    ),
    "Adamax": (
        torch.optim.Adamax,
        {
            "plain": {"lr": 0.1},
            "options": {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-2, "weight_decay": 0.3},
            "maximize": {"lr": 0.1, "maximize": True},
        },
    ),
    "NAdam": (
        # The other implementation within PyTorch 1.13 multiplies the product of mu once too often.
        lambda p, **options: torch.optim.NAdam(p, foreach=True, **options),
        {
            "plain": {"lr": 0.1},
            "options": {
                "lr": 0.1,
                "betas": (0.5, 0.7),
                "eps": 1e-2,
                "weight_decay": 0.3,
                "momentum_decay": 0.1,
            },
        },
    ),
    "RAdam": (
        torch.optim.RAdam,
        {
            "plain": {"lr": 0.1},
            "options": {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-2, "weight_decay": 0.3},
        },
    ),
}

LBFGS = {
    "unsearched": {"max_iter": 2, "history_size": 3},
    "one": {"max_iter": 1, "line_search_fn": "strong_wolfe"},
    "short": {"max_iter": 3, "history_size": 2, "line_search_fn": "strong_wolfe"},
    "length": {"lr": 0.1, "max_iter": 2, "max_eval": 4, "line_search_fn": "strong_wolfe"},
}

SCHEDULES = {
    "step": lambda o: lr_scheduler.StepLR(o, 7, 0.5),
    "multistep": lambda o: lr_scheduler.MultiStepLR(o, [3, 10, 31], 0.3),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "polynomial": lambda o: lr_scheduler.PolynomialLR(o, 40, 2.0),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 30, 0.01),
    "cosine_warm_restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 12, 1, 0.01),
    "cosine_warm_restarts.mult": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 2, 0.0),
    "linear_warmup": lambda o: lr_scheduler.LinearLR(o, 0.1, 0.8, 9),
    "one_cycle": lambda o: lr_scheduler.OneCycleLR(o, 0.3, 51, cycle_momentum=False),
    "one_cycle.linear": lambda o: lr_scheduler.OneCycleLR(
        o,
        0.3,
        60,
        pct_start=0.4,
        anneal_strategy="linear",
        cycle_momentum=False,
        div_factor=10.0,
        final_div_factor=100.0,
    ),
    "one_cycle.three_phase": lambda o: lr_scheduler.OneCycleLR(
        o, 0.3, 51, three_phase=True, cycle_momentum=False
    ),
    "cyclic": lambda o: lr_scheduler.CyclicLR(o, 0.3, 1.0, 8, cycle_momentum=False),
    "cyclic.triangular2": lambda o: lr_scheduler.CyclicLR(
        o, 0.3, 1.0, 4, 7, mode="triangular2", cycle_momentum=False
    ),
    "cyclic.exp_range": lambda o: lr_scheduler.CyclicLR(
        o, 0.3, 1.0, 5, mode="exp_range", gamma=0.95, cycle_momentum=False
    ),
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lambda t: 1.0 / (1.0 + t)),
    "chain": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(o, 0.1, 1.0, 10), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
    "sequential": lambda o: lr_scheduler.SequentialLR(
        o,
        [
            lr_scheduler.LinearLR(o, 0.1, 1.0, 5),
            lr_scheduler.ExponentialLR(o, 0.9),
            lr_scheduler.StepLR(o, 6, 0.5),
        ],
        [5, 20],
    ),
}
MOMENTA = {
    "one_cycle": lambda o: lr_scheduler.OneCycleLR(o, 0.3, 51, base_momentum=0.8, max_momentum=0.96),
    "cyclic": lambda o: lr_scheduler.CyclicLR(o, 0.3, 1.0, 8, base_momentum=0.8, max_momentum=0.96),
}
PLATEAU = {
    "plain": {"patience": 2, "factor": 0.5},
    "max": {"mode": "max", "patience": 1, "cooldown": 3, "threshold": 0.05},
    "absolute": {"patience": 3, "threshold_mode": "abs", "threshold": 0.1, "min_lr": 0.02},
}


def smooth(p, scale):
    return (0.5 * scale * p**2 + torch.sin(p)).sum()


def rosenbrock(p, scale):
    x = p.reshape(-1)
    return (10 * scale.reshape(-1)[1:] * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def trained(make, options, *, loss=None):
    def run(start, scale, noise=None):
        p = start.clone().requires_grad_()
        optimizer = make([p], **options)
        places = []
        for t in range(20):

            def closure():
                optimizer.zero_grad()
                value = loss(p, scale) if loss else smooth(p, scale) + (noise[t] * p).sum()
                value.backward()
                return value

            if loss:
                optimizer.step(closure)
            else:
                closure()
                optimizer.step()
            places.append(p.detach().clone())
        return torch.stack(places)

    return run


def scheduled(make, option="lr"):
    def run(lr):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=float(lr), momentum=0.9)
        scheduler, sizes = make(optimizer), []
        for _ in range(50):
            sizes.append(optimizer.param_groups[0][option])
            optimizer.step()
            scheduler.step()
        return torch.tensor(sizes, dtype=torch.float64)

    return run


def plateau(options):
    def run(lr, measures):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=float(lr))
        scheduler, sizes = lr_scheduler.ReduceLROnPlateau(optimizer, **options), []
        for measure in measures:
            scheduler.step(measure)
            sizes.append(optimizer.param_groups[0]["lr"])
        return torch.tensor(sizes, dtype=torch.float64)

    return run


def record(family):
    start, scale = family.normal(2, 3), family.uniform(0.1, 3.0, 2, 3)
    noise = 0.5 * family.normal(20, 2, 3)
    for name, (make, cases) in OPTIMIZERS.items():
        for case, options in cases.items():
            family.case(f"{name}.{case}", "steps", trained(make, options), start, scale, noise, vary=())
    for name, loss in {"smooth": smooth, "rosenbrock": rosenbrock}.items():
        for case, options in LBFGS.items():
            if name == "rosenbrock" and case == "unsearched":
                continue
            run = trained(torch.optim.LBFGS, options, loss=loss)
            family.case(f"LBFGS.{name}.{case}", "steps", run, start, scale, vary=())
    lr = torch.tensor(0.3, dtype=torch.float64)
    for name, make in SCHEDULES.items():
        family.case(f"schedule.{name}", "sizes", scheduled(make), lr, vary=())
    for name, make in MOMENTA.items():
        family.case(f"momentum.{name}", "sizes", scheduled(make, "momentum"), lr, vary=())
    measures = family.normal(50).cumsum(0) * 0.1 + torch.exp(-0.1 * torch.arange(50, dtype=torch.float64))
    for name, options in PLATEAU.items():
        family.case(f"plateau.{name}", "sizes", plateau(options), lr, measures, vary=())
