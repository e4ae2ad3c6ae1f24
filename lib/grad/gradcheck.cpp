#include "wengert/grad/gradcheck.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <sstream>

#include "lib/core/fail.hpp"
#include "lib/core/tape.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

namespace wengert {
namespace {

using Values = std::vector<double>;

constexpr std::int64_t most_rows = 256;  // outputs of more elements are contracted to one number
constexpr std::size_t most_elements =
    1000;  // of an input that are varied one by one; of larger ones a sample

Values values_of(const Tensor& x) {
  const Tensor dense = compact(x);
  const double* first = dense.node().values<double>();
  return Values(first, first + dense.size());
}

Tensor tensor_of(const Values& values, const Shape& shape) {
  StorageRef storage = StorageRef::allocate(values.size() * sizeof(double));
  std::copy(values.begin(), values.end(), reinterpret_cast<double*>(storage.data()));
  return constant(std::move(storage), shape, float64);
}

/// Numbers in [-1, 1] away from 0, so that no entry hides behind a small factor.
class Weights {
 public:
  explicit Weights(unsigned seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  Tensor draw(const Shape& shape) {
    Values values(static_cast<std::size_t>(element_count(shape)));
    for (double& value : values) {
      const double size = 0.5 + 0.5 * static_cast<double>(next() >> 11) * 0x1p-53;
      value = next() >> 63 ? size : -size;
    }
    return tensor_of(values, shape);
  }
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }

 private:
  std::uint64_t state_;
};

/// Gives leaves their values back, whatever happens.
class Restore {
 public:
  explicit Restore(const std::vector<Tensor>& leaves) : leaves_(leaves) {
    for (const Tensor& leaf : leaves) before_.push_back(leaf.detach());
  }
  ~Restore() {
    for (std::size_t i = 0; i < leaves_.size(); ++i) leaves_[i].assign(before_[i]);
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  const std::vector<Tensor>& leaves_;
  std::vector<Tensor> before_;
};

/// A derivative by differences, and how far it may be off.
struct Difference {
  double value, error;
  bool kink;  // the slopes to the left and to the right of the point differ
};

class Checker {
 public:
  Checker(const std::vector<Tensor>& leaves, const GradcheckOptions& options)
      : leaves_(leaves), options_(options) {}

  GradcheckReport run(const std::function<Tensor()>& f) {
    const Restore restore(leaves_);
    const EnableGrad recorded;
    try {
      check(f);
    } catch (const std::exception& error) {
      complain(std::string("an error was thrown: ") + error.what());
    }
    return report_;
  }

 private:
  void complain(const std::string& problem) {
    if (report_.ok()) report_.problem = problem;
  }

  void check(const std::function<Tensor()>& f) {
    const Tensor y = f();
    if (y.dtype() != float64) {
      std::ostringstream text;
      text << "the function must return float64: got " << y.dtype();
      return complain(text.str());
    }
    const Values first = values_of(y);
    if (!std::ranges::all_of(first, [](double v) { return std::isfinite(v); }))
      return complain("the function's value is not finite");
    if (values_of(f()) != first) return complain("the function gives different values when called twice");

    if (y.size() <= most_rows) {
      first_order_rows(f, y);
    } else {
      Weights weights(options_.seed);
      const Tensor u = weights.draw(y.shape());
      const auto contracted = [&] { return sum(f() * u); };
      order_ = 1;
      compare(-1, contracted, analytic(contracted(), Tensor()));
    }
    if (report_.ok() && options_.order >= 2) second_order(f, y.shape());
  }

  /// The gradient of y (contracted with `seed`) in every leaf by the tape; empty where y does not depend on a
  /// leaf.
  std::vector<Tensor> analytic(const Tensor& y, const Tensor& seed, bool create_graph = false) {
    if (!y.requires_grad()) return std::vector<Tensor>(leaves_.size());
    GradOptions options{.create_graph = create_graph, .retain_graph = true, .allow_unused = true};
    if (seed.defined()) options.seeds = {seed};
    std::vector<Tensor> gradients = grad(y, leaves_, options);
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (gradients[i].defined() &&
          (gradients[i].shape() != leaves_[i].shape() || gradients[i].dtype() != float64))
        complain("a gradient has shape " + to_string(gradients[i].shape()) + " for an input of " +
                 to_string(leaves_[i].shape()));
    return gradients;
  }

  void first_order_rows(const std::function<Tensor()>& f, const Tensor& y) {
    order_ = 1;
    const auto rows = static_cast<std::size_t>(y.size());
    std::vector<std::vector<Tensor>> jacobian;
    for (std::size_t k = 0; k < rows; ++k) {
      Values one(rows, 0.0);
      one[k] = 1.0;
      jacobian.push_back(analytic(y, tensor_of(one, y.shape())));
    }
    if (!report_.ok() || rows == 0) return;
    std::vector<std::vector<Values>> entries(leaves_.size());
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      for (std::size_t k = 0; k < rows; ++k)
        entries[i].push_back(jacobian[k][i].defined()
                                 ? values_of(jacobian[k][i])
                                 : Values(static_cast<std::size_t>(leaves_[i].size()), 0.0));
    const auto value = [&] { return values_of(f()); };
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      for (const std::size_t j : chosen(i)) {
        const auto differences = differentiate(i, j, value);
        for (std::size_t k = 0; k < rows; ++k)
          judge(i, j, static_cast<std::int64_t>(k), entries[i][k][j], differences[k]);
      }
  }

  /// Compares the gradient of one number in every leaf with differences of it.
  void compare(std::int64_t row, const std::function<Tensor()>& number,
               const std::vector<Tensor>& gradients) {
    if (!report_.ok()) return;
    const auto value = [&] { return values_of(number()); };
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      const Values entries = gradients[i].defined()
                                 ? values_of(gradients[i])
                                 : Values(static_cast<std::size_t>(leaves_[i].size()), 0.0);
      for (const std::size_t j : chosen(i)) judge(i, j, row, entries[j], differentiate(i, j, value)[0]);
    }
  }

  /// The derivatives of s = sum over inputs of <v, gradient of <u, y>>, in the inputs and in u. The
  /// differences are of gradients from unrecorded passes, the derivatives come from a recorded one: the two
  /// must agree as well.
  void second_order(const std::function<Tensor()>& f, const Shape& shape) {
    order_ = 2;
    Weights weights(options_.seed + 1);
    const Tensor u = parameter(weights.draw(shape));
    std::vector<Tensor> v;
    for (const Tensor& leaf : leaves_) v.push_back(weights.draw(leaf.shape()));
    const auto contracted = [&](bool create_graph) {
      const std::vector<Tensor> gradients = analytic(f(), u, create_graph);
      Tensor s = scalar(0.0, float64);
      for (std::size_t i = 0; i < gradients.size(); ++i)
        if (gradients[i].defined()) s = s + sum(gradients[i] * v[i]);
      return s;
    };
    const std::size_t inputs = leaves_.size();
    leaves_.push_back(u);
    const Tensor s = contracted_without(inputs, contracted, true);
    const std::vector<Tensor> gradients = analytic(s, Tensor());
    compare(
        -1, [&] { return contracted_without(inputs, contracted, false); }, gradients);
    leaves_.pop_back();
  }

  /// The contraction differentiates the function in its own inputs only, not in u.
  Tensor contracted_without(std::size_t inputs, const std::function<Tensor(bool)>& contracted,
                            bool create_graph) {
    const std::vector<Tensor> all = leaves_;
    leaves_.resize(inputs);
    try {
      Tensor s = contracted(create_graph);
      leaves_ = all;
      return s;
    } catch (...) {
      leaves_ = all;
      throw;
    }
  }

  /// The elements of an input that are varied: all, or a seeded sample of a large one.
  std::vector<std::size_t> chosen(std::size_t input) {
    const auto size = static_cast<std::size_t>(leaves_[input].size());
    std::vector<std::size_t> elements;
    if (size <= most_elements) {
      for (std::size_t j = 0; j < size; ++j) elements.push_back(j);
    } else {
      Weights weights(options_.seed + 2);
      for (std::size_t j = 0; j < most_elements; ++j) elements.push_back(weights.next() % size);
    }
    return elements;
  }

  /// Central differences at three steps and Richardson's extrapolation: Ridders, "Accurate computation of
  /// F'(x) and F'(x) F''(x)", 1982.
  std::vector<Difference> differentiate(std::size_t input, std::size_t element,
                                        const std::function<Values()>& f) {
    const Tensor& leaf = leaves_[input];
    const Shape shape = leaf.shape();
    const Tensor before = leaf.detach();
    Values point = values_of(leaf);
    const double x = point[element], scale = std::max(1.0, std::fabs(x));
    const auto at = [&](double moved) {
      point[element] = moved;
      leaf.assign(tensor_of(point, shape));
      return f();
    };
    constexpr int steps = 3;
    std::vector<Values> slopes, jumps;
    Values largest;
    const Values here = f();
    double h = options_.step * scale;
    for (int level = 0; level < steps; ++level, h /= 2) {
      const double right = x + h, left = x - h;
      const Values above = at(right), below = at(left);
      largest.resize(above.size());
      Values slope(above.size()), jump(above.size());
      for (std::size_t k = 0; k < above.size(); ++k) {
        slope[k] = (above[k] - below[k]) / (right - left);
        jump[k] = std::fabs((above[k] - here[k]) - (here[k] - below[k])) / h;
        largest[k] = std::max({largest[k], std::fabs(above[k]), std::fabs(below[k])});
      }
      slopes.push_back(std::move(slope));
      jumps.push_back(std::move(jump));
    }
    leaf.assign(before);
    std::vector<Difference> result;
    for (std::size_t k = 0; k < largest.size(); ++k) {
      const double once = (4 * slopes[1][k] - slopes[0][k]) / 3,
                   again = (4 * slopes[2][k] - slopes[1][k]) / 3;
      const double value = (16 * again - once) / 15;
      const double rounding = 16 * 0x1p-52 * largest[k] / (4 * h);
      // The jump of a smooth function's slope across the point shrinks with the step; that of a kink stays.
      const bool kink =
          jumps[2][k] > 0.7 * jumps[0][k] && jumps[2][k] > 1e-6 * (1.0 + std::fabs(value)) + 4 * rounding;
      result.push_back({value, std::fabs(value - again) + rounding, kink});
    }
    return result;
  }

  void judge(std::size_t input, std::size_t element, std::int64_t row, double derivative,
             const Difference& difference) {
    GradcheckEntry entry{
        order_,
        input,
        static_cast<std::int64_t>(element),
        row,
        derivative,
        difference.value,
        options_.absolute + options_.relative * std::fabs(difference.value) + difference.error};
    ++report_.entries;
    const double error = std::fabs(derivative - difference.value);
    // Written so that a NaN anywhere fails.
    const bool settled = difference.error <= 1e-4 * (1.0 + std::fabs(difference.value));
    const bool agrees = settled && !difference.kink && std::isfinite(error) && error <= entry.tolerance;
    // Every entry that fails ranks above those that agree, the most wrong first and what is not finite above
    // all.
    const double ratio = std::isfinite(error) ? error / entry.tolerance : INFINITY;
    const double badness = agrees ? ratio : std::max(ratio, 1.0);
    if (badness > worst_ || report_.entries == 1) {
      worst_ = badness;
      report_.worst = entry;
    }
    if (agrees) return;
    std::ostringstream text;
    text.precision(12);
    text << (order_ == 1 ? "first" : "second") << " derivative: ";
    if (difference.kink)
      text << "the slopes to the left and to the right differ (a kink), so there is none: ";
    else if (!settled)
      text << "the differences do not settle, so nothing can be said: ";
    text << "by the tape " << derivative << ", by differences " << difference.value << " (tolerance "
         << entry.tolerance << ") at element " << element << " of input " << input;
    if (row >= 0) text << ", element " << row << " of the output";
    complain(text.str());
  }

  std::vector<Tensor> leaves_;
  GradcheckOptions options_;
  GradcheckReport report_;
  int order_ = 1;
  double worst_ = -1.0;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const GradcheckReport& report) {
  if (report.ok()) return out << "gradcheck: ok, " << report.entries << " entries agree";
  return out << "gradcheck: " << report.problem;
}

GradcheckReport gradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options) {
  std::vector<Tensor> given, leaves;
  for (const Tensor& input : inputs) {
    given.push_back(input.dtype() == float64 ? parameter(input) : input);
    if (input.dtype() == float64) leaves.push_back(given.back());
  }
  if (leaves.empty())
    fail<DTypeError>("gradcheck",
                     "there must be a float64 input to vary: got none. Did you mean x.astype(float64)?");
  return Checker(leaves, options).run([&] { return f(given); });
}

GradcheckReport gradcheck_leaves(const std::vector<Tensor>& leaves, const std::function<Tensor()>& loss,
                                 const GradcheckOptions& options) {
  for (const Tensor& leaf : leaves) {
    if (!leaf.is_leaf())
      fail<GraphError>("gradcheck", "what is varied must be leaves: got a result of shape ", leaf.shape());
    if (leaf.dtype() != float64)
      fail<DTypeError>("gradcheck", "parameters must be float64 to be varied: got ", leaf.dtype(),
                       ". Did you mean model.to(float64)?");
  }
  if (leaves.empty()) fail<GraphError>("gradcheck", "there must be a parameter to vary: got none");
  return Checker(leaves, options).run(loss);
}

}  // namespace wengert
