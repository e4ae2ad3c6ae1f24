// What the sources of the losses share: the checks that come before anything is computed, and losses over
// labels.
#pragma once

#include <optional>
#include <string>

#include "lib/core/evaluator.hpp"
#include "lib/core/fail.hpp"
#include "lib/ops/at.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/nn/loss_reduction.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert::nn {

/// The scope of a loss. What it returns is computed when it ends, and none of its terms stored.
class LossScope {
 public:
  explicit LossScope(const char* name) noexcept : scope_(name) {}

 private:
  Scope scope_;
  PatientTotals patient_;
};

/// A shape as it is written in a call: "{4, 1}".
std::string braces(const Shape& shape);

/// Throws DTypeError unless x is float32 or float64.
void check_float(const char* loss, const char* name, const Tensor& x);
/// Both of one shape and one float dtype, or ShapeError, DTypeError.
void check_pair(const char* loss, const char* name, const Tensor& x, const char* other_name,
                const Tensor& other);
/// A weight that broadcasts to the shape of x and has its dtype; an empty one is fine.
void check_weight(const char* loss, const char* name, const Tensor& weight, const Tensor& x);
/// Throws ValueError unless every element of the target is 1 or -1.
void check_signs(const char* loss, const Tensor& target);

/// weight * losses; an empty weight is 1.
Tensor weighted(const Tensor& losses, const Tensor& weight, Location where);

/// Labels that were looked at: what gather may use, and which of them count.
struct Labels {
  Tensor index;            // (N, d1...), an ignored label replaced by 0
  Tensor counted;          // boolean of this shape; empty where all count
  std::int64_t count = 0;  // how many count
};
/// int64 labels (N, d1...) in [0, C), or `ignore_index`, for x (N, C, d1...), and class weights (C), or none.
/// Throws ShapeError, DTypeError and IndexError.
Labels check_labels(const char* loss, const char* name, const Tensor& x, const Tensor& labels,
                    const Tensor& weight, std::optional<std::int64_t> ignore_index, Location where);

/// x[i][labels[i]...]: (N, C, d1...) -> (N, d1...).
Tensor pick(const Tensor& x, const Tensor& labels, Location where);
/// weight[labels]: (C) -> the labels' shape.
Tensor weights_of(const Tensor& weight, const Tensor& labels, Location where);
/// The losses of the labels that count, reduced; the mean is by the labels' weights.
Tensor reduce_labelled(Tensor losses, const Labels& labels, const Tensor& weight, Reduction reduction,
                       Location where);

}  // namespace wengert::nn
