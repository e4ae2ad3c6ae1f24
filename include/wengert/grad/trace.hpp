// The tape as data: which operations led to a tensor, for people to look at.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

/// One entry of the tape.
struct TraceNode {
  std::string operation;  ///< "matmul"; "" for a leaf or a constant
  std::string name;       ///< of a leaf that the options name, else ""
  std::string scope;      ///< the composed functions it was recorded in, "cross_entropy/log_softmax", or ""
  Shape shape;
  DType dtype = float32;
  bool requires_grad = false;
  std::string file;  ///< where in the program it was recorded
  int line = 0;
  std::vector<std::size_t> inputs;  ///< positions in the trace, all smaller than its own
};

struct TraceOptions {
  std::vector<std::pair<std::string, Tensor>> names = {};  ///< leaves and what to call them
  std::size_t max_nodes = 100'000;                         ///< a longer tape is an error
};

/// All that led to `tensor`, itself the last, in the order of the tape: inputs before what is made of them.
/// Each entry stands once. Throws GraphError where part of the graph has been freed (a backward() without
/// retain_graph has gone by) or where there are more than max_nodes entries.
std::vector<TraceNode> trace(const Tensor& tensor, const TraceOptions& options = {});

/// The same as a graph in the DOT language, to be drawn by Graphviz: entries of one scope in one box. Throws
/// as trace() does.
std::string to_dot(const Tensor& tensor, const TraceOptions& options = {});

}  // namespace wengert
