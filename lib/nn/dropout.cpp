#include "wengert/nn/dropout.hpp"

#include "lib/core/fail.hpp"
#include "wengert/nn/functional.hpp"

namespace wengert::nn {

namespace {

double probability(const char* name, double p) {
  if (!(p >= 0.0 && p <= 1.0)) fail<ValueError>(name, "p must lie within [0, 1]: got ", p);
  return p;
}

}  // namespace

Dropout::Dropout(double p) : p_(probability("Dropout", p)) {}
FeatureDropout::FeatureDropout(double p) : p_(probability("FeatureDropout", p)) {}
AlphaDropout::AlphaDropout(double p) : p_(probability("AlphaDropout", p)) {}

Tensor Dropout::operator()(const Tensor& x, Location where) const {
  return dropout(x, p_, is_training(), where);
}
Tensor FeatureDropout::operator()(const Tensor& x, Location where) const {
  return feature_dropout(x, p_, is_training(), where);
}
Tensor AlphaDropout::operator()(const Tensor& x, Location where) const {
  return alpha_dropout(x, p_, is_training(), where);
}

}  // namespace wengert::nn
