#include "lib/core/anomaly.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"

namespace wengert {
namespace {

/// The worst that a tensor holds.
enum class Worst : std::uint8_t { finite, infinite, nan };

struct Found {
  Worst worst = Worst::finite;
  double value = 0.0;
  std::int64_t at = 0;  // in row-major order
};

Found look_at(const Tensor& x) {
  Found found;
  if (!is_float(x.dtype()) || x.size() == 0) return found;
  const Tensor dense = compact(x);
  const auto search = [&](const auto* values) {
    for (std::int64_t i = 0; i < x.size() && found.worst != Worst::nan; ++i) {
      const auto value = static_cast<double>(values[i]);
      const Worst kind = std::isnan(value) ? Worst::nan : std::isinf(value) ? Worst::infinite : Worst::finite;
      if (kind > found.worst) found = {kind, value, i};
    }
  };
  const Node& node = dense.node();
  x.dtype() == float32 ? search(node.values<float>()) : search(node.values<double>());
  return found;
}

/// The worst of the inputs whose values are there: what still waits may have lost what it is computed from.
Worst worst_input(const Node& node) {
  Worst worst = Worst::finite;
  for (std::uint32_t i = 0; i < node.input_count; ++i) {
    Node& input = node.input(i);
    if (!input.deferred.load(std::memory_order_acquire) && input.data)
      worst = std::max(worst, look_at(Tensor(&input)).worst);
  }
  return worst;
}

Shape position(std::int64_t at, const Shape& shape) {
  Shape index = shape;
  for (std::size_t d = shape.size(); d-- > 0; at /= shape[d]) index[d] = at % shape[d];
  return index;
}

[[noreturn]] void report(const Node& node, const Found& found, const Shape& shape, Worst before,
                         const std::string& what) {
  std::ostringstream text;
  const std::string scope = to_string(node.scope);
  const char* got = found.worst == Worst::nan ? "nan" : found.value > 0 ? "inf" : "-inf";
  text << '[' << scope << (scope.empty() ? "" : ": ") << node.operation->name << "] " << what
       << " must be finite under AnomalyMode: got " << got;
  if (!shape.empty()) text << " at " << position(found.at, shape) << " of shape " << shape;
  text << ", from " << (before == Worst::infinite ? "infinite" : "finite") << " inputs of";
  for (std::uint32_t i = 0; i < node.input_count; ++i) text << (i ? ", " : " ") << node.input(i).shape;
  text << ", recorded at " << node.where.file << ':' << node.where.line;
  throw ValueError(text.str());
}

}  // namespace

AnomalyMode::AnomalyMode() noexcept : before_(std::exchange(this_thread.anomaly, true)) {}
AnomalyMode::~AnomalyMode() { this_thread.anomaly = before_; }

void check_value(const Node& node) {
  const Found found = look_at(Tensor(const_cast<Node*>(&node)));
  if (found.worst == Worst::finite) return;
  const Worst before = worst_input(node);
  if (found.worst > before) report(node, found, node.shape, before, "a value");
}

void check_cotangent(const Node& node, std::uint32_t i, const Tensor& g, const Tensor& earlier,
                     const Tensor& sum) {
  if (!sum.defined()) return;
  const Found found = look_at(sum);
  if (found.worst == Worst::finite) return;
  Worst before = std::max(look_at(g).worst, worst_input(node));
  if (earlier.defined()) before = std::max(before, look_at(earlier).worst);
  if (found.worst > before)
    report(node, found, sum.shape(), before, "the cotangent of input " + std::to_string(i));
}

}  // namespace wengert
