#include "wengert/nn/regularizer.hpp"

#include "lib/core/fail.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert::nn {
namespace {

template <class F>
Tensor total(const char* name, const std::vector<Tensor>& parameters, Location where, F penalty) {
  if (parameters.empty()) fail<ValueError>(name, "there must be a parameter: got none");
  const Scope scope(name);
  Tensor total;
  for (const Tensor& parameter : parameters) {
    const Tensor term = sum(penalty(parameter), {}, false, where);
    total = total.defined() ? add({total, where}, term) : term;
  }
  return total;
}

}  // namespace

Tensor l1(const std::vector<Tensor>& parameters, Location where) {
  return total("l1", parameters, where, [where](const Tensor& w) { return abs(w, where); });
}

Tensor l2(const std::vector<Tensor>& parameters, Location where) {
  return total("l2", parameters, where, [where](const Tensor& w) { return square(w, where); });
}

Tensor elastic_net(const std::vector<Tensor>& parameters, double l1_ratio, Location where) {
  if (!(l1_ratio >= 0.0 && l1_ratio <= 1.0))
    fail<ValueError>("elastic_net", "l1_ratio must lie within [0, 1]: got ", l1_ratio);
  if (parameters.empty()) fail<ValueError>("elastic_net", "there must be a parameter: got none");
  const Scope scope("elastic_net");
  return add({mul({l1_ratio, where}, l1(parameters, where)), where},
             mul({1.0 - l1_ratio, where}, l2(parameters, where)));
}

}  // namespace wengert::nn
