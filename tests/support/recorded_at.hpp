// Whose line recorded operations bear.
#pragma once

#include <doctest/doctest.h>

#include <set>
#include <string_view>
#include <vector>

#include "wengert/core/node.hpp"

namespace support {

using wengert::Node;
using wengert::Tensor;

/// How many recorded operations are below y; -1 if one bears another line, which is then shown.
inline int recorded_at(std::string_view file, int line, const Tensor& y) {
  std::set<const Node*> seen;
  std::vector<const Node*> waiting{&y.node()};
  while (!waiting.empty()) {
    const Node* node = waiting.back();
    waiting.pop_back();
    if (!node->operation || !node->requires_grad || !seen.insert(node).second) continue;
    if (node->where.line != line || node->where.file != file) {
      MESSAGE(node->operation->name, " in ", to_string(node->scope), " at ", node->where.file, ":",
              node->where.line);
      return -1;
    }
    for (std::uint32_t i = 0; i < node->input_count; ++i) waiting.push_back(&node->input(i));
  }
  return static_cast<int>(seen.size());
}

}  // namespace support

// One expression, so that what is called and what is compared stand on one line.
#define AT_THIS_LINE(...) CHECK(support::recorded_at(__FILE__, __LINE__, __VA_ARGS__) > 0)
