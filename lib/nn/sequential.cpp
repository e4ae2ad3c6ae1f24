#include "wengert/nn/sequential.hpp"

#include "lib/core/fail.hpp"

namespace wengert::nn {

void AnyModule::not_a_layer() {
  fail<ValueError>(
      "AnyModule",
      "only a module that maps one tensor to one tensor can be called through it: got another. Did "
      "you mean as<Type>()?");
}

Tensor Sequential::operator()(const Tensor& x, Location where) const {
  Tensor y = x;
  for (const AnyModule& module : modules_) y = module(y, where);
  return y;
}

void Sequential::visit(Visitor& v) {
  for (std::size_t i = 0; i < modules_.size(); ++i) v(std::to_string(i), modules_[i].module());
}

Module& Sequential::at(std::size_t i) {
  if (i >= modules_.size())
    fail<IndexError>("Sequential", "there must be a module at the index: got ", i, " for ", modules_.size());
  return modules_[i].module();
}

void Sequential::wrong_type(std::size_t i) {
  fail<ValueError>("Sequential", "the module must be of the type asked for: module ", i, " is another");
}

}  // namespace wengert::nn
