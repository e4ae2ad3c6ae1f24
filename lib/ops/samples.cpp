#include "lib/ops/samples.hpp"

#include <cmath>

#include "lib/core/tape.hpp"

namespace wengert {
namespace {

template <class T, class F>
Tensor filled(const Shape& shape, F f) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  StorageRef storage = StorageRef::allocate(count * sizeof(T));
  for (std::size_t i = 0; i < count; ++i) reinterpret_cast<T*>(storage.data())[i] = f(i);
  return constant(std::move(storage), shape, dtype_of<T>());
}

}  // namespace

double SampleNumbers::next() {
  state_ = state_ * 6364136223846793005u + 1442695040888963407u;
  return static_cast<double>(state_ >> 11) * 0x1p-53;
}

Tensor SampleNumbers::uniform(const Shape& shape, double low, double high) {
  return filled<double>(shape, [&](std::size_t) { return low + (high - low) * next(); });
}

Tensor SampleNumbers::away_from_zero(const Shape& shape, double low, double high) {
  const double gap = 0.1 * (high - low);
  return filled<double>(shape, [&](std::size_t) {
    double value;
    do value = low + (high - low) * next();
    while (std::fabs(value) < gap);
    return value;
  });
}

Tensor SampleNumbers::apart(const Tensor& a, const Tensor& b) {
  const Node &left = a.node(), &right = b.node();
  return filled<double>(right.shape, [&](std::size_t i) {
    double value = right.values<double>()[i];
    // Far from every element of a, since under broadcasting each may meet it.
    for (bool near = true; near;) {
      near = false;
      for (std::int64_t k = 0; k < left.size(); ++k)
        near |= std::fabs(left.values<double>()[k] - value) < 0.02;
      if (near) value += 0.0371;
    }
    return value;
  });
}

Tensor SampleNumbers::distinct(const Shape& shape) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto j = static_cast<std::size_t>(next() * static_cast<double>(i + 1));
    order[i] = order[j];
    order[j] = i;
  }
  return filled<double>(shape, [&](std::size_t i) {
    return 0.3 * (static_cast<double>(order[i]) - 0.5 * static_cast<double>(count)) + 0.05 + 0.1 * next();
  });
}

Tensor SampleNumbers::integers(const Shape& shape, std::int64_t low, std::int64_t high) {
  return filled<std::int64_t>(shape, [&](std::size_t) {
    return low + static_cast<std::int64_t>(next() * static_cast<double>(high - low));
  });
}

std::vector<std::pair<Shape, Shape>> broadcasting_pairs() {
  return {{{2, 3}, {2, 3}}, {{}, {}},         {{}, {3}},   {{2, 3}, {}},     {{2, 3}, {3}},
          {{2, 1}, {1, 3}}, {{3}, {2, 1}},    {{1}, {4}},  {{2, 3}, {2, 1}}, {{2, 1, 3}, {4, 1}},
          {{0}, {1}},       {{2, 0}, {2, 1}}, {{1, 1}, {}}};
}

std::vector<Sample> comparison_samples(Tensor (*call)(const std::vector<Tensor>&)) {
  SampleNumbers numbers(7);
  std::vector<Sample> samples;
  for (const auto& [a, b] : broadcasting_pairs()) {
    const Tensor left = numbers.uniform(a, -2.0, 2.0);
    samples.push_back({to_string(a) + " with " + to_string(b), {left, numbers.uniform(b, -2.0, 2.0)}, call});
  }
  return samples;
}

}  // namespace wengert
