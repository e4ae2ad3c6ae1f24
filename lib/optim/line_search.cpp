#include "lib/optim/line_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace wengert::optim {
namespace {

constexpr double sufficient_decrease = 1e-4, curvature = 0.9;
constexpr int most_evaluations = 25;

/// Where the cubic through two points' losses and slopes is least, held within [low, high]; the middle where
/// there is no such place (equation 3.59 of Nocedal and Wright).
double cubic_minimum(const LinePoint& p, const LinePoint& q, double low, double high) {
  const LinePoint &a = p.t <= q.t ? p : q, &b = p.t <= q.t ? q : p;
  const double d = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
  const double radicand = d * d - a.slope * b.slope;
  if (!(radicand >= 0.0)) return 0.5 * (low + high);
  const double root = std::sqrt(radicand);
  const double t = b.t - (b.t - a.t) * ((b.slope + root - d) / (b.slope - a.slope + 2.0 * root));
  return std::isfinite(t) ? std::clamp(t, low, high) : 0.5 * (low + high);
}

}  // namespace

LinePoint search_line(const std::function<LinePoint(double)>& at, const LinePoint& start, double t,
                      const LineSearch& options, std::int64_t& evaluations) {
  const auto evaluate = [&](double where) {
    ++evaluations;
    LinePoint point = at(where);
    if (std::isnan(point.loss)) point.loss = std::numeric_limits<double>::infinity();
    return point;
  };
  const auto too_high = [&](const LinePoint& p) {
    return p.loss > start.loss + sufficient_decrease * p.t * start.slope;
  };
  const auto flat_enough = [&](const LinePoint& p) { return std::abs(p.slope) <= -curvature * start.slope; };

  // Go on until two points hold a good one between them.
  LinePoint low = start, high = evaluate(t);
  int tries = 0;
  for (;; ++tries) {
    if (tries == most_evaluations) {
      low = start;
      break;
    }
    if (too_high(high) || (tries > 1 && high.loss >= low.loss)) break;
    if (flat_enough(high)) return high;
    if (high.slope >= 0.0) break;
    const double next = cubic_minimum(low, high, high.t + 0.01 * (high.t - low.t), 10.0 * high.t);
    low = std::exchange(high, evaluate(next));
  }
  if (high.loss < low.loss) std::swap(low, high);

  // Narrow the bracket; `low` is the best point that decreases enough.
  bool crept = false;
  for (; tries < most_evaluations; ++tries) {
    const auto [left, right] = std::minmax(low.t, high.t);
    if ((right - left) * options.largest < options.tolerance) break;
    double next = cubic_minimum(low, high, left, right);
    // Twice in a row close to an end: a tenth of the bracket away from it instead.
    const double margin = 0.1 * (right - left);
    if (std::min(right - next, next - left) < margin) {
      if (crept || next >= right || next <= left) {
        next = std::abs(next - right) < std::abs(next - left) ? right - margin : left + margin;
        crept = false;
      } else {
        crept = true;
      }
    } else {
      crept = false;
    }
    LinePoint now = evaluate(next);
    if (too_high(now) || now.loss >= low.loss) {
      high = std::move(now);
      if (high.loss < low.loss) std::swap(low, high);
      continue;
    }
    const bool done = flat_enough(now);
    if (!done && now.slope * (high.t - low.t) >= 0.0) high = low;
    low = std::move(now);
    if (done) break;
  }
  return low;
}

}  // namespace wengert::optim
