// Printing tensors as NumPy prints arrays.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

#include "lib/core/tape.hpp"

namespace wengert {
namespace {

// NumPy's defaults: numpy.set_printoptions.
constexpr int precision = 8;
constexpr std::int64_t summarize_from = 1000, edge_items = 3;
constexpr std::size_t line_width = 75;

/// Which positions of an extent are shown; -1 stands for the dots.
std::vector<std::int64_t> shown(std::int64_t extent, bool summarize) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < extent; ++i) {
    if (summarize && extent > 2 * edge_items && i == edge_items) {
      positions.push_back(-1);
      i = extent - edge_items;
    }
    positions.push_back(i);
  }
  return positions;
}

/// Shortest decimal digits that give back `value` in its own precision, at most `most` after the first or the
/// point.
std::string digits(double value, bool is_float32, bool scientific, int most = precision) {
  char text[400];
  for (int places = 0; places <= most; ++places) {
    std::snprintf(text, sizeof text, scientific ? "%.*e" : "%.*f", places, value);
    const double back = std::strtod(text, nullptr);
    if (is_float32 ? static_cast<float>(back) == static_cast<float>(value) : back == value) return text;
  }
  // Cut off: zeros at the end say nothing.
  std::string cut = text;
  const std::size_t end = std::min(cut.find('e'), cut.size());
  std::size_t kept = cut.find_last_not_of('0', end - 1);
  if (cut[kept] == '.') --kept;
  return cut.substr(0, kept + 1) + cut.substr(end);
}

/// A number on its own, with all the digits that tell it from its neighbours.
std::string in_full(double value, bool is_float32) {
  const double size = std::fabs(value);
  const bool scientific = size != 0.0 && (size >= (is_float32 ? 1e7 : 1e16) || size < 1e-4);
  const std::string text = digits(value, is_float32, scientific, 40);
  return scientific || text.find('.') != std::string::npos ? text : text + ".0";
}

class Printer {
 public:
  explicit Printer(const Tensor& tensor) : tensor_(compact(tensor)), node_(tensor_.node()) {
    summarize_ = node_.size() > summarize_from;
    if (is_float(node_.dtype)) choose_format();
    if (node_.dtype == boolean) width_ = 5;  // of False, whether there is one or not
    visit(0, 0, [&](std::int64_t at) { width_ = std::max(width_, format(at).size()); });
  }

  std::string print() {
    if (node_.size() == 0) return "[]";
    if (node_.shape.empty()) {
      const bool finite = is_float(node_.dtype) && std::isfinite(value(0));
      return finite ? in_full(value(0), node_.dtype == float32) : format(0);
    }
    return print(0, 0);
  }

 private:
  double value(std::int64_t at) const {
    return node_.dtype == float32 ? static_cast<double>(node_.values<float>()[at])
                                  : node_.values<double>()[at];
  }

  template <class F>
  void visit(std::size_t axis, std::int64_t base, F f) const {
    if (axis == node_.shape.size()) return f(base);
    for (const std::int64_t i : shown(node_.shape[axis], summarize_))
      if (i >= 0) visit(axis + 1, base + i * node_.strides[axis], f);
  }

  void choose_format() {
    double smallest = INFINITY, largest = 0.0;
    visit(0, 0, [&](std::int64_t at) {
      const double size = std::fabs(value(at));
      if (!std::isfinite(size) || size == 0.0) return;
      smallest = std::min(smallest, size);
      largest = std::max(largest, size);
    });
    scientific_ = largest > 0.0 && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000.0);
    visit(0, 0, [&](std::int64_t at) {
      if (!std::isfinite(value(at))) return;
      const std::string text = digits(value(at), node_.dtype == float32, scientific_);
      if (scientific_) exponent_ = std::max(exponent_, text.size() - text.find('e') - 2);
      const std::size_t point = text.find('.');
      if (point == std::string::npos) return;
      places_ = std::max(places_, static_cast<int>(std::min(text.find('e'), text.size()) - point) - 1);
    });
  }

  std::string format(std::int64_t at) const {
    if (node_.dtype == int64) return std::to_string(node_.values<std::int64_t>()[at]);
    if (node_.dtype == boolean) return node_.values<bool>()[at] ? "True" : "False";
    const double v = value(at);
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
    if (scientific_) {
      char text[64];
      std::snprintf(text, sizeof text, "%#.*e", places_, v);
      std::string padded = text;
      const std::size_t digits_at = padded.find('e') + 2;
      padded.insert(digits_at, exponent_ - std::min(exponent_, padded.size() - digits_at), '0');
      return padded;
    }
    // The digits that are there, then blanks up to the widest: 1.5 stands above 2.25 as "1.5 ".
    std::string text = digits(v, node_.dtype == float32, false);
    if (text.find('.') == std::string::npos) text += '.';
    const std::size_t fraction = text.size() - text.find('.') - 1;
    return text + std::string(static_cast<std::size_t>(places_) -
                                  std::min(fraction, static_cast<std::size_t>(places_)),
                              ' ');
  }

  std::string print(std::size_t axis, std::int64_t base) const {
    const bool last = axis + 1 == node_.shape.size();
    const std::string indent(axis + 1, ' ');
    const std::size_t room = line_width - node_.shape.size();
    std::string text = "[", line = "";
    bool first = true;
    for (const std::int64_t i : shown(node_.shape[axis], summarize_)) {
      std::string piece = i < 0  ? "..."
                          : last ? format(base + i * node_.strides[axis])
                                 : print(axis + 1, base + i * node_.strides[axis]);
      if (last) {
        if (i >= 0) piece.insert(0, width_ - piece.size(), ' ');
        if (!first && indent.size() + line.size() + 1 + piece.size() > room) {
          text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n" + indent;
          line = piece;
        } else {
          line += (first ? "" : " ") + piece;
        }
      } else {
        if (!first) text += std::string(node_.shape.size() - axis - 1, '\n') + indent;
        text += piece;
      }
      first = false;
    }
    return text + line + "]";
  }

  Tensor tensor_;
  const Node& node_;
  bool summarize_ = false, scientific_ = false;
  int places_ = 0;
  std::size_t width_ = 0, exponent_ = 2;  // digits of the exponent
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "(empty tensor)";
  return out << Printer(tensor).print();
}

}  // namespace wengert
