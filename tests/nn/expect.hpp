// What the tests of nn and optim share: a tensor's values as doubles, and the text of an error.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <xtensor/xadapt.hpp>

#include "wengert/core/error.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/tensor.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

namespace expect {

/// The elements, row-major, of a tensor of any dtype.
inline std::vector<double> values(const wengert::Tensor& tensor) {
  const wengert::NoGrad values_only;
  const auto array = tensor.astype(wengert::float64).array<double>();
  return {array.data(), array.data() + array.size()};
}

/// A float64 constant of a shape.
inline wengert::Tensor tensor(const std::vector<double>& numbers, const wengert::Shape& shape) {
  return wengert::reshape(wengert::Tensor(xt::xarray<double>(
                              xt::adapt(numbers, std::vector<std::size_t>{numbers.size()}))),
                          shape)
      .detach();
}
inline wengert::Tensor tensor(const std::vector<double>& numbers) {
  return tensor(numbers, wengert::Shape(numbers.size()));
}
inline wengert::Tensor labels(const std::vector<std::int64_t>& numbers) {
  return wengert::Tensor(
      xt::xarray<std::int64_t>(xt::adapt(numbers, std::vector<std::size_t>{numbers.size()})));
}

/// The message of the error of type Kind that f throws; "" where it throws none.
template <class Kind = wengert::Error, class F>
std::string message(F f) {
  try {
    f();
  } catch (const Kind& error) {
    return error.what();
  }
  return "";
}

inline bool near(double a, double b, double tolerance = 1e-12) {
  return std::abs(a - b) <= tolerance * (1.0 + std::abs(a) + std::abs(b));
}
inline bool near(const std::vector<double>& a, const std::vector<double>& b, double tolerance = 1e-12) {
  bool all = a.size() == b.size();
  for (std::size_t i = 0; all && i < a.size(); ++i) all = near(a[i], b[i], tolerance);
  return all;
}
inline bool near(const wengert::Tensor& a, const std::vector<double>& b, double tolerance = 1e-12) {
  return near(values(a), b, tolerance);
}

}  // namespace expect
