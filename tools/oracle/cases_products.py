"""Products of vectors, matrices and batches: include/wengert/ops/linalg.hpp."""
import torch

SHAPES = {  # one of each class of matmul
    "vector.vector": ((4,), (4,)), "matrix.vector": ((3, 4), (4,)), "vector.matrix": ((4,), (4, 3)),
    "matrix.matrix": ((3, 4), (4, 2)), "batch.batch": ((2, 3, 4), (2, 4, 2)), "batch.matrix": ((2, 3, 4), (4, 2)),
    "matrix.batch": ((3, 4), (2, 4, 2)), "batch.vector": ((2, 3, 4), (4,)), "vector.batch": ((4,), (2, 4, 3)),
    "broadcast": ((2, 1, 3, 4), (3, 4, 2)), "outer": ((3, 1), (1, 4)), "empty": ((3, 0), (0, 4)),
}


def record(family):
    for case, (left, right) in SHAPES.items():
        family.case("matmul", case, torch.matmul, family.normal(*left), family.normal(*right))
