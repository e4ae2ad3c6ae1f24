#include "wengert/nn/loss_sequence.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::labels;
using expect::message;
using expect::near;
using expect::values;
using nn::Reduction;

namespace {

Tensor table(const std::vector<std::int64_t>& numbers, const Shape& shape) {
  return reshape(labels(numbers), shape).detach();
}

/// Every class equally probable at each of `steps`.
Tensor even(std::int64_t steps, std::int64_t batch, std::int64_t classes) {
  return full({steps, batch, classes}, -std::log(static_cast<double>(classes)), {.dtype = float64});
}

}  // namespace

TEST_CASE("ctc_loss counts alignments") {
  // Of 3 steps: aab abb a-b -ab ab- for ab; a-a for aa; ten less the empty ones for a: aaa aa- a-- -aa --a
  // -a-.
  const Tensor x = even(3, 4, 3), targets = table({1, 2, 1, 1, 1, 0, 0, 0}, {4, 2});
  const Tensor losses =
      nn::ctc_loss(x, targets, labels({3, 3, 3, 3}), labels({2, 2, 1, 0}), {.reduction = Reduction::none});
  const double path = 3 * std::log(3);
  CHECK(near(losses, {path - std::log(5), path, path - std::log(6), path}));
  const Tensor mean = nn::ctc_loss(x, targets, labels({3, 3, 3, 3}), labels({2, 2, 1, 0}));
  CHECK(near(mean.item(), ((path - std::log(5)) / 2 + path / 2 + path - std::log(6) + path) / 4));
  const Tensor total = nn::ctc_loss(x, labels({1, 2, 1, 1, 1}), labels({3, 3, 3, 3}), labels({2, 2, 1, 0}),
                                    {.reduction = Reduction::sum});
  CHECK(near(total.item(), 4 * path - std::log(30)));
}

TEST_CASE("what stands beyond a target's or an input's length does not matter") {
  manual_seed(4);
  const Tensor x = nn::log_softmax(randn({5, 2, 4}, {.dtype = float64})).detach();
  const Tensor leaf = parameter(x);
  const Tensor batch = nn::ctc_loss(leaf, table({1, 2, -7, 3, 99, 99}, {2, 3}), labels({5, 3}),
                                    labels({2, 1}), {.reduction = Reduction::none});
  const Tensor first = nn::ctc_loss(slice(x, 1, 0, 1), labels({1, 2}), labels({5}), labels({2}));
  const Tensor second =
      nn::ctc_loss(slice(slice(x, 1, 1, 2), 0, 0, 3), labels({3}), labels({3}), labels({1}));
  CHECK(near(batch, {2 * first.item(), second.item()}));
  sum(batch).backward();
  const auto g = values(slice(slice(leaf.grad(), 1, 1, 2), 0, 3, 5));
  CHECK(g == std::vector<double>(8, 0.0));
}

TEST_CASE("a target without alignment costs infinity and teaches nothing; the others of its batch learn") {
  const Tensor targets = table({1, 1, 1, 2}, {2, 2}), inputs = labels({2, 2}), lengths = labels({2, 2});
  for (const bool zero : {false, true}) {
    const Tensor x = parameter(even(3, 2, 3));
    const Tensor losses =
        nn::ctc_loss(x, targets, inputs, lengths, {.zero_infinity = zero, .reduction = Reduction::none});
    const auto v = values(losses);
    CHECK(v[0] == (zero ? 0.0 : INFINITY));
    CHECK(near(v[1], 2 * std::log(3)));
    sum(losses).backward();
    std::vector<double> expected(18, 0.0);
    expected[3 + 1] = -1;      // step 0, sequence 1, class 1
    expected[6 + 3 + 2] = -1;  // step 1, sequence 1, class 2
    CHECK(near(x.grad(), expected));
  }
}

TEST_CASE("classes that cannot be, and no steps at all") {
  const double half = std::log(0.5);
  Tensor x = parameter(expect::tensor({half, half, -INFINITY, half, half, -INFINITY}, {2, 1, 3}));
  const Tensor possible = nn::ctc_loss(x, labels({1}), labels({2}), labels({1}));
  CHECK(near(possible.item(), -std::log(0.75)));
  possible.backward();
  // Of aa, a-, -a, each 1 / 3 of what is possible: class a at either step is in two of them.
  CHECK(near(x.grad(), {-1.0 / 3, -2.0 / 3, 0, -1.0 / 3, -2.0 / 3, 0}));
  const Tensor impossible = nn::ctc_loss(x, labels({2}), labels({2}), labels({1}));
  CHECK(impossible.item() == INFINITY);
  x.zero_grad();
  impossible.backward();
  CHECK(near(x.grad(), std::vector<double>(6, 0.0)));

  const Tensor none = zeros({0, 2, 3}, {.dtype = float64});
  CHECK(values(nn::ctc_loss(none, table({0, 1}, {2, 1}), labels({0, 0}), labels({0, 1}),
                            {.reduction = Reduction::none})) == std::vector<double>{0, INFINITY});
  // Nothing to say: every step is blank.
  const Tensor silent = nn::ctc_loss(even(3, 2, 4), zeros({2, 0}, {.dtype = int64}), labels({3, 1}),
                                     labels({0, 0}), {.reduction = Reduction::none});
  CHECK(near(silent, {3 * std::log(4), std::log(4)}));
  CHECK(nn::ctc_loss(zeros({3, 0, 2}), zeros({0, 1}, {.dtype = int64}), labels({}), labels({}),
                     {.reduction = Reduction::sum})
            .item() == 0);
}

TEST_CASE("long sequences of improbable classes do not underflow") {
  const std::int64_t steps = 400;
  const Tensor x = even(steps, 1, 1000).astype(float32);
  const double loss = nn::ctc_loss(x, labels({5}), labels({steps}), labels({1})).item();
  // Ways to place one run among blanks: steps (steps + 1) / 2.
  CHECK(loss ==
        doctest::Approx(steps * std::log(1000.0) - std::log(steps * (steps + 1) / 2.0)).epsilon(1e-5));
}

TEST_CASE("derivatives of ctc_loss hold, to second order") {
  manual_seed(4);
  const Tensor x = randn({4, 3, 3}, {.dtype = float64});
  const Tensor targets = table({1, 2, 2, 2, 1, 0}, {3, 2}), inputs = labels({4, 4, 2}),
               lengths = labels({2, 2, 1});
  const auto free = [=](const auto& in) {
    return nn::ctc_loss(in[0], targets, inputs, lengths, {.reduction = Reduction::none});
  };
  const auto normal = [=](const auto& in) {
    return nn::ctc_loss(nn::log_softmax(in[0]), targets, inputs, lengths);
  };
  for (const TensorFunction& f : {TensorFunction(free), TensorFunction(normal)}) {
    const GradcheckReport report = gradcheck(f, {x}, {.order = 2});
    CHECK_MESSAGE(report.ok(), report.problem);
  }
}

TEST_CASE("what ctc_loss refuses") {
  const Tensor x = zeros({3, 2, 4}), targets = table({1, 2, 3, 1}, {2, 2}), two = labels({2, 2});
  const auto loss = [&](const Tensor& probabilities, const Tensor& t, const Tensor& in, const Tensor& length,
                        const nn::CtcOptions& options = {}) {
    return message([&] { nn::ctc_loss(probabilities, t, in, length, options); });
  };
  CHECK(loss(zeros({3, 4}), targets, two, two) ==
        "[ctc_loss] log_probabilities must be (T, N, C): got (3, 4)");
  CHECK(loss(zeros({3, 2, 4}, {.dtype = int64}), targets, two, two) ==
        "[ctc_loss] log_probabilities must be float32 or float64: got int64");
  CHECK(loss(x, targets, two, two, {.blank = 4}) == "[ctc_loss] blank must lie in [0, 4): got 4");
  CHECK(loss(x, zeros({3, 2}, {.dtype = int64}), two, two) ==
        "[ctc_loss] targets must be (N, S), or (sum of target_lengths): got (3, 2) for log_probabilities (3, "
        "2, 4)");
  CHECK(loss(x, targets.astype(float32), two, two) ==
        "[ctc_loss] targets must be int64: got float32. Did you mean targets.astype(int64)?");
  CHECK(loss(x, targets, labels({3}), two) == "[ctc_loss] input_lengths must be (N) = (2,): got (1,)");
  CHECK(loss(x, targets, labels({3, 4}), two) ==
        "[ctc_loss] input_lengths must lie in [0, 3]: got 4 at position 1");
  CHECK(loss(x, targets, two, labels({3, 1})) ==
        "[ctc_loss] target_lengths must lie in [0, 2]: got 3 at position 0");
  CHECK(loss(x, labels({1, 2, 3}), two, two) ==
        "[ctc_loss] joined targets must be (sum of target_lengths): got (3,) for a sum of 4");
  CHECK(loss(x, table({1, 2, 3, 4}, {2, 2}), two, two) ==
        "[ctc_loss] targets must lie in [0, 4) and not be the blank 0: got 4 at position 1 of sequence 1");
  CHECK(loss(x, table({1, 0, 3, 1}, {2, 2}), two, two) ==
        "[ctc_loss] targets must lie in [0, 4) and not be the blank 0: got 0 at position 1 of sequence 0");
}
