// What an operation says of the values that its rules look at is true: others may be gone by then.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>

#include "laws/every_sample.hpp"
#include "wengert/core/evaluation.hpp"
#include "wengert/core/grad_mode.hpp"

using namespace wengert;
using namespace laws;

namespace {

/// While it lives, the node's value is NaN everywhere, or gone, so that whoever asks for it is refused.
class Poisoned {
 public:
  Poisoned(Node& node, bool gone)
      : node_(node), data_(node.data), room_(StorageRef::allocate(bytes_of(node))) {
    if (gone) {
      node.data = nullptr;
      return;
    }
    const auto fill = [&]<class T>(T value) {
      std::fill_n(reinterpret_cast<T*>(room_.data()), room_.bytes() / sizeof(T), value);
    };
    if (node.dtype == float32)
      fill(std::numeric_limits<float>::quiet_NaN());
    else
      fill(std::numeric_limits<double>::quiet_NaN());  // as an int64 a large number, which as a place is an
                                                       // error
    node.data = room_.data();
  }
  ~Poisoned() { node_.data = data_; }

 private:
  /// As many as the strides, none of which is negative, reach.
  static std::size_t bytes_of(const Node& node) {
    std::int64_t last = 0;
    for (std::size_t i = 0; i < node.shape.size(); ++i) last += (node.shape[i] - 1) * node.strides[i];
    return static_cast<std::size_t>(std::max<std::int64_t>(last, 0) + 1) * 8 + 64;
  }
  Node& node_;
  std::byte* data_;
  StorageRef room_;
};

bool forward_strides(const Node& node) {
  return std::ranges::none_of(node.strides, [](std::int64_t stride) { return stride < 0; });
}

/// Takes from each rule what it says not to look at; returns how many values those were.
int check_rules(const Node& node) {
  const Operation& operation = *node.operation;
  if (operation.rule_of_input || operation.rule_of_all) return 0;
  int checked = 0;
  const Tensor g = weights(node.shape, node.dtype);
  const Call call{g, node};
  for (std::uint32_t j = 0; j < node.input_count; ++j) {
    if (!operation.rules[j] || !node.input(j).requires_grad) continue;
    for (const bool recorded : {false, true}) {
      std::optional<NoGrad> off;
      if (!recorded) off.emplace();
      const auto value = [&] {
        const Tensor result = operation.rules[j](call);
        return result.defined() ? values(result) : std::vector<double>();
      };
      const std::vector<double> expected = value();
      for (std::uint32_t i = 0; i <= node.input_count; ++i) {
        const bool own = i == node.input_count;
        Node& other = own ? const_cast<Node&>(node) : node.input(i);
        // An input that stands at several places is looked at if one of them is.
        unsigned bits = own ? Operation::output : 0u;
        for (std::uint32_t k = 0; k < node.input_count; ++k)
          if (&node.input(k) == &other) bits |= 1u << k;
        if (operation.looks_at[j] & bits || !forward_strides(other)) continue;
        const std::string at = own ? "the output" : "input " + std::to_string(i);
        const std::string message =
            std::string(operation.name) + ": the rule of input " + std::to_string(j) + " looks at " + at;
        for (const bool gone : {false, true}) {
          const Poisoned poisoned(other, gone);
          std::vector<double> got;
          CHECK_NOTHROW_MESSAGE(got = value(), message);
          CHECK_MESSAGE(support::same_bits(got, expected), message);
        }
        ++checked;
      }
    }
  }
  return checked;
}

int check_graph(Node& root) {
  std::vector<Node*> seen{&root};
  int checked = 0;
  for (std::size_t next = 0; next < seen.size(); ++next) {
    Node& node = *seen[next];
    if (!node.operation || !node.requires_grad) continue;
    checked += check_rules(node);
    for (std::uint32_t i = 0; i < node.input_count; ++i)
      if (std::ranges::find(seen, &node.input(i)) == seen.end()) seen.push_back(&node.input(i));
  }
  return checked;
}

}  // namespace

TEST_CASE("rules look at nothing but what their operation says") {
  const Eager guard;
  int checked = 0;
  for_each_sample([&](const Operation&, const Sample& sample) {
    const Tensor y = sample.call(leaves(sample.inputs));
    checked += check_graph(y.recorded());
  });
  std::printf("looks_at: %d values that no rule needs were taken away\n", checked);
  CHECK(checked > 1000);
}
