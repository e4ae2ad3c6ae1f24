#include "lib/optim/flat.hpp"

#include <cmath>

#include "lib/core/fail.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::optim {

Flat::Flat(const char* name, std::vector<Tensor> parameters)
    : name_(name), parameters_(std::move(parameters)) {
  for (const Tensor& p : parameters_) {
    if (p.dtype() != dtype())
      fail<DTypeError>(name_, "all parameters must have one dtype: got ", dtype(), " and ", p.dtype());
    size_ += p.size();
  }
}

Tensor Flat::values() const {
  const NoGrad values_only;
  return join(parameters_);
}

void Flat::assign(const Tensor& vector) const {
  const NoGrad values_only;
  std::int64_t begin = 0;
  for (const Tensor& p : parameters_) {
    p.assign(reshape(slice(vector, 0, begin, begin + p.size()), p.shape()));
    begin += p.size();
  }
}

Tensor Flat::join(const std::vector<Tensor>& parts) const {
  std::vector<Tensor> pieces;
  for (std::size_t i = 0; i < parts.size(); ++i)
    pieces.push_back(parts[i].defined() ? reshape(parts[i], {-1})
                                        : zeros({parameters_[i].size()}, {.dtype = dtype()}));
  return concat(pieces);
}

Tensor Flat::call(const std::function<Tensor()>& closure) const {
  const EnableGrad recording;
  const Tensor result = closure();
  if (!result.defined() || !result.requires_grad())
    fail<GraphError>(name_, "what the closure returns must depend on the parameters: got a constant");
  return result;
}

Tensor Flat::call_scalar(const std::function<Tensor()>& closure) const {
  const Tensor loss = call(closure);
  if (loss.size() != 1)
    fail<ShapeError>(name_, "the closure must return one element: got shape ", loss.shape());
  return loss;
}

Restore::Restore(const Flat& flat) : flat_(flat) {
  for (const Tensor& p : flat.parameters()) values_.push_back(p.detach());
}
Restore::~Restore() {
  for (std::size_t i = 0; i < values_.size(); ++i) flat_.parameters()[i].assign(values_[i]);
}

double dot_of(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }
double norm_of(const Tensor& a) { return std::sqrt(dot_of(a, a)); }

}  // namespace wengert::optim
