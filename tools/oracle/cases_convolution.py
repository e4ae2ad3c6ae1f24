"""Convolutions, transposed ones, windows and poolings with stride, padding, dilation and groups."""
import torch
import torch.nn.functional as F

from cases_elementwise import T, inf, nan

# name: (function, channels in, channels out, extents, kernel, options)
CONVOLUTIONS = {
    "conv1d": (F.conv1d, 2, 3, (7,), (3,), {}),
    "conv1d.all": (F.conv1d, 4, 6, (9,), (3,), {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}),
    "conv2d": (F.conv2d, 2, 3, (4, 5), (3, 2), {}),
    "conv2d.stride": (F.conv2d, 2, 2, (5, 6), (2, 3), {"stride": (2, 3)}),
    "conv2d.padding": (F.conv2d, 2, 2, (3, 4), (3, 3), {"padding": (1, 2)}),
    "conv2d.dilation": (F.conv2d, 1, 2, (6, 5), (2, 3), {"dilation": (3, 2)}),
    "conv2d.groups": (F.conv2d, 4, 4, (3, 3), (2, 2), {"groups": 2}),
    "conv2d.depthwise": (F.conv2d, 3, 6, (4, 3), (2, 2), {"groups": 3, "padding": 1}),
    "conv2d.all": (
        F.conv2d,
        4,
        2,
        (6, 7),
        (3, 2),
        {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2},
    ),
    "conv2d.point": (F.conv2d, 3, 2, (2, 3), (1, 1), {}),
    "conv3d": (F.conv3d, 2, 2, (3, 4, 3), (2, 3, 2), {}),
    "conv3d.all": (
        F.conv3d,
        2,
        2,
        (4, 3, 5),
        (2, 2, 3),
        {"stride": (2, 1, 2), "padding": (1, 0, 1), "dilation": (2, 1, 1), "groups": 2},
    ),
}
TRANSPOSED = {
    "conv_transpose1d": (F.conv_transpose1d, 2, 3, (4,), (3,), {}),
    "conv_transpose1d.all": (
        F.conv_transpose1d,
        4,
        2,
        (4,),
        (3,),
        {"stride": 2, "padding": 1, "output_padding": 1, "dilation": 2, "groups": 2},
    ),
    "conv_transpose2d": (F.conv_transpose2d, 2, 3, (3, 2), (2, 3), {}),
    "conv_transpose2d.stride": (
        F.conv_transpose2d,
        2,
        2,
        (3, 2),
        (3, 2),
        {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2)},
    ),
    "conv_transpose2d.all": (
        F.conv_transpose2d,
        4,
        4,
        (3, 2),
        (2, 2),
        {"stride": (2, 1), "padding": 1, "dilation": (1, 2), "groups": 2},
    ),
    "conv_transpose3d": (F.conv_transpose3d, 2, 2, (2, 3, 2), (2, 2, 3), {}),
    "conv_transpose3d.all": (
        F.conv_transpose3d,
        2,
        2,
        (2, 3, 2),
        (2, 1, 3),
        {"stride": (2, 1, 3), "padding": (1, 0, 1), "output_padding": (1, 0, 2), "dilation": (2, 1, 1), "groups": 2},
    ),
}
IMAGE_POOLS = {
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "max_pool2d.stride": lambda x: F.max_pool2d(x, (3, 2), (2, 1)),
    "max_pool2d.all": lambda x: F.max_pool2d(x, 2, (2, 1), 1, (2, 1), ceil_mode=True),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "avg_pool2d.padding": lambda x: F.avg_pool2d(x, (3, 2), (2, 1), (1, 1)),
    "avg_pool2d.inside": lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    "avg_pool2d.ceil": lambda x: F.avg_pool2d(x, 2, 2, 1, ceil_mode=True),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
    "adaptive_avg_pool2d.more": lambda x: F.adaptive_avg_pool2d(x, (2, 9)),
    "interpolate.nearest": lambda x: F.interpolate(x, (8, 3)),
    "interpolate.nearest.scale": lambda x: F.interpolate(x, scale_factor=1.7),
    "interpolate.bilinear": lambda x: F.interpolate(x, (8, 3), mode="bilinear"),
    "interpolate.bilinear.corners": lambda x: F.interpolate(x, (8, 3), mode="bilinear", align_corners=True),
    "interpolate.bilinear.scale": lambda x: F.interpolate(x, scale_factor=(1.7, 0.6), mode="bilinear"),
}
ROOM_POOLS = {
    "max_pool3d": lambda x: F.max_pool3d(x, 2),
    "max_pool3d.all": lambda x: F.max_pool3d(x, 2, (1, 2, 1), 1, (1, 2, 1), ceil_mode=True),
    "avg_pool3d": lambda x: F.avg_pool3d(x, 2),
    "avg_pool3d.all": lambda x: F.avg_pool3d(x, (2, 3, 2), (1, 2, 1), (1, 1, 0), True, False),
    "adaptive_avg_pool3d": lambda x: F.adaptive_avg_pool3d(x, (2, 3, 6)),
}
ROW_POOLS = {
    "max_pool1d": lambda x: F.max_pool1d(x, 2),
    "max_pool1d.all": lambda x: F.max_pool1d(x, 3, 2, 1, 2, ceil_mode=True),
    "avg_pool1d": lambda x: F.avg_pool1d(x, 3),
    "avg_pool1d.all": lambda x: F.avg_pool1d(x, 3, 2, 1, True, False),
}
ADAPTIVE_ROW_POOLS = {
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x, 3),
    "adaptive_avg_pool1d.more": lambda x: F.adaptive_avg_pool1d(x, 10),
}


def record(family):
    for name, (f, c, o, extents, kernel, options) in CONVOLUTIONS.items():
        weight = family.normal(o, c // options.get("groups", 1), *kernel)
        family.case(
            name,
            "random",
            lambda *t: f(*t, **options),
            family.normal(2, c, *extents),
            weight,
            family.normal(o),
        )
    family.case("conv2d", "no_bias", F.conv2d, family.normal(1, 1, 3, 3), family.normal(1, 1, 2, 2))
    for name, (f, c, o, extents, kernel, options) in TRANSPOSED.items():
        weight = family.normal(c, o // options.get("groups", 1), *kernel)
        family.case(
            name,
            "random",
            lambda *t: f(*t, **options),
            family.normal(2, c, *extents),
            weight,
            family.normal(o),
        )
    columns = dict(kernel_size=(2, 3), dilation=(2, 1), padding=(1, 0), stride=(1, 2))
    family.case("unfold", "random", lambda x: F.unfold(x, (2, 2)), family.normal(1, 2, 3, 4))
    family.case("unfold.all", "random", lambda x: F.unfold(x, **columns) ** 2, family.normal(2, 2, 4, 5))
    family.case("fold", "random", lambda x: F.fold(x, (3, 4), (2, 2)), family.normal(1, 8, 6))
    family.case("fold.all", "random", lambda x: F.fold(x, (4, 5), **columns) ** 2, family.normal(2, 12, 8))
    for name, f in IMAGE_POOLS.items():
        family.case(name, "random", lambda x: f(x) ** 2, family.normal(2, 2, 5, 6))
    for name, f in ROW_POOLS.items():
        family.case(name, "random", lambda x: f(x) ** 2, family.normal(2, 2, 7))
    ties = torch.tensor([[[1.0, 1, 0, 0, -0.0, inf, inf, -inf, -inf, nan, 1, 2]]], dtype=T)
    family.case("max_pool1d", "special", lambda x: F.max_pool1d(x, 2) ** 2, ties, vary=())
    family.case("max_pool1d", "ties", lambda x: F.max_pool1d(x, 2) ** 2, ties[..., :4].clone())
    for name, f in ROOM_POOLS.items():
        family.case(name, "random", lambda x: f(x) ** 2, family.normal(1, 2, 3, 4, 4))
    for name, f in ADAPTIVE_ROW_POOLS.items():
        family.case(name, "random", lambda x: f(x) ** 2, family.normal(2, 2, 7))
