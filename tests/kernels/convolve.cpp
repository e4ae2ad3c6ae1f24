// The products that convolutions are made of, held to their definition. Whatever the sizes, nothing is
// written beyond the result, nothing read further than the kernel says.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "lib/core/dispatch.hpp"
#include "support/guarded.hpp"
#include "support/tensors.hpp"

using namespace wengert;
using namespace wengert::kernel;
using support::Guarded;

namespace {

constexpr float untouched = -77.0f;

class Numbers {
 public:
  void fill(float* to, std::size_t count) {
    std::uniform_real_distribution<float> one(-1.0f, 1.0f);
    std::generate_n(to, count, [&] { return one(engine_); });
  }
  /// `count` places of 0 to most.
  std::vector<std::ptrdiff_t> starts(std::size_t count, std::ptrdiff_t most) {
    std::uniform_int_distribution<std::ptrdiff_t> one(0, most);
    std::vector<std::ptrdiff_t> starts(count);
    std::generate(starts.begin(), starts.end(), [&] { return one(engine_); });
    starts.back() = most;
    return starts;
  }

 private:
  std::mt19937 engine_{7};
} numbers;

/// Some rounding errors of as many terms within 1.
bool equal(float value, double expected, std::size_t terms) {
  return std::abs(static_cast<double>(value) - expected) <=
         1e-6 * std::sqrt(static_cast<double>(terms)) + 1e-7;
}

void check_shifted(std::size_t m, std::size_t n, std::size_t k) {
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  constexpr std::size_t gap = 3, behind = 31;
  constexpr std::ptrdiff_t most = 50;
  const auto starts = numbers.starts(k, most);
  const Guarded c(((m - 1) * (n + gap) + n) * sizeof(float)), a(((m - 1) * (k + gap) + k) * sizeof(float)),
      b((most + n + behind) * sizeof(float));
  numbers.fill(a.as<float>(), (m - 1) * (k + gap) + k);
  numbers.fill(b.as<float>(), most + n + behind);
  std::fill_n(c.as<float>(), (m - 1) * (n + gap) + n, untouched);
  table().shifted_product(c.as<float>(), n + gap, a.as<float>(), k + gap, b.as<float>(), starts.data(), m, n,
                          k);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double expected = 0.0;
      for (std::size_t p = 0; p < k; ++p)
        expected += static_cast<double>(a.as<float>()[i * (k + gap) + p]) *
                    static_cast<double>(b.as<float>()[starts[p] + static_cast<std::ptrdiff_t>(j)]);
      wrong += !equal(c.as<float>()[i * (n + gap) + j], expected, k);
    }
    for (std::size_t j = n; i + 1 < m && j < n + gap; ++j)
      wrong += c.as<float>()[i * (n + gap) + j] != untouched;
  }
  CHECK(wrong == 0);
}

void check_sums(TapsProduct product, std::size_t m, std::size_t n, std::size_t rows, std::size_t width) {
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(rows);
  CAPTURE(width);
  const std::size_t a_row = width + 2, b_row = rows * width + 5;
  constexpr std::ptrdiff_t most = 40;
  const auto starts = numbers.starts(m, most);
  const std::size_t a_size = most + (rows - 1) * a_row + width, b_size = (n - 1) * b_row + rows * width;
  const Guarded c(m * n * sizeof(float)), a(a_size * sizeof(float)), b(b_size * sizeof(float));
  numbers.fill(a.as<float>(), a_size);
  numbers.fill(b.as<float>(), b_size);
  std::fill_n(c.as<float>(), m * n, 1.0f);
  product(c.as<float>(), a.as<float>(), starts.data(), static_cast<std::ptrdiff_t>(a_row), b.as<float>(),
          b_row, m, n, rows, width);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      double expected = 1.0;
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t p = 0; p < width; ++p)
          expected +=
              static_cast<double>(a.as<float>()[static_cast<std::size_t>(starts[i]) + r * a_row + p]) *
              static_cast<double>(b.as<float>()[j * b_row + r * width + p]);
      wrong += !equal(c.as<float>()[i * n + j], expected, rows * width);
    }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("products of shifted rows are the sums written out") {
  if (!table().shifted_product) {
    MESSAGE("skipped: the baseline has none");
    return;
  }
  for (const std::size_t m : {1, 2, 3, 4, 6, 7, 12, 13, 17, 18, 25, 37})
    for (const std::size_t n : {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 64, 65, 127, 129, 140})
      check_shifted(m, n, 1 + (m + n) % 9);
  for (const std::size_t k : {255, 256, 257, 512, 700}) {
    check_shifted(14, 40, k);
    check_shifted(2, 70, k);
  }
}

TEST_CASE("sums over places are the sums written out") {
  if (!table().taps_product) {
    MESSAGE("skipped: the baseline has none");
    return;
  }
  for (const TapsProduct product : {table().taps_product, table().dots_product}) {
    CAPTURE((product == table().dots_product));
    for (const std::size_t m : {1, 2, 3, 5, 6, 7, 12, 13, 20, 27})
      for (const std::size_t n : {1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 24, 25, 32, 33, 70})
        check_sums(product, m, n, 1 + (m + n) % 5, 1 + (3 * m + n) % 37);
    for (const std::size_t width : {1, 8, 16, 17, 100, 128, 255, 256, 257, 300, 600, 5000})
      for (const std::size_t rows : {1, 2, 7, 40}) check_sums(product, 7, 5, rows, width);
  }
}
