// What the tests share: tensors from lists, their values as doubles, views of equal values in other layouts,
// and the text of an error.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "wengert/core/error.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/shape.hpp"

namespace support {

using wengert::DType;
using wengert::Shape;
using wengert::Tensor;

/// A constant of a shape.
inline Tensor tensor(const std::vector<double>& numbers, const Shape& shape, DType dtype = wengert::float64) {
  wengert::StorageRef storage = wengert::StorageRef::allocate(numbers.size() * sizeof(double));
  std::copy(numbers.begin(), numbers.end(), reinterpret_cast<double*>(storage.data()));
  const wengert::NoGrad values_only;
  return wengert::constant(std::move(storage), shape, wengert::float64).astype(dtype).detach();
}
inline Tensor vector(const std::vector<double>& numbers, DType dtype = wengert::float64) {
  return tensor(numbers, Shape(numbers.size()), dtype);
}
inline Tensor leaf(const std::vector<double>& numbers, const Shape& shape, DType dtype = wengert::float64) {
  return wengert::parameter(tensor(numbers, shape, dtype));
}
inline Tensor leaf(const std::vector<double>& numbers, DType dtype = wengert::float64) {
  return leaf(numbers, Shape(numbers.size()), dtype);
}
inline Tensor number(double value) { return wengert::parameter(wengert::scalar(value, wengert::float64)); }

/// The elements, row-major, of a tensor of any dtype.
inline std::vector<double> values(const Tensor& x) {
  const wengert::NoGrad values_only;
  const auto array = x.astype(wengert::float64).array<double>();
  return {array.data(), array.data() + array.size()};
}
inline std::vector<std::int64_t> whole(const Tensor& x) {
  const auto array = x.array<std::int64_t>();
  return {array.data(), array.data() + array.size()};
}

/// Equal in every bit, but one NaN is as good as another.
inline bool same_bits(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}
inline bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  bool all = a.size() == b.size();
  for (std::size_t i = 0; all && i < a.size(); ++i) all = same_bits(a[i], b[i]);
  return all;
}
inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && same_bits(values(a), values(b));
}

/// |a - b| <= tolerance * (1 + |a| + |b|); equal infinities and two NaNs are near.
inline bool near(double a, double b, double tolerance = 1e-12) {
  if (!std::isfinite(a) || !std::isfinite(b)) return same_bits(a, b);
  return std::fabs(a - b) <= tolerance + tolerance * std::fabs(a) + tolerance * std::fabs(b);
}
inline bool near(const std::vector<double>& a, const std::vector<double>& b, double tolerance = 1e-12) {
  bool all = a.size() == b.size();
  for (std::size_t i = 0; all && i < a.size(); ++i) all = near(a[i], b[i], tolerance);
  return all;
}
inline bool near(const Tensor& a, const std::vector<double>& b, double tolerance = 1e-12) {
  return near(values(a), b, tolerance);
}

/// The message of the error of type Kind that f throws; says so where it throws none, or one of another type.
template <class Kind = wengert::Error, class F>
std::string message(F f) {
  try {
    f();
  } catch (const Kind& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another type of error: ") + error.what();
  }
  return "no error";
}

enum class Layout { transposed, every_other, backward, broadcast };

/// A view with the values of `x` (`broadcast`: its first value everywhere) that does not lie in memory as x
/// does; x itself where there is none of that kind. Recorded.
inline Tensor view(const Tensor& x, Layout layout) {
  using namespace wengert;
  Axes turned;
  for (std::size_t i = x.ndim(); i-- > 0;) turned.push_back(static_cast<std::int64_t>(i));
  switch (layout) {
    case Layout::transposed:  // bytes in column-major order
      if (x.ndim() < 2) return x;
      return permute(concat({permute(x, turned)}, 0), turned);
    case Layout::every_other: {
      if (x.ndim() == 0) return x;
      const Tensor twice = stack({x, x}, static_cast<std::int64_t>(x.ndim()));
      Shape shape = x.shape();
      shape.back() *= 2;
      return slice(reshape(twice, shape), -1, 0, SliceRange::to_end, 2);
    }
    case Layout::backward: {
      Tensor y = x;
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.ndim()); ++i)
        y = slice(concat({slice(y, i, {-1, SliceRange::to_end, -1})}, i), i, {-1, SliceRange::to_end, -1});
      return y;
    }
    case Layout::broadcast: {  // the first element everywhere
      if (x.size() == 0) return x;
      Tensor first = x;
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.ndim()); ++i) first = slice(first, i, 0, 1);
      return broadcast_to(reshape(first, {}), x.shape());
    }
  }
  return x;
}

}  // namespace support
