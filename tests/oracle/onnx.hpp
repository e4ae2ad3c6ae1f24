// ONNX operators as calls of Wengert, a function of the node's attributes and inputs each, by family.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/tensors.hpp"
#include "wengert/core/tensor.hpp"

namespace oracle {

using wengert::Axes;
using wengert::Tensor;
using Tensors = std::vector<Tensor>;

/// A call's attributes and inputs; an input that is not given is an empty Tensor.
struct Node {
  nlohmann::json attributes;
  Tensors inputs;
  std::size_t outputs = 1;

  const Tensor& operator[](std::size_t i) const { return inputs.at(i); }
  bool has(std::size_t i) const { return i < inputs.size() && inputs[i].defined(); }
  bool has(const char* name) const { return attributes.contains(name); }
  template <class T>
  T get(const char* name, T otherwise) const {
    return has(name) ? attributes.at(name).get<T>() : otherwise;
  }
  std::int64_t whole(const char* name, std::int64_t otherwise) const { return get(name, otherwise); }
  double number(const char* name, double otherwise) const { return get(name, otherwise); }
  bool flag(const char* name, bool otherwise = false) const {
    return get<std::int64_t>(name, otherwise) != 0;
  }
  Axes list(const char* name, const Axes& otherwise) const {
    return has(name) ? Axes(attributes.at(name).get<std::vector<std::int64_t>>()) : otherwise;
  }
  /// Integers given as a tensor.
  Axes list(std::size_t i) const { return Axes(support::whole(inputs.at(i))); }
  double number(std::size_t i) const { return support::values(inputs.at(i)).at(0); }
};

using OnnxOperators = std::map<std::string, std::function<Tensors(const Node&)>>;

void add_elementwise(OnnxOperators& operators);
void add_reductions(OnnxOperators& operators);
void add_structure(OnnxOperators& operators);
void add_networks(OnnxOperators& operators);

}  // namespace oracle
