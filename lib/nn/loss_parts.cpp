#include "lib/nn/loss_parts.hpp"

#include "lib/core/tape.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::nn {
namespace {

/// The place of element i of a row-major array: "3" of a vector, "(1, 0)" of more dimensions.
std::string place(std::int64_t i, const Shape& shape) {
  if (shape.size() == 1) return std::to_string(i);
  Shape position = shape;
  for (std::size_t d = shape.size(); d-- > 0; i /= shape[d]) position[d] = i % shape[d];
  return to_string(position);
}

}  // namespace

std::string braces(const Shape& shape) {
  std::string text;
  for (const std::int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "{" + text + "}";
}

void check_float(const char* loss, const char* name, const Tensor& x) {
  if (!is_float(x.dtype())) fail<DTypeError>(loss, name, " must be float32 or float64: got ", x.dtype());
}

void check_pair(const char* loss, const char* name, const Tensor& x, const char* other_name,
                const Tensor& other) {
  if (x.shape() != other.shape()) {
    const bool same_count = x.size() == other.size();
    fail<ShapeError>(
        loss, name, " and ", other_name, " must have one shape: got ", x.shape(), " and ", other.shape(),
        same_count ? std::string(". Did you mean reshape(") + other_name + ", " + braces(x.shape()) + ")?"
                   : std::string());
  }
  check_float(loss, name, x);
  if (x.dtype() != other.dtype())
    fail<DTypeError>(loss, name, " and ", other_name, " must have one dtype: got ", x.dtype(), " and ",
                     other.dtype(), ". Did you mean ", other_name, ".astype(", x.dtype(), ")?");
}

void check_weight(const char* loss, const char* name, const Tensor& weight, const Tensor& x) {
  if (!weight.defined()) return;
  const Shape &from = weight.shape(), &to = x.shape();
  bool fits = from.size() <= to.size();
  for (std::size_t i = 1; fits && i <= from.size(); ++i) {
    const std::int64_t extent = from[from.size() - i];
    fits = extent == 1 || extent == to[to.size() - i];
  }
  if (!fits) fail<ShapeError>(loss, name, " must broadcast to the losses: got ", from, " for ", to);
  if (weight.dtype() != x.dtype())
    fail<DTypeError>(loss, name, " must have the dtype of the losses: got ", weight.dtype(), " for ",
                     x.dtype(), ". Did you mean ", name, ".astype(", x.dtype(), ")?");
}

void check_signs(const char* loss, const Tensor& target) {
  const NoGrad values_only;
  const Tensor wrong = abs(target) != 1.0;
  if (any(wrong).item() == 0.0) return;
  const Tensor values = reshape(target, {-1});
  const Tensor first = argmax(reshape(wrong, {-1}).astype(int64));
  const auto i = static_cast<std::int64_t>(first.item());
  fail<ValueError>(loss, "a target must be 1 or -1: got ", slice(values, 0, i, i + 1).item(), " at position ",
                   place(i, target.shape()));
}

Tensor weighted(const Tensor& losses, const Tensor& weight, Location where) {
  return weight.defined() ? mul({weight, where}, losses) : losses;
}

Labels check_labels(const char* loss, const char* name, const Tensor& x, const Tensor& labels,
                    const Tensor& weight, std::optional<std::int64_t> ignore_index, Location where) {
  if (x.ndim() < 2) fail<ShapeError>(loss, name, " must be (N, C) or (N, C, d1, ...): got ", x.shape());
  check_float(loss, name, x);
  const std::int64_t classes = x.shape()[1];
  Shape expected(x.shape()[0]);
  for (std::size_t d = 2; d < x.ndim(); ++d) expected.push_back(x.shape()[d]);
  const bool flat = x.ndim() == 2;
  const char *of_x = flat ? " (N, C)" : " (N, C, d1, ...)", *of_labels = flat ? "(N)" : "(N, d1, ...)";
  if (labels.shape() != expected)
    fail<ShapeError>(
        loss, "labels must be ", of_labels, " for ", name, of_x, ": got ", labels.shape(), " for ", x.shape(),
        labels.size() == element_count(expected) ? ". Did you mean reshape(labels, " + braces(expected) + ")?"
                                                 : "");
  if (labels.dtype() != int64)
    fail<DTypeError>(loss, "labels must be int64: got ", labels.dtype(),
                     ". Did you mean labels.astype(int64)?");
  if (weight.defined() && weight.shape() != Shape(classes))
    fail<ShapeError>(loss, "weight must be (C) for ", name, of_x, ": got ", weight.shape(), " for ",
                     x.shape());
  if (weight.defined() && weight.dtype() != x.dtype())
    fail<DTypeError>(loss, "weight must have the dtype of the losses: got ", weight.dtype(), " for ",
                     x.dtype(), ". Did you mean weight.astype(", x.dtype(), ")?");

  Labels checked{labels, {}, 0};
  const Tensor dense = compact(labels);
  const std::int64_t* label = dense.node().values<std::int64_t>();
  const std::int64_t n = labels.size();
  for (std::int64_t i = 0; i < n; ++i) {
    if (label[i] == ignore_index) continue;
    if (label[i] < 0 || label[i] >= classes)
      fail<IndexError>(loss, "labels must lie in [0, ", classes, "): got ", label[i], " at position ",
                       place(i, expected));
    ++checked.count;
  }
  if (checked.count < n) {
    checked.counted = not_equal({labels, where}, *ignore_index);
    checked.index = wengert::where({checked.counted, where}, labels, 0);
  }
  return checked;
}

Tensor pick(const Tensor& x, const Tensor& labels, Location where) {
  return reshape(gather(x, 1, unsqueeze(labels, 1, where), where), labels.shape(), where);
}

Tensor weights_of(const Tensor& weight, const Tensor& labels, Location where) {
  return reshape(index_select(weight, 0, reshape(labels, {labels.size()}, where), where), labels.shape(),
                 where);
}

Tensor reduce_labelled(Tensor losses, const Labels& labels, const Tensor& weight, Reduction reduction,
                       Location where) {
  if (labels.counted.defined()) losses = wengert::where({labels.counted, where}, losses, 0.0);
  if (reduction != Reduction::mean) return reduce_loss(losses, reduction, where);
  Tensor total = sum(losses, {}, false, where);
  if (labels.count == 0) return total;
  if (!weight.defined()) return div({total, where}, static_cast<double>(labels.count));
  Tensor weights = weights_of(weight, labels.index, where);
  if (labels.counted.defined()) weights = wengert::where({labels.counted, where}, weights, 0.0);
  return div({total, where}, sum(weights, {}, false, where));
}

}  // namespace wengert::nn
