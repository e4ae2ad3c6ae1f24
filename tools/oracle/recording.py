"""Family: runs PyTorch functions on inputs and collects what tools/oracle/generate writes; see there."""
import json

import numpy
import torch

import safetensors

numpy.seterr(all="ignore")  # special values are what this is about


def weights(shape, salt):
    """Fixed numbers in (-2, 2): odd multiples of 1/128, a multiplicative hash of the position."""
    count = int(numpy.prod(shape, dtype=numpy.int64))
    hashed = (
        (numpy.arange(count, dtype=numpy.uint64) * 2654435761 + salt * 40503 + 12345)
        % 2**32
        // 2**16
        % 256
    )
    return torch.from_numpy((hashed.astype(numpy.float64) * 2 - 255) / 128).reshape(tuple(shape))


def contraction(tensors, first_salt):
    """The weighted sum of those that are given, or None."""
    parts = [
        (weights(t.shape, first_salt + i) * t).sum()
        for i, t in enumerate(tensors)
        if t is not None and t.requires_grad
    ]
    return sum(parts[1:], parts[0]) if parts else None


class Family:
    def __init__(self, name):
        self.generator = torch.Generator().manual_seed(sum(map(ord, name)))
        self.tensors, self.conventions, self.calls, self.count = {}, {}, set(), 0

    def normal(self, *shape):
        return torch.randn(shape, generator=self.generator, dtype=torch.float64)

    def uniform(self, low, high, *shape):
        return low + (high - low) * torch.rand(shape, generator=self.generator, dtype=torch.float64)

    def whole(self, low, high, *shape):
        return torch.randint(low, high, shape, generator=self.generator)

    def case(self, call, case, function, *inputs, vary=None):
        """Records function(*inputs) and its derivatives in inputs `vary`: None: all floats, (): none."""
        key = f"{call}/{case}/"
        if key + "out0" in self.tensors:
            raise ValueError(f"{key} is recorded twice")
        inputs = [x.detach().clone() for x in inputs]
        for i, x in enumerate(inputs):
            if x.is_floating_point() and (vary is None or i in vary):
                x.requires_grad_()
        result = function(*inputs)
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        self.calls.add(call)
        self.count += 1
        self.put(key, "in", inputs)
        self.put(key, "out", outputs)
        varied = [i for i, x in enumerate(inputs) if x.requires_grad]
        total = contraction(outputs, 0)
        if vary != () and varied and total is None:  # constant: all derivatives are 0
            self.put(key, "grad", [torch.zeros_like(x) if x.requires_grad else None for x in inputs])
        if total is None:
            return
        found = torch.autograd.grad(
            total, [inputs[i] for i in varied], create_graph=True, allow_unused=True
        )
        gradients = [None] * len(inputs)
        for i, g in zip(varied, found):
            gradients[i] = torch.zeros_like(inputs[i]) if g is None else g
        self.put(key, "grad", gradients)
        total = contraction(gradients, 16)
        if total is None:
            return
        found = torch.autograd.grad(total, [inputs[i] for i in varied], allow_unused=True)
        seconds = [None] * len(inputs)
        for i, g in zip(varied, found):
            seconds[i] = None if g is None or not g.any() else g
        self.put(key, "second", seconds)

    def put(self, key, part, tensors):
        for i, t in enumerate(tensors):
            if t is not None:
                array = t.detach().resolve_conj().numpy()
                self.tensors[f"{key}{part}{i}"] = numpy.ascontiguousarray(array).reshape(array.shape)

    def weights(self, key, salt=0):
        """What the tensor of a key is contracted with, as an array of its shape."""
        return weights(self.tensors[key].shape, salt).numpy()

    def convention(self, part, value, reason, where=None):
        """In PART (a whole key) Wengert has `value` where where(inputs...) holds (default:
        at PyTorch's NaNs for finite inputs), and PyTorch has another value there.

        `value`: a number, an array of PART's shape, or "finite": some finite number, where the true one is
        infinite or there is none.
        """
        found, case = self.tensors[part], part.rsplit("/", 1)[0]
        inputs = [self.tensors[f"{case}/in{i}"] for i in range(8) if f"{case}/in{i}" in self.tensors]
        if where is None:
            chosen = numpy.isnan(found) & numpy.logical_and.reduce([numpy.isfinite(x) for x in inputs])
        else:
            chosen = numpy.broadcast_to(where(*inputs), found.shape)
        if isinstance(value, str):
            same, values = numpy.isfinite(found), None
        else:
            values = numpy.broadcast_to(numpy.asarray(value, dtype=numpy.float64), found.shape)
            same = numpy.isclose(found, values, rtol=1e-12, atol=0, equal_nan=True)
        elements = numpy.flatnonzero(chosen & ~same)
        if not elements.size:
            raise ValueError(f"{part}: PyTorch has no other value; drop the convention")
        entry = {"elements": elements.tolist(), "reason": reason}
        entry["values"] = (
            "finite" if values is None else [repr(float(v)) for v in values.reshape(-1)[elements]]
        )
        if values is not None and len(set(entry["values"])) == 1:
            entry["values"] = entry["values"][0]
        self.conventions.setdefault(part, []).append(entry)

    def write(self, path):
        metadata = {
            part: json.dumps(entries, sort_keys=True) for part, entries in sorted(self.conventions.items())
        }
        return safetensors.write(path, self.tensors, metadata)
