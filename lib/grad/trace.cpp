#include "wengert/grad/trace.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "lib/core/fail.hpp"
#include "lib/core/walk.hpp"

namespace wengert {
namespace {

struct Nothing {};

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string without_folders(const std::string& file) { return file.substr(file.rfind('/') + 1); }

/// Boxes within boxes: what a scope holds of its own, and the scopes in it.
struct Box {
  std::map<std::string, Box> inner;
  std::vector<std::size_t> nodes;
};

void write_box(std::string& text, const Box& box, const std::vector<std::string>& lines,
               const std::string& path, const std::string& indent) {
  for (const std::size_t i : box.nodes) text += indent + lines[i];
  for (const auto& [name, inner] : box.inner) {
    const std::string own = path + "/" + name;
    text +=
        indent + "subgraph " + quoted("cluster" + own) + " {\n" + indent + "  label=" + quoted(name) + ";\n";
    write_box(text, inner, lines, own, indent + "  ");
    text += indent + "}\n";
  }
}

/// A constant that waits to be computed has inputs still; on the tape it has none.
std::uint32_t inputs_of(const Node& node) { return node.requires_grad ? node.input_count : 0; }

}  // namespace

std::vector<TraceNode> trace(const Tensor& tensor, const TraceOptions& options) {
  constexpr const char* operation = "trace";
  std::unordered_map<const Node*, std::string> names;
  for (const auto& [name, leaf] : options.names) names.emplace(&leaf.node(), name);
  // Highest id first; the graph is held by `tensor`, so nodes may be kept by address.
  std::vector<const Node*> order;
  Walk<Nothing> walk;
  walk.at(tensor.node());
  while (!walk.empty()) {
    const auto [held, nothing] = walk.pop();
    // Not computed for this: what waits may have lost what it is computed from.
    Node& node = recorded(held);
    if (node.released)
      fail<GraphError>(operation, "the graph must still be there: ", node.operation->name,
                       "'s inputs were freed by backward(). Did you mean backward({.retain_graph = true})?");
    if (order.size() == options.max_nodes)
      fail<GraphError>(operation, "the graph must have at most ", options.max_nodes, " entries: got more");
    order.push_back(&node);
    for (std::uint32_t i = 0; i < inputs_of(node); ++i) walk.at(node.input(i));
  }
  std::ranges::reverse(order);
  std::unordered_map<const Node*, std::size_t> positions;
  for (std::size_t i = 0; i < order.size(); ++i) positions.emplace(order[i], i);

  std::vector<TraceNode> nodes;
  nodes.reserve(order.size());
  for (const Node* node : order) {
    TraceNode& entry = nodes.emplace_back();
    if (inputs_of(*node) > 0 && node->operation) entry.operation = node->operation->name;
    if (const auto found = names.find(node); found != names.end()) entry.name = found->second;
    entry.scope = to_string(node->scope);
    entry.shape = node->shape;
    entry.dtype = node->dtype;
    entry.requires_grad = node->requires_grad;
    entry.file = node->where.file;
    entry.line = node->where.line;
    for (std::uint32_t i = 0; i < inputs_of(*node); ++i)
      entry.inputs.push_back(positions.at(&node->input(i)));
  }
  return nodes;
}

std::string to_dot(const Tensor& tensor, const TraceOptions& options) {
  const std::vector<TraceNode> nodes = trace(tensor, options);
  std::vector<std::string> lines;
  Box all;
  std::string edges;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const TraceNode& node = nodes[i];
    const bool leaf = node.operation.empty();
    const std::string title = !leaf                ? node.operation
                              : !node.name.empty() ? node.name
                              : node.requires_grad ? "parameter"
                                                   : "constant";
    const std::string label = title + "\n" + to_string(node.shape) + " " + wengert::name(node.dtype) + "\n" +
                              without_folders(node.file) + ":" + std::to_string(node.line);
    std::string escaped = quoted(label);
    for (std::size_t at = 0; (at = escaped.find('\n', at)) != std::string::npos;)
      escaped.replace(at, 1, "\\n");
    lines.push_back("n" + std::to_string(i) + " [label=" + escaped +
                    (leaf ? node.requires_grad ? ", shape=box, style=bold" : ", shape=box" : "") + "];\n");
    // Leaves stand outside of boxes: they may be used in several.
    Box* box = &all;
    for (std::string rest = leaf ? "" : node.scope; !rest.empty();) {
      const std::size_t slash = rest.find('/');
      box = &box->inner[rest.substr(0, slash)];
      rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    }
    box->nodes.push_back(i);
    for (const std::size_t input : node.inputs)
      edges += "  n" + std::to_string(input) + " -> n" + std::to_string(i) + ";\n";
  }
  std::string text = "digraph tape {\n  node [shape=ellipse, fontname=\"sans-serif\"];\n";
  write_box(text, all, lines, "", "  ");
  return text + edges + "}\n";
}

}  // namespace wengert
