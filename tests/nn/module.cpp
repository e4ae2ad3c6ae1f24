#include "wengert/nn/module.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/nn/dropout.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

struct Norm : nn::Module {
  Tensor scale = ones({2}, {.requires_grad = true});
  Tensor mean = zeros({2});
  Tensor count = zeros({}, {.dtype = int64});
  void visit(nn::Visitor& v) override {
    v("scale", scale);
    v.buffer("running_mean", mean);
    v.buffer("num_batches_tracked", count);
  }
};

struct Net : nn::Module {
  nn::Linear hidden{3, 2}, output{2, 1, {.bias = false}};
  Norm norm;
  nn::Dropout drop{0.5};
  std::vector<nn::Linear> layers;
  void visit(nn::Visitor& v) override {
    v("hidden", hidden);
    v("norm", norm);
    v("drop", drop);
    v("output", output);
    v("layers", layers);
  }
  Tensor operator()(const Tensor& x) const { return output(drop(norm.scale * hidden(x))); }
};

std::vector<std::string> names(const std::vector<nn::NamedTensor>& list) {
  std::vector<std::string> names;
  for (const auto& entry : list) names.push_back(entry.name);
  return names;
}
using Names = std::vector<std::string>;

bool same_leaf(const Tensor& a, const Tensor& b) { return &a.handle() == &b.handle(); }

}  // namespace

TEST_CASE("names come in the order of visit, joined by dots") {
  Net net;
  net.layers.emplace_back(2, 2);
  net.layers.emplace_back(2, 2, nn::LinearOptions{.bias = false});
  CHECK(names(net.named_parameters()) == Names{"hidden.weight", "hidden.bias", "norm.scale", "output.weight",
                                               "layers.0.weight", "layers.0.bias", "layers.1.weight"});
  CHECK(names(net.named_buffers()) == Names{"norm.running_mean", "norm.num_batches_tracked"});
  const auto& parameters = net.parameters();
  REQUIRE(parameters.size() == 7);
  CHECK(same_leaf(parameters[1], net.hidden.bias));
  CHECK(same_leaf(parameters[6], net.layers[1].weight));
}

TEST_CASE("the list of parameters is kept, and sees a replaced member") {
  Net net;
  const Tensor* first = net.parameters().data();
  CHECK(net.parameters().data() == first);
  net.hidden = nn::Linear(3, 2);
  CHECK(same_leaf(net.parameters()[0], net.hidden.weight));
  net.layers.emplace_back(1, 1);
  CHECK(net.parameters().size() == 6);
  net.layers.clear();
  CHECK(net.parameters().size() == 4);
  net.output.weight = net.hidden.weight;
  CHECK(net.parameters().size() == 3);
}

TEST_CASE("a shared parameter is listed once and saved under each name") {
  struct Tied : nn::Module {
    nn::Linear a{2, 2, {.bias = false}}, b{2, 2, {.bias = false}};
    void visit(nn::Visitor& v) override {
      v("a", a);
      v("b", b);
    }
  } tied;
  tied.b.weight = tied.a.weight;
  CHECK(tied.parameters().size() == 1);
  CHECK(names(tied.named_parameters()) == Names{"a.weight"});
  const nn::State state = tied.state();
  CHECK(state.size() == 2);
  tied.load(state);
  CHECK(same_leaf(tied.a.weight, tied.b.weight));
}

TEST_CASE("a moved module keeps its leaves") {
  Net net;
  const std::vector<Tensor> before = net.parameters();
  net.eval();
  Net moved = std::move(net);
  REQUIRE(moved.parameters().size() == before.size());
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(same_leaf(moved.parameters()[i], before[i]));
  CHECK(!moved.is_training());
  CHECK(net.parameters().empty());
  Net other;
  CHECK(other.parameters().size() == 4);
  other = std::move(moved);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(same_leaf(other.parameters()[i], before[i]));
  CHECK(moved.parameters().empty());
  static_assert(!std::is_copy_constructible_v<Net> && !std::is_copy_assignable_v<Net>);
}

TEST_CASE("train and eval reach every module") {
  Net net;
  CHECK((net.is_training() && net.drop.is_training()));
  net.eval();
  CHECK(!(net.is_training() || net.drop.is_training() || net.norm.is_training()));
  net.train();
  CHECK((net.is_training() && net.drop.is_training()));
  struct Deep : nn::Module {
    Net net;
    void visit(nn::Visitor& v) override { v("net", net); }
  } deep;
  deep.train(false);
  CHECK(!deep.net.drop.is_training());
}

TEST_CASE("a state is a snapshot, and a module takes it back") {
  Net net;
  const nn::State state = net.state();
  REQUIRE(state.size() == 6);
  CHECK(!state.at("hidden.weight").requires_grad());
  const auto before = values(net.hidden.weight);
  net.hidden.weight.assign(2.0 * net.hidden.weight.detach() + 1.0);
  net.norm.count.assign(net.norm.count + 3);
  CHECK(values(state.at("hidden.weight")) == before);
  CHECK(state.at("norm.num_batches_tracked").item() == 0);
  const Tensor leaf = net.hidden.weight;
  net.load(state);
  CHECK(values(net.hidden.weight) == before);
  CHECK(net.norm.count.item() == 0);
  CHECK(same_leaf(leaf, net.hidden.weight));
  net.hidden.weight.assign(zeros({2, 3}));
  CHECK(values(state.at("hidden.weight")) == before);
}

TEST_CASE("load names everything that does not fit and changes nothing") {
  Net net;
  const nn::State own = net.state();
  nn::State state = net.state();
  state["hidden.weight"] = ones({2, 3});
  state.erase("hidden.bias");
  state.erase("norm.scale");
  state["hiden.bias"] = zeros({2});
  state["output.weight"] = zeros({2, 1});
  state["norm.running_mean"] = zeros({2}, {.dtype = float64});
  CHECK(message<ValueError>([&] { net.load(state); }) ==
        "[load] the state must fit the module: missing 'hidden.bias', 'norm.scale'; unknown 'hiden.bias'; "
        "'norm.running_mean' is float64 and must be float32; 'output.weight' is (2, 1) and must be (1, 2)");
  for (const auto& [name, value] : net.state()) CHECK(values(value) == values(own.at(name)));
  CHECK(message<ValueError>([&] { net.load({}); }).find("missing 'hidden.weight', 'hidden.bias'") !=
        std::string::npos);
}

TEST_CASE("to converts float members in the same leaves and drops gradients") {
  Net net;
  net.eval();
  const std::vector<Tensor> leaves = net.parameters();
  const auto before = values(net.hidden.weight);
  sum(net(randn({4, 3}))).backward();
  CHECK(net.hidden.weight.has_grad());
  net.to(float64);
  CHECK(net.hidden.weight.dtype() == float64);
  CHECK(net.norm.mean.dtype() == float64);
  CHECK(net.norm.count.dtype() == int64);
  CHECK(net.hidden.weight.requires_grad());
  CHECK(!net.hidden.weight.has_grad());
  CHECK(values(net.hidden.weight) == before);
  for (std::size_t i = 0; i < leaves.size(); ++i) CHECK(same_leaf(leaves[i], net.parameters()[i]));
  sum(net(randn({4, 3}, {.dtype = float64}))).backward();
  CHECK(leaves[0].grad().dtype() == float64);
  net.to(float64);
  CHECK(leaves[0].has_grad());
  net.zero_grad();
  CHECK(!leaves[0].has_grad());
  CHECK(message<DTypeError>([&] { net.to(int64); }) ==
        "[to] a module's values are float32 or float64: got int64");
}

TEST_CASE("what visit is shown must be what it is called") {
  struct Wrong : nn::Module {
    Tensor t;
    bool buffer = false;
    void visit(nn::Visitor& v) override { buffer ? v.buffer("t", t) : v("t", t); }
  };
  struct Outer : nn::Module {
    Wrong inner;
    void visit(nn::Visitor& v) override { v("inner", inner); }
  } outer;
  CHECK(outer.parameters().empty());
  outer.inner.t = zeros({2});
  CHECK(message<GraphError>([&] { outer.parameters(); }) ==
        "[visit] a parameter must want its gradient: 'inner.t' does not. Did you mean parameter(value), or "
        "v.buffer(...)?");
  outer.inner.t = ones({2}, {.requires_grad = true}) * 2.0;
  CHECK(message<GraphError>([&] { outer.parameters(); }) ==
        "[visit] a parameter must be a leaf: 'inner.t' is the result of an operation. Did you mean "
        "parameter(value)?");
  outer.inner.buffer = true;
  CHECK(message<GraphError>([&] { outer.state(); }) ==
        "[visit] a buffer must be a leaf: 'inner.t' is the result of an operation. Did you mean "
        "value.detach()?");
  outer.inner.t = ones({2}, {.requires_grad = true});
  CHECK(message<GraphError>([&] { outer.state(); }) ==
        "[visit] a buffer must want no gradient: 'inner.t' does. Did you mean v(name, parameter)?");

  struct Twice : nn::Module {
    Tensor a = zeros({1}), b = zeros({1});
    void visit(nn::Visitor& v) override {
      v.buffer("a", a);
      v.buffer("a", b);
    }
  } twice;
  CHECK(message<ValueError>([&] { twice.state(); }) ==
        "[state] members must have names of their own: got 'a' twice");
}
