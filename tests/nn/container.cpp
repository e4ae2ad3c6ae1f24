#include "wengert/nn/container.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/nn/activation.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/recurrent_cell.hpp"

using namespace wengert;
using expect::message;
using expect::values;

namespace {

std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& entry : module.named_parameters()) names.push_back(entry.name);
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a list holds modules of any types, named by number") {
  nn::ModuleList list{nn::Linear(2, 3), nn::Tanh(), nn::Linear(3, 1, {.bias = false})};
  CHECK(list.size() == 3);
  CHECK(names(list) == Names{"0.weight", "0.bias", "2.weight"});
  Tensor x = ones({4, 2});
  const Tensor expected = list.at<nn::Linear>(2)(tanh(list.at<nn::Linear>(0)(x)));
  for (const nn::AnyModule& module : list) x = module(x);
  CHECK(values(x) == values(expected));
  list.append(nn::GRUCell(2, 3));
  CHECK(list.at<nn::GRUCell>(3)(ones({1, 2})).shape() == Shape{1, 3});
  list.eval();
  CHECK(!list[3].module().is_training());
  nn::ModuleList moved = std::move(list);
  CHECK((moved.size() == 4 && list.size() == 0));
  const nn::ModuleList one{nn::Linear(1, 1)};
  CHECK(one.size() == 1);
}

TEST_CASE("a dictionary keeps the order in which names were set") {
  nn::ModuleDict dict;
  dict.set("second", nn::Linear(2, 1));
  dict.set("first", nn::Linear(2, 2, {.bias = false}));
  CHECK(names(dict) == Names{"second.weight", "second.bias", "first.weight"});
  CHECK((dict.contains("first") && !dict.contains("third") && dict.size() == 2));
  CHECK(dict["second"](ones({3, 2})).shape() == Shape{3, 1});
  dict.set("second", nn::ReLU());
  CHECK(names(dict) == Names{"first.weight"});
  CHECK(values(dict["second"](full({2}, -1.0))) == std::vector<double>{0, 0});
  CHECK(dict.at<nn::Linear>("first").weight.shape() == Shape{2, 2});
  std::string order;
  for (const auto& [name, module] : dict) order += name + " ";
  CHECK(order == "second first ");
  dict.eval();
  CHECK(!dict["first"].module().is_training());
}

TEST_CASE("what is not there, or cannot be called, is named") {
  nn::ModuleList list{nn::Linear(2, 2), nn::Bilinear(1, 1, 1)};
  CHECK(message<IndexError>([&] { list[2]; }) ==
        "[ModuleList] there must be a module at the index: got 2 for 2");
  CHECK(message<ValueError>([&] { list.at<nn::ReLU>(0); }) ==
        "[ModuleList] the module must be of the type asked for: module 0 is another");
  CHECK(message<ValueError>([&] { list[1](ones({1})); }) ==
        "[AnyModule] only a module that maps one tensor to one tensor can be called through it: got another. "
        "Did "
        "you mean as<Type>()?");
  CHECK(list[1].as<nn::Bilinear>() != nullptr);
  CHECK(list[1].as<nn::Linear>() == nullptr);
  nn::ModuleDict dict;
  dict.set("a", nn::ReLU());
  CHECK(message<IndexError>([&] { dict["b"]; }) ==
        "[ModuleDict] there must be a module of the name: got 'b'");
  CHECK(message<ValueError>([&] { dict.at<nn::Tanh>("a"); }) ==
        "[ModuleDict] the module must be of the type asked for: 'a' is another");
  CHECK(message<ValueError>([&] { dict.set("a.b", nn::ReLU()); }) ==
        "[ModuleDict] a name must not be empty nor have a dot: got 'a.b'");
  CHECK(message<ValueError>([&] { dict.set("", nn::ReLU()); }) ==
        "[ModuleDict] a name must not be empty nor have a dot: got ''");
}
