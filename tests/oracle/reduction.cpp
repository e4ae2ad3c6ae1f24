// Reductions over no, one and several axes, norms and running sums against PyTorch.
#include "wengert/ops/reduction.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/oracle/compare.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/elementwise.hpp"

using namespace wengert;
using oracle::Entry;
using In = oracle::Tensors;

namespace {

using Reduce = Tensor (*)(const Tensor& x, const Axes& axes, bool keepdims);

struct Over {
  const char* name;
  Axes axes;
  bool keepdims;
};

}  // namespace

TEST_CASE("reductions agree with PyTorch") {
  const std::vector<std::pair<std::string, Reduce>> reductions = {
      {"sum", [](const Tensor& x, const Axes& axes, bool keepdims) { return sum(x, axes, keepdims); }},
      {"mean", [](const Tensor& x, const Axes& axes, bool keepdims) { return mean(x, axes, keepdims); }},
      {"max", [](const Tensor& x, const Axes& axes, bool keepdims) { return max(x, axes, keepdims); }},
      {"min", [](const Tensor& x, const Axes& axes, bool keepdims) { return min(x, axes, keepdims); }},
      {"prod", [](const Tensor& x, const Axes& axes, bool keepdims) { return prod(x, axes, keepdims); }},
      {"var", [](const Tensor& x, const Axes& axes, bool keepdims) { return var(x, axes, keepdims); }},
      {"std",
       [](const Tensor& x, const Axes& axes, bool keepdims) { return wengert::std(x, axes, keepdims); }},
      {"var.ddof",
       [](const Tensor& x, const Axes& axes, bool keepdims) { return var(x, axes, keepdims, 1); }},
      {"std.ddof",
       [](const Tensor& x, const Axes& axes, bool keepdims) { return wengert::std(x, axes, keepdims, 1); }},
      {"logsumexp",
       [](const Tensor& x, const Axes& axes, bool keepdims) { return logsumexp(x, axes, keepdims); }},
  };
  const std::vector<Over> overs = {{"all", {}, false},    {"0", 0, false},
                                   {"-1", -1, false},     {"1.keepdims", 1, true},
                                   {"02", {0, 2}, false}, {"-2-1.keepdims", {-2, -1}, true}};
  std::vector<Entry> table = {
      {"argmax:0", [](const In& x) { return argmax(x[0], 0); }},
      {"argmax:-1.keepdims", [](const In& x) { return argmax(x[0], -1, true); }},
      {"argmin:0", [](const In& x) { return argmin(x[0], 0); }},
      {"argmin:-1.keepdims", [](const In& x) { return argmin(x[0], -1, true); }},
      {"count_nonzero:all", [](const In& x) { return count_nonzero(x[0]); }},
      {"count_nonzero:-1", [](const In& x) { return count_nonzero(x[0], -1); }},
      {"all:all", [](const In& x) { return all(x[0]); }},
      {"all:1", [](const In& x) { return all(x[0], 1); }},
      {"any:all", [](const In& x) { return any(x[0]); }},
      {"any:1", [](const In& x) { return any(x[0], 1); }},
      {"cumsum:0", [](const In& x) { return square(cumsum(x[0], 0)); }},
      {"cumsum:-1", [](const In& x) { return square(cumsum(x[0], -1)); }},
      {"cumprod:0", [](const In& x) { return square(cumprod(x[0], 0)); }},
      {"cumprod:-1", [](const In& x) { return square(cumprod(x[0], -1)); }},
      {"logcumsumexp:0", [](const In& x) { return square(logcumsumexp(x[0], 0)); }},
      {"logcumsumexp:-1", [](const In& x) { return square(logcumsumexp(x[0], -1)); }},
      {"average", [](const In& x) { return average(x[0], x[1]); }},
      {"average:0", [](const In& x) { return average(x[0], x[1], 0); }},
  };
  for (const auto& [name, p] :
       {std::pair("1.0", 1.0), {"2.0", 2.0}, {"3.0", 3.0}, {"0.5", 0.5}, {"inf", double(INFINITY)}}) {
    const std::string norm_p = std::string("norm.") + name;
    table.emplace_back(norm_p + ":all", [p = p](const In& x) { return norm(x[0], p); });
    table.emplace_back(norm_p + ":-1.keepdims", [p = p](const In& x) { return norm(x[0], p, -1, true); });
  }
  for (const auto& [name, reduce] : reductions)
    for (const Over& over : overs)
      table.emplace_back(name + ":" + over.name, [reduce = reduce, over](const In& x) {
        return reduce(x[0], over.axes, over.keepdims);
      });
  oracle::check_family("reduction", table);
}
