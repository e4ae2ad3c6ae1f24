#include "wengert/nn/sequential.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/nn/activation.hpp"
#include "wengert/nn/dropout.hpp"
#include "wengert/nn/linear.hpp"

using namespace wengert;
using expect::message;
using expect::values;

namespace {

struct Shift : nn::Module {  // a user's own, without a location
  Tensor by = ones({1}, {.requires_grad = true});
  Tensor operator()(const Tensor& x) const { return x + by; }
  void visit(nn::Visitor& v) override { v("by", by); }
};

}  // namespace

TEST_CASE("modules are applied in order and named by number") {
  nn::Sequential net{nn::Linear(4, 3), nn::ReLU(), Shift(), nn::Linear(3, 2, {.bias = false})};
  CHECK(net.size() == 4);
  std::vector<std::string> names;
  for (const auto& entry : net.named_parameters()) names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "2.by", "3.weight"});
  const Tensor x = ones({5, 4});
  const auto expected = values(net.at<nn::Linear>(3)(relu(net.at<nn::Linear>(0)(x)) + 1.0));
  CHECK(values(net(x)) == expected);
}

TEST_CASE("a Sequential holds others, moves with its leaves, and grows") {
  nn::Sequential inner{nn::Linear(2, 2), nn::Dropout(0.5)};
  const Tensor weight = inner.parameters()[0];
  nn::Sequential outer{std::move(inner), nn::Tanh()};
  CHECK(outer.size() == 2);
  CHECK(outer.named_parameters()[0].name == "0.0.weight");
  CHECK(&outer.parameters()[0].handle() == &weight.handle());
  nn::Sequential moved{std::move(outer)};
  CHECK(moved.size() == 2);
  CHECK(outer.size() == 0);
  CHECK(&moved.parameters()[0].handle() == &weight.handle());
  moved.eval();
  CHECK(!moved.at<nn::Sequential>(0)[1].is_training());
  moved.append(nn::Linear(2, 7));
  CHECK(moved(ones({1, 2})).shape() == Shape{1, 7});
  static_assert(!std::is_copy_constructible_v<nn::Sequential>);
}

TEST_CASE("an empty Sequential is the identity") {
  const nn::Sequential empty;
  CHECK(values(empty(ones({2}))) == std::vector<double>{1, 1});
}

TEST_CASE("braces draw from left to right") {
  manual_seed(8);
  nn::Sequential net{nn::Linear(2, 2), nn::Linear(2, 2)};
  manual_seed(8);
  const nn::Linear first(2, 2), second(2, 2);
  CHECK(values(net.at<nn::Linear>(0).weight) == values(first.weight));
  CHECK(values(net.at<nn::Linear>(1).weight) == values(second.weight));
}

TEST_CASE("asking for a module that is not there, or is another") {
  nn::Sequential net{nn::Linear(2, 2), nn::ReLU()};
  CHECK(message<IndexError>([&] { net[2]; }) ==
        "[Sequential] there must be a module at the index: got 2 for 2");
  CHECK(message<ValueError>([&] { net.at<nn::Linear>(1); }) ==
        "[Sequential] the module must be of the type asked for: module 1 is another");
}
