#include "wengert/nn/loss_sequence.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lib/core/tape.hpp"
#include "lib/nn/loss_parts.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

constexpr const char* name = "ctc_loss";

template <class T>
Tensor leaf(const std::vector<T>& values, const Shape& shape, DType dtype, Location where) {
  StorageRef storage = StorageRef::allocate(values.size() * sizeof(T));
  std::copy(values.begin(), values.end(), reinterpret_cast<T*>(storage.data()));
  return detail::make_leaf(std::move(storage), shape, dtype, false, where);
}

std::vector<std::int64_t> whole_numbers(const char* what, const Tensor& x) {
  if (x.dtype() != int64)
    fail<DTypeError>(name, what, " must be int64: got ", x.dtype(), ". Did you mean ", what,
                     ".astype(int64)?");
  const Tensor dense = compact(x);
  const std::int64_t* first = dense.node().values<std::int64_t>();
  return {first, first + x.size()};
}

std::vector<std::int64_t> lengths_of(const char* what, const Tensor& x, std::int64_t batch,
                                     std::int64_t most) {
  if (x.shape() != Shape(batch))
    fail<ShapeError>(name, what, " must be (N) = ", Shape(batch), ": got ", x.shape());
  const std::vector<std::int64_t> lengths = whole_numbers(what, x);
  for (std::size_t i = 0; i < lengths.size(); ++i)
    if (lengths[i] < 0 || lengths[i] > most)
      fail<ValueError>(name, what, " must lie in [0, ", most, "]: got ", lengths[i], " at position ", i);
  return lengths;
}

/// The targets with a blank before, between and behind their labels, as tables (N, 2 S + 1).
struct Extended {
  std::int64_t batch = 0, width = 0;
  std::vector<std::int64_t> classes;          // blank where a row has ended
  std::vector<std::uint8_t> skip;             // whether a state may be reached from two before it
  std::vector<std::int64_t> inputs, lengths;  // of the sequences and of their targets
};

Extended extend(const Tensor& x, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, std::int64_t blank) {
  if (x.ndim() != 3) fail<ShapeError>(name, "log_probabilities must be (T, N, C): got ", x.shape());
  check_float(name, "log_probabilities", x);
  const std::int64_t batch = x.shape()[1], classes = x.shape()[2];
  if (blank < 0 || blank >= classes)
    fail<ValueError>(name, "blank must lie in [0, ", classes, "): got ", blank);
  const bool joined = targets.ndim() == 1;
  if (!joined && (targets.ndim() != 2 || targets.shape()[0] != batch))
    fail<ShapeError>(name, "targets must be (N, S), or (sum of target_lengths): got ", targets.shape(),
                     " for log_probabilities ", x.shape());
  Extended result;
  result.batch = batch;
  const std::vector<std::int64_t> labels = whole_numbers("targets", targets);
  result.inputs = lengths_of("input_lengths", input_lengths, batch, x.shape()[0]);
  result.lengths =
      lengths_of("target_lengths", target_lengths, batch, joined ? targets.size() : targets.shape()[1]);
  std::int64_t longest = 0, total = 0;
  for (const std::int64_t length : result.lengths) longest = std::max(longest, length), total += length;
  if (joined && total != targets.size())
    fail<ShapeError>(name, "joined targets must be (sum of target_lengths): got ", targets.shape(),
                     " for a sum of ", total);

  result.width = 2 * longest + 1;
  const auto states = static_cast<std::size_t>(batch * result.width);
  result.classes.assign(states, blank);
  result.skip.assign(states, 0);
  std::int64_t begin = 0;
  for (std::int64_t n = 0; n < batch; ++n) {
    const std::int64_t length = result.lengths[static_cast<std::size_t>(n)];
    if (!joined) begin = n * targets.shape()[1];
    for (std::int64_t s = 0; s < length; ++s) {
      const std::int64_t label = labels[static_cast<std::size_t>(begin + s)];
      if (label < 0 || label >= classes || label == blank)
        fail<IndexError>(name, "targets must lie in [0, ", classes, ") and not be the blank ", blank,
                         ": got ", label, " at position ", s, " of sequence ", n);
      const auto at = static_cast<std::size_t>(n * result.width + 2 * s + 1);
      result.classes[at] = label;
      result.skip[at] = s > 0 && label != labels[static_cast<std::size_t>(begin + s - 1)];
    }
    begin += length;
  }
  return result;
}

/// The slices x[t] of (T, ...), halves of halves: backward adds each half's cotangent to its whole, so that T
/// slices cost T log(T) and not T^2.
void append_steps(const Tensor& x, std::vector<Tensor>& steps, Location where) {
  const std::int64_t count = x.shape()[0];
  if (count == 0) return;
  if (count == 1) {
    steps.push_back(squeeze(x, {0}, where));
    return;
  }
  append_steps(slice(x, 0, 0, count / 2, 1, where), steps, where);
  append_steps(slice(x, 0, count / 2, count, 1, where), steps, where);
}

/// log of the summed probability of all ways to the end: (N).
Tensor log_likelihood(const Tensor& x, const Extended& target, Location where) {
  const At at{where};
  const std::int64_t steps = x.shape()[0], batch = target.batch, width = target.width;
  const TensorOptions like{.dtype = x.dtype()};
  const Tensor classes = leaf(target.classes, {1, batch, width}, int64, where);
  std::vector<Tensor> said;
  append_steps(gather(x, 2, broadcast_to(classes, {steps, batch, width}, where), where), said, where);
  const Tensor skip = leaf(target.skip, {batch, width}, boolean, where);
  const Tensor lengths = leaf(target.inputs, {batch, 1}, int64, where);
  const Tensor ahead = full({batch, 2}, -INFINITY, like, where);

  // Before the first step all stand at the first blank; the recursion goes on from there.
  Tensor alpha =
      concat({zeros({batch, 1}, like, where), full({batch, width - 1}, -INFINITY, like, where)}, 1, where);
  for (std::int64_t t = 0; t < steps; ++t) {
    const Tensor before = concat({ahead, alpha}, 1, where);
    const Tensor over = at.pick(skip, slice(before, 1, 0, width, 1, where), -INFINITY);
    const Tensor ways = stack({alpha, slice(before, 1, 1, width + 1, 1, where), over}, 0, where);
    const Tensor next = add(at(logsumexp(ways, {0}, false, where)), said[static_cast<std::size_t>(t)]);
    alpha = at.pick(greater(at(lengths), t), next, alpha);
  }

  // The end is the last blank, or the last label if there is one.
  std::vector<std::int64_t> blanks, labels;
  for (const std::int64_t length : target.lengths) {
    blanks.push_back(2 * length);
    labels.push_back(std::max<std::int64_t>(2 * length - 1, 0));
  }
  const auto end = [&](const std::vector<std::int64_t>& states) {
    return reshape(gather(alpha, 1, leaf(states, {batch, 1}, int64, where), where), {batch}, where);
  };
  const Tensor empty = equal(at(leaf(target.lengths, {batch}, int64, where)), 0);
  return logaddexp(at(end(blanks)), at.pick(empty, -INFINITY, end(labels)));
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probabilities, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CtcOptions& options, Location where) {
  const Extended target = extend(log_probabilities, targets, input_lengths, target_lengths, options.blank);
  const LossScope scope(name);
  const At at{where};
  Tensor losses = neg(log_likelihood(log_probabilities, target, where), where);
  if (options.zero_infinity) losses = at.pick(equal(at(losses), INFINITY), 0.0, losses);
  if (options.reduction == Reduction::mean) {
    const Tensor counts = maximum(at(target_lengths.detach()), 1);
    losses = div(at(losses), counts.astype(losses.dtype(), where));
  }
  return reduce_loss(losses, options.reduction, where);
}

}  // namespace wengert::nn
