// Random tensors: numbers that are known, reproducible, and distributed as they should be.
#include "wengert/ops/random.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <thread>

#include "ops/naive.hpp"
#include "wengert/core/random.hpp"

using namespace wengert;
using namespace naive;
using support::near;
using support::same_bits;
using support::values;
using support::whole;

namespace {

constexpr std::int64_t many = 200000;

/// The largest distance between the distribution of some numbers and the one they should have.
template <class F>
double distance(List list, F distribution) {
  std::sort(list.begin(), list.end());
  const double n = static_cast<double>(list.size());
  double largest = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const double p = distribution(list[i]);
    largest = std::max({largest, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return largest;
}
// Kolmogorov and Smirnov: one sample in a thousand is further off.
double critical(std::int64_t n) { return 1.95 / std::sqrt(static_cast<double>(n)); }

double below_uniform(double x) { return std::clamp(x, 0.0, 1.0); }
double below_normal(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double moment(const List& list, int power, double about = 0) {
  double sum = 0;
  for (const double x : list) sum += std::pow(x - about, power);
  return sum / static_cast<double>(list.size());
}
/// How strongly each number goes with the one `lag` after it.
double correlation(const List& list, std::size_t lag) {
  const double mean = moment(list, 1), variance = moment(list, 2, mean);
  double sum = 0;
  for (std::size_t i = lag; i < list.size(); ++i) sum += (list[i] - mean) * (list[i - lag] - mean);
  return sum / static_cast<double>(list.size() - lag) / variance;
}

}  // namespace

TEST_CASE("the numbers are Philox's, whose first block for the key 0 is published") {
  const std::array<std::uint32_t, 4> block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  manual_seed(0);
  List expected;
  for (const std::uint32_t bits : block) expected.push_back(static_cast<double>(bits >> 8) * 0x1p-24);
  CHECK(values(rand({4})) == expected);
  manual_seed(0);
  const auto wide = [&](int i) {
    return static_cast<double>((std::uint64_t{block[2 * i]} << 32 | block[2 * i + 1]) >> 11) * 0x1p-53;
  };
  CHECK(values(rand({2}, {.dtype = float64})) == List{wide(0), wide(1)});
  manual_seed(0);
  const double pi = std::acos(-1.0), radius = std::sqrt(-2 * std::log(1 - block[0] * 0x1p-32)),
               angle = 2 * pi * block[1] * 0x1p-32;
  CHECK(near(slice(randn({4}), 0, 0, 2), {radius * std::cos(angle), radius * std::sin(angle)}, 1e-6));
  manual_seed(0);
  const double wide_radius = std::sqrt(-2 * std::log(1 - wide(0)));
  CHECK(near(randn({2}, {.dtype = float64}),
             {wide_radius * std::cos(2 * pi * wide(1)), wide_radius * std::sin(2 * pi * wide(1))}));
}

TEST_CASE("a seed fixes what follows; another seed, or going on, gives other numbers") {
  const std::vector<std::function<Tensor()>> draws{[] {
                                                     return rand({3, 5});
                                                   },
                                                   [] { return rand({7}, {.dtype = float64}); },
                                                   [] {
                                                     return randn({3, 5});
                                                   },
                                                   [] { return randn({7}, {.dtype = float64}); },
                                                   [] { return permutation(20); }};
  for (const auto& draw : draws) {
    manual_seed(7);
    const Tensor a = draw(), b = draw();
    manual_seed(7);
    CHECK(same_bits(draw(), a));
    const RandomKey state = random_state();
    CHECK(same_bits(draw(), b));
    CHECK(!same_bits(a, b));
    set_random_state(state);
    CHECK(same_bits(draw(), b));
    manual_seed(8);
    CHECK(!same_bits(draw(), a));
    manual_seed(7 + (std::uint64_t{1} << 32));
    CHECK(!same_bits(draw(), a));
  }
}

TEST_CASE("the shape does not change the numbers, and draws do not overlap") {
  manual_seed(3);
  const Tensor a = rand({2, 6});
  manual_seed(3);
  CHECK(same_bits(rand({12}), reshape(a, {12})));
  std::set<double> seen;
  std::size_t count = 0;
  for (const std::int64_t size : {1, 2, 3, 4, 5, 7, 1, 0, 9}) {
    for (const double x : values(rand({size}, {.dtype = float64}))) seen.insert(x);
    for (const double x : values(randn({size}, {.dtype = float64}))) seen.insert(x);
    count += 2 * static_cast<std::size_t>(size);
  }
  CHECK(seen.size() == count);
}

TEST_CASE("rand is uniform on [0, 1)") {
  for (const DType dtype : {float32, float64}) {
    manual_seed(11);
    const List list = values(rand({many}, {.dtype = dtype}));
    CHECK(*std::min_element(list.begin(), list.end()) >= 0);
    CHECK(*std::max_element(list.begin(), list.end()) < 1);
    CHECK(distance(list, below_uniform) < critical(many));
    CHECK(std::fabs(moment(list, 1) - 0.5) < 4 * std::sqrt(1.0 / 12 / many));
    CHECK(std::fabs(moment(list, 2, 0.5) - 1.0 / 12) < 4 * std::sqrt(1.0 / 180 / many));
    for (const std::size_t lag : {1, 2, 3, 4, 8})
      CHECK(std::fabs(correlation(list, lag)) < 4 / std::sqrt(double(many)));
  }
}

TEST_CASE("randn is normal") {
  for (const DType dtype : {float32, float64}) {
    manual_seed(12);
    const List list = values(randn({many}, {.dtype = dtype}));
    CHECK(distance(list, below_normal) < critical(many));
    CHECK(std::fabs(moment(list, 1)) < 4 / std::sqrt(double(many)));
    CHECK(std::fabs(moment(list, 2) - 1) < 4 * std::sqrt(2.0 / many));
    CHECK(std::fabs(moment(list, 3)) < 4 * std::sqrt(15.0 / many));
    CHECK(std::fabs(moment(list, 4) - 3) < 4 * std::sqrt(96.0 / many));
    List squares;
    for (const double x : list) {
      CHECK(std::isfinite(x));
      squares.push_back(x * x);
    }
    // Neighbours come from one pair of uniform numbers and must not show it.
    for (const std::size_t lag : {1, 2, 3, 4, 8}) {
      CHECK(std::fabs(correlation(list, lag)) < 4 / std::sqrt(double(many)));
      CHECK(std::fabs(correlation(squares, lag)) < 4 / std::sqrt(double(many)));
    }
  }
}

TEST_CASE("every permutation is as likely as any other") {
  manual_seed(13);
  std::map<std::vector<std::int64_t>, int> counts;
  const int draws = 24000;
  for (int i = 0; i < draws; ++i) ++counts[whole(permutation(4))];
  CHECK(counts.size() == 24);
  double chi_squared = 0;
  for (const auto& [order, count] : counts)
    chi_squared += (count - draws / 24.0) * (count - draws / 24.0) / (draws / 24.0);
  CHECK(chi_squared < 49.73);  // 23 degrees of freedom: one in a thousand is above
  CHECK(chi_squared > 7.53);   // and one in a thousand more even
}

TEST_CASE("a permutation holds every number once") {
  for (const std::int64_t n : {0, 1, 2, 3, 100, 4097}) {
    std::vector<std::int64_t> list = whole(permutation(n));
    CHECK(static_cast<std::int64_t>(list.size()) == n);
    std::sort(list.begin(), list.end());
    for (std::size_t i = 0; i < list.size(); ++i) CHECK(list[i] == static_cast<std::int64_t>(i));
  }
  CHECK(permutation(3).dtype() == int64);
  CHECK(permutation(3).is_leaf());
}

TEST_CASE("shapes and options") {
  for (const auto draw : {&rand, &randn}) {
    CHECK(draw({}, {}, {}).shape() == Shape());
    CHECK(draw({2, 0, 3}, {}, {}).shape() == Shape{2, 0, 3});
    CHECK(draw({2, 3}, {}, {}).dtype() == float32);
    CHECK(draw({2, 3}, {}, {}).is_leaf());
    const Tensor x = draw({3}, {.dtype = float64, .requires_grad = true}, {});
    CHECK(x.requires_grad());
    sum(x * x).backward();
    CHECK(same_bits(values(x.grad()), values(x * 2.0)));
  }
}

TEST_CASE("what random tensors refuse, without using up random numbers") {
  manual_seed(5);
  const RandomKey before = random_state();
  for (const auto& [name, draw] :
       std::vector<std::pair<std::string, Tensor (*)(const Shape&, TensorOptions, Location)>>{
           {"rand", &rand}, {"randn", &randn}}) {
    const auto f = draw;
    for (const DType dtype : {int64, boolean})
      CHECK(refusal<DTypeError>({}, [&] { f({2}, {.dtype = dtype}, {}); }) ==
            "[" + name + "] random numbers are float32 or float64: got " + wengert::name(dtype));
    CHECK(refusal<ShapeError>({}, [&] {
            f({2, -1}, {}, {});
          }) == "[" + name + "] extents must not be negative: got (2, -1)");
    CHECK(refusal<ShapeError>({}, [&] { f({highest}, {}, {}); }) ==
          "[" + name + "] the shape is too large: got (9223372036854775807,)");
    CHECK(refusal<ShapeError>({}, [&] { f(Dims::filled(33, 1), {}, {}); }) ==
          "[" + name + "] a tensor has at most 32 dimensions: got 33");
  }
  CHECK(refusal<ShapeError>({}, [] { permutation(-1); }) ==
        "[permutation] extents must not be negative: got (-1,)");
  CHECK(refusal<ShapeError>({}, [] { permutation(lowest); }) ==
        "[permutation] extents must not be negative: got (-9223372036854775808,)");
  CHECK(refusal<ShapeError>({}, [] { permutation(highest); }) ==
        "[permutation] the shape is too large: got (9223372036854775807,)");
  CHECK(random_state().key == before.key);
  CHECK(random_state().counter == before.counter);
}

TEST_CASE("threads draw different numbers, and the same after the same seed") {
  const auto drawn = [](bool seeded) {
    Tensor numbers;
    std::thread([&] {
      if (seeded) manual_seed(11);
      numbers = rand({64});
    }).join();
    return support::values(numbers);
  };
  CHECK(drawn(false) != drawn(false));
  CHECK(drawn(true) == drawn(true));
}

TEST_CASE("random tensors of the shape of another") {
  const Tensor x = zeros({3, 2}, {.dtype = float64});
  manual_seed(4);
  const Tensor a = rand_like(x), b = randn_like(x, {.dtype = float32, .requires_grad = true});
  manual_seed(4);
  CHECK(support::same_bits(a, rand({3, 2}, {.dtype = float64})));
  CHECK(support::same_bits(b, randn({3, 2})));
  CHECK(b.requires_grad());
  CHECK(refusal<DTypeError>({}, [] { rand_like(zeros({2}, {.dtype = int64})); }) ==
        "[rand_like] random numbers are float32 or float64: got int64");
}
