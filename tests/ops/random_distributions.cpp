// Distributions: their moments and their cumulative functions by Kolmogorov and Smirnov's test under fixed
// seeds, their derivatives in the parameters, and the same bits whatever the instruction set.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <vector>
#include <wengert/wengert.hpp>

using namespace wengert;

namespace {

constexpr std::int64_t n = 100000;

/// The largest distance of the empirical distribution from `cumulative`, times sqrt(n): above 1.95 once in a
/// thousand.
double kolmogorov_smirnov(const Tensor& draws, const std::function<double(double)>& cumulative) {
  const auto values = draws.astype(float64).array<double>();
  std::vector<double> sorted(values.data(), values.data() + values.size());
  std::sort(sorted.begin(), sorted.end());
  double worst = 0.0;
  const double count = static_cast<double>(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double f = cumulative(sorted[i]);
    worst = std::max({worst, f - static_cast<double>(i) / count, static_cast<double>(i + 1) / count - f});
  }
  return worst * std::sqrt(count);
}

double normal_cumulative(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

}  // namespace

TEST_CASE("distributions have their cumulative functions") {
  for (const DType dtype : {float32, float64}) {
    manual_seed(11);
    CHECK(kolmogorov_smirnov(rand({n}, {.dtype = dtype}), [](double x) { return x; }) < 1.95);
    CHECK(kolmogorov_smirnov(randn({n}, {.dtype = dtype}), normal_cumulative) < 1.95);
    CHECK(kolmogorov_smirnov(uniform({n}, -1.0, 3.0, dtype), [](double x) { return (x + 1.0) / 4.0; }) <
          1.95);
    CHECK(kolmogorov_smirnov(normal({n}, 2.0, 0.5, dtype),
                             [](double x) { return normal_cumulative((x - 2.0) / 0.5); }) < 1.95);
    CHECK(kolmogorov_smirnov(exponential({n}, 2.0, dtype),
                             [](double x) { return 1.0 - std::exp(-2.0 * x); }) < 1.95);
    CHECK(kolmogorov_smirnov(gumbel({n}, 1.0, 2.0, dtype),
                             [](double x) { return std::exp(-std::exp(-(x - 1.0) / 2.0)); }) < 1.95);
    const Tensor cut = truncated_normal({n}, 0.0, 1.0, -1.0, 2.0, dtype);
    const double low = normal_cumulative(-1.0), high = normal_cumulative(2.0);
    CHECK(kolmogorov_smirnov(cut, [=](double x) { return (normal_cumulative(x) - low) / (high - low); }) <
          1.95);
    CHECK(min(cut).item() >= -1.0);
    CHECK(max(cut).item() <= 2.0);
  }
}

TEST_CASE("bernoulli and categorical have their frequencies") {
  manual_seed(12);
  CHECK(mean(bernoulli(full({n}, 0.3))).item() == doctest::Approx(0.3).epsilon(0.02));
  const Tensor logits = log(broadcast_to(Tensor(xt::xarray<float>{0.2f, 0.5f, 0.3f}), {n, 3}));
  const Tensor classes = categorical(logits);
  REQUIRE(classes.shape() == Shape{n});
  REQUIRE(classes.dtype() == int64);
  const Tensor counts = mean(one_hot(classes, 3), {0});
  CHECK(allclose(counts, Tensor(xt::xarray<float>{0.2f, 0.5f, 0.3f}), 0.02, 0.003));
}

TEST_CASE("draws are differentiable in their parameters") {
  const Tensor a(xt::xarray<double>{0.5, -1.0, 2.0}), b(xt::xarray<double>{1.5, 0.7, 3.0});
  const auto check = [&](auto sample) {
    const auto f = [&](const std::vector<Tensor>& in) {
      manual_seed(13);
      return sample(in[0], in[1]);
    };
    CHECK(gradcheck(f, {a, b}, {.order = 2}).ok());
  };
  check([](const Tensor& p, const Tensor& q) { return uniform({4, 3}, p, q, float64); });
  check([](const Tensor& p, const Tensor& q) { return normal({4, 3}, p, q, float64); });
  check([](const Tensor& p, const Tensor& q) { return gumbel({4, 3}, p, q, float64); });
  check([](const Tensor& p, const Tensor& q) { return p * exponential({4, 3}, q, float64); });
  check([](const Tensor& p, const Tensor& q) { return truncated_normal({4, 3}, p, q, -1.0, 1.0, float64); });
}

TEST_CASE("a seed gives the same bits with any instruction set") {
  // Checksums of the bits of a thousand draws: the same in every run of these tests, each with its
  // instruction set.
  manual_seed(14);
  const auto checksum = [](const Tensor& x) {
    const auto values = x.array<float>();
    std::uint64_t sum = 0;
    for (const float value : values) sum = sum * 31 + std::bit_cast<std::uint32_t>(value);
    return sum;
  };
  CHECK(checksum(rand({1000})) == 18325779495847805018u);
  CHECK(checksum(randn({1000})) == 3965849072108450100u);
  CHECK(checksum(gumbel({1000})) == 17116205984910650276u);
  CHECK(checksum(truncated_normal({1000})) == 18064086138714018278u);
}

TEST_CASE("what a distribution refuses") {
  const auto message = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  CHECK(message([] { truncated_normal({2}, 0.0, 1.0, 1.0, -1.0); }) ==
        "[truncated_normal] low must be below high: got 1 and -1");
  CHECK(message([] { normal({2}, zeros({3})); }) == "[normal: add] shapes must broadcast: got (2,) and (3,)");
  CHECK(message([] { normal({1}, zeros({3})); }) ==
        "[normal] parameters must broadcast to the shape: got one that makes (3,) of (1,)");
  CHECK(message([] { normal({2}, 0.0, 1.0, int64); }) ==
        "[normal: randn] random numbers are float32 or float64: got int64");
  CHECK(message([] { categorical(ones({})); }) ==
        "[categorical] there must be an axis of classes: got shape ()");
}

TEST_CASE("what distributions refuse of their parameters, numbers or tensors") {
  const double nan = NAN, inf = INFINITY;
  const auto message = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const ValueError& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const auto two = [](double p, double q) { return Tensor(xt::xarray<double>{p, q}); };
  const std::string probability = "[bernoulli] a probability must lie in [0, 1]: got ";
  CHECK(message([&] { bernoulli(two(0.5, 1.5)); }) == probability + "1.5");
  CHECK(message([&] { bernoulli(two(-0.25, 2)); }) == probability + "-0.25");
  CHECK(message([&] { bernoulli(two(1, nan)); }) == probability + "nan");
  CHECK(message([&] { bernoulli(full({}, 2)); }) == probability + "2");
  const std::string deviation = "[normal] the deviation must be 0 or more: got ";
  CHECK(message([] { normal({2}, 0.0, -1.0); }) == deviation + "-1");
  CHECK(message([&] { normal({2}, 0.0, nan); }) == deviation + "nan");
  CHECK(message([&] { normal({2}, 0.0, two(1, -2), float64); }) == deviation + "-2");
  CHECK(message([] { truncated_normal({2}, 0.0, -1.0); }) ==
        "[truncated_normal] the deviation must be 0 or more: got -1");
  const std::string rate = "[exponential] the rate must be above 0: got ";
  CHECK(message([] { exponential({2}, 0.0); }) == rate + "0");
  CHECK(message([] { exponential({2}, -3.0); }) == rate + "-3");
  CHECK(message([] { exponential({2}, full({2}, 0.0)); }) == rate + "0");
  CHECK(message([&] { exponential({2}, two(1, nan), float64); }) == rate + "nan");
  CHECK(message([] { gumbel({2}, 0.0, -1.0); }) == "[gumbel] the scale must be 0 or more: got -1");
  const std::string width = "[uniform] high - low must be finite and 0 or more: got ";
  CHECK(message([] { uniform({2}, 3.0, 1.0); }) == width + "-2");
  CHECK(message([&] { uniform({2}, 0.0, inf); }) == width + "inf");
  CHECK(message([] { uniform({2}, 0.0, 1e39); }) == width + "1e+39");
  CHECK(message([&] { uniform({2}, two(0, 1), 0.5, float64); }) == width + "-0.5");
  CHECK(message([&] { uniform({2}, nan, 1.0); }) == width + "nan");
  const std::string logit = "[categorical] the largest logit of each row must be finite: got ";
  CHECK(message([&] { categorical(two(nan, 0)); }) == logit + "nan");
  CHECK(message([&] { categorical(two(-inf, -inf)); }) == logit + "-inf");
  CHECK(message([&] { categorical(full({2, 3}, inf)); }) == logit + "inf");
  // What is at the edge, and in order.
  manual_seed(15);
  CHECK(sum(bernoulli(two(0, 1))).item() == 1);
  CHECK(bernoulli(zeros({0})).shape() == Shape{0});
  CHECK(normal({1}, 2.0, 0.0).item() == 2);
  CHECK(uniform({1}, 2.0, 2.0).item() == 2);
  CHECK(gumbel({1}, 2.0, 0.0).item() == 2);
  CHECK(exponential({1}, inf).item() == 0);
  CHECK(exponential({1}, 1e-40).item() > 0);
  CHECK(categorical(two(-inf, 0)).item() == 1);
  CHECK(categorical(zeros({0, 3})).shape() == Shape{0});
}
