#include "lib/train/tape_view.hpp"

#include <algorithm>
#include <cmath>

#include "lib/train/chart.hpp"

namespace wengert::training {
namespace {

constexpr std::size_t most = 240;  // entries that are shown
constexpr double row_height = 26, gutter = 74, column = 62;

/// An entry, and the scope it is shown in.
struct Line {
  std::size_t node;
  std::string scope;
};

/// Operations as recorded, each leaf before its first use and in the scope of it.
std::vector<Line> reading_order(const std::vector<TraceNode>& nodes) {
  std::vector<Line> order;
  std::vector<bool> placed(nodes.size());
  const auto place = [&](std::size_t i, const std::string& scope) {
    if (placed[i]) return;
    placed[i] = true;
    order.push_back({i, scope});
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].operation.empty()) continue;
    for (const std::size_t input : nodes[i].inputs)
      if (nodes[input].operation.empty()) place(input, nodes[i].scope);
    place(i, nodes[i].scope);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) place(i, nodes[i].scope);  // a leaf alone
  return order;
}

std::string scope_html(const std::string& scope) {
  std::string result = "in ";
  std::string rest = scope;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    result += "<b>" + escaped(rest.substr(0, slash)) + "</b>";
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    if (!rest.empty()) result += " &rsaquo; ";
  }
  return result;
}

std::string entry_html(const TraceNode& node) {
  const bool leaf = node.operation.empty();
  const std::string what = !leaf                ? node.operation
                           : !node.name.empty() ? node.name
                           : node.requires_grad ? "parameter"
                                                : "constant";
  const char* kind = !leaf ? "" : node.requires_grad ? " leafname" : " constname";
  const std::string place = node.file.substr(node.file.rfind('/') + 1) + ":" + std::to_string(node.line);
  return "<span class=\"what" + std::string(kind) + "\">" + escaped(what) + "</span><span class=\"dims\">" +
         to_string(node.shape) + (node.dtype == float32 ? "" : std::string(" ") + name(node.dtype)) +
         "</span><span class=\"at\">" + escaped(place) + "</span>";
}

std::string number(double value) {
  const auto tenths = static_cast<long long>(std::llround(value * 10));
  return std::to_string(tenths / 10) + (tenths % 10 != 0 ? "." + std::to_string(tenths % 10) : "");
}

}  // namespace

std::string tape_view(const std::vector<TraceNode>& nodes) {
  const std::vector<Line> order = reading_order(nodes);
  const std::size_t left_out = order.size() > most ? order.size() - most : 0;
  std::vector<double> height(nodes.size(), -1);  // of the middle of its line
  std::string rows, scope;
  double top = 0;
  const auto row = [&](const std::string& content, const char* kind) {
    rows += "<div class=\"r" + std::string(kind) + "\" style=\"padding-left:" + number(gutter) + "px\">" +
            content + "</div>";
    top += row_height;
  };
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (left_out > 0 && k == most / 2) {
      row("<span>&hellip; " + std::to_string(left_out) + " entries between are not shown</span>", " scope");
      k += left_out;
    }
    const auto& [i, own_scope] = order[k];
    if (own_scope != scope) {
      scope = own_scope;
      row(scope.empty() ? "<span>outside of any function</span>" : "<span>" + scope_html(scope) + "</span>",
          " scope");
    }
    height[i] = top + row_height / 2;
    row(entry_html(nodes[i]), "");
  }

  std::string arcs, marks;
  for (const auto& [i, own_scope] : order) {
    if (height[i] < 0) continue;
    for (const std::size_t input : nodes[i].inputs) {
      if (height[input] < 0) continue;
      const double from = height[input], to = height[i],
                   reach = std::min(column - 6, 8 + 4.2 * std::sqrt(to - from));
      arcs += "<path class=\"arc" + std::string(nodes[input].requires_grad ? " grad" : "") + "\" d=\"M" +
              number(column - 5) + " " + number(from) + "C" + number(column - 5 - reach * 1.25) + " " +
              number(from) + " " + number(column - 5 - reach * 1.25) + " " + number(to) + " " +
              number(column - 5) + " " + number(to) + "\"/>";
    }
    const TraceNode& node = nodes[i];
    if (node.operation.empty())
      marks += "<rect class=\"" + std::string(node.requires_grad ? "leaf" : "const") + "\" x=\"" +
               number(column - 5) + "\" y=\"" + number(height[i] - 5) +
               "\" width=\"10\" height=\"10\" rx=\"2\"/>";
    else
      marks += "<circle class=\"op" + std::string(node.requires_grad ? "" : " fixed") + "\" cx=\"" +
               number(column) + "\" cy=\"" + number(height[i]) + "\" r=\"4.5\"/>";
  }
  const std::string key =
      "<div class=\"key\"><span><svg class=\"mark\" viewBox=\"0 0 14 14\"><rect x=\"2\" y=\"2\" width=\"10\" "
      "height=\"10\" "
      "rx=\"2\" style=\"fill:var(--c1)\"/></svg>parameter</span><span><svg class=\"mark\" viewBox=\"0 0 14 "
      "14\"><rect x=\"2\" "
      "y=\"2\" width=\"10\" height=\"10\" rx=\"2\" "
      "style=\"fill:var(--axis)\"/></svg>constant</span><span><svg class=\"mark\" "
      "viewBox=\"0 0 14 14\"><circle cx=\"7\" cy=\"7\" r=\"4.5\" "
      "style=\"fill:none;stroke:var(--c0);stroke-width:2\"/></svg>"
      "operation</span><span><svg class=\"mark\" viewBox=\"0 0 14 14\"><path d=\"M2 7H12\" "
      "style=\"fill:none;stroke:var(--c0);stroke-width:2\"/></svg>gradients flow back along it</span></div>";
  return key + "<div class=\"tape\"><svg aria-hidden=\"true\" style=\"width:" + number(gutter) +
         "px;height:" + number(top) + "px\" viewBox=\"0 0 " + number(gutter) + " " + number(top) + "\">" +
         arcs + marks + "</svg>" + rows + "</div>";
}

}  // namespace wengert::training
