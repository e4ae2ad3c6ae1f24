#include "wengert/nn/functional_call.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/grad/transforms.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::values;

namespace {

using Parameters = std::vector<Tensor>;

struct Net : nn::Module {
  nn::Linear first{3, 4, {.dtype = float64}}, second{4, 3, {.dtype = float64}};
  Tensor tied = first.weight;  // stands in two places
  Tensor operator()(const Tensor& x) const { return matmul(tanh(second(tanh(first(x)))), transpose(tied)); }
  void visit(nn::Visitor& v) override { v("first", first), v("second", second), v("tied", tied); }
};

struct Data {
  Net net;
  Tensor x = randn({5, 3}, {.dtype = float64}), y = randn({5, 4}, {.dtype = float64});
  Tensor loss(const Parameters& p) {
    return nn::functional_call(net, p, [&] { return nn::mse_loss(net(x), y); });
  }
};

}  // namespace

TEST_CASE("a module's loss is a function of its parameters, shared ones too") {
  manual_seed(1);
  Data data;
  const Parameters own = data.net.parameters();
  CHECK(own.size() == 4);
  const double before = nn::mse_loss(data.net(data.x), data.y).item();
  CHECK(data.loss(own).item() == before);
  Parameters others;
  for (const Tensor& p : own) others.push_back(randn(p.shape(), {.dtype = float64}));
  CHECK(data.loss(others).item() != before);
  CHECK(nn::mse_loss(data.net(data.x), data.y).item() == before);
  for (std::size_t i = 0; i < own.size(); ++i) CHECK(&data.net.parameters()[i].handle() == &own[i].handle());
  CHECK(gradcheck([&](const Parameters& p) { return data.loss(p); }, others, {.order = 2}).ok());
  // The derivative in the leaves is that in the values.
  nn::mse_loss(data.net(data.x), data.y).backward();
  const auto [value, slopes] = value_and_grad([&](const Parameters& p) { return data.loss(p); }, own);
  CHECK(value.item() == before);
  for (std::size_t i = 0; i < own.size(); ++i) CHECK(values(slopes[i]) == values(own[i].grad()));
  const auto f = [&](const Parameters& p) { return data.loss(p); };
  Tensor expected = zeros({}, {.dtype = float64});
  for (std::size_t i = 0; i < own.size(); ++i) expected = expected + sum(slopes[i] * others[i]);
  CHECK(jvp(f, own, others).second.item() == doctest::Approx(expected.item()).epsilon(1e-12));
}

TEST_CASE("a step of descent is differentiated") {
  manual_seed(2);
  Data data;
  const auto after_a_step = [&](const Parameters& p) {
    Parameters moved;
    const Parameters slopes = grad(data.loss(p), p, {.create_graph = true});
    for (std::size_t i = 0; i < p.size(); ++i) moved.push_back(p[i] - 0.5 * slopes[i]);
    return data.loss(moved);
  };
  CHECK(gradcheck(after_a_step, data.net.parameters()).ok());
}

TEST_CASE("what functional_call refuses, and what throws, leaves the module as it was") {
  Data data;
  const Parameters own = data.net.parameters();
  Parameters wrong = own;
  wrong.pop_back();
  CHECK(message<ValueError>([&] { data.loss(wrong); }) ==
        "[functional_call] there must be a value for each parameter: got 3 for 4");
  wrong.push_back(zeros({2}, {.dtype = float64}));
  CHECK(message<ShapeError>([&] { data.loss(wrong); }) ==
        "[functional_call] a value must have its parameter's shape: got (2,) for (3,), parameter 3");
  wrong.back() = zeros({3});
  CHECK(message<DTypeError>([&] { data.loss(wrong); }) ==
        "[functional_call] a value must have its parameter's dtype: got float32 for float64, parameter 3");
  Parameters others;
  for (const Tensor& p : own) others.push_back(2.0 * p);
  CHECK(message<ValueError>([&] {
          nn::functional_call(data.net, others, [&]() -> Tensor { throw ValueError("[call] no"); });
        }) == "[call] no");
  for (std::size_t i = 0; i < own.size(); ++i) CHECK(&data.net.parameters()[i].handle() == &own[i].handle());
}
