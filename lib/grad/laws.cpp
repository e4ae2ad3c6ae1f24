#include "wengert/grad/laws.hpp"

#include <optional>
#include <ostream>
#include <sstream>

#include "lib/core/fail.hpp"
#include "lib/grad/laws.hpp"
#include "wengert/core/evaluation.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"

namespace wengert {
namespace {

using namespace laws;

/// The laws, one sample after the other.
class Check {
 public:
  Check(const Operation& operation, const LawOptions& options) : operation_(operation), options_(options) {}

  LawReport run() {
    const EnableGrad recording;
    const std::vector<Sample> samples = operation_.samples();
    for (const Sample& sample : samples) {
      sample_ = &sample;
      ++report_.samples;
      thrown_.clear();
      for (const auto law :
           {&Check::differences, &Check::subsets, &Check::sharing, &Check::accumulation, &Check::linearity,
            &Check::graph, &Check::waiting, &Check::layout, &Check::single, &Check::needs}) {
        broken_ = false;
        try {
          (this->*law)();
        } catch (const std::exception& error) {
          threw(error.what());
        } catch (...) {
          threw("something that is no std::exception");
        }
      }
    }
    if (samples.empty()) report_.problems.push_back(std::string(operation_.name) + ": there are no samples");
    return std::move(report_);
  }

 private:
  template <class... Parts>
  void broken(const char* law, const Parts&... what) {
    if (std::exchange(broken_, true)) return;  // the first of a law is enough
    std::ostringstream text;
    text << operation_.name << ", " << sample_->what << ": " << law << ": ";
    (text << ... << what);
    report_.problems.push_back(text.str());
  }

  /// What is thrown again and again is one problem.
  void threw(const std::string& what) {
    if (what != std::exchange(thrown_, what)) broken("no exception", what);
  }

  /// `a` and `b` are the same, or nowhere further apart than the tolerance.
  void compare(const char* law, const std::string& what, const Tensor& a, const Tensor& b,
               double tolerance = 0.0) {
    ++report_.comparisons;
    if (a.defined() != b.defined()) return broken(law, what, a.defined() ? " is missing" : " is there");
    if (!a.defined()) return;
    if (a.shape() != b.shape()) return broken(law, what, " has shape ", b.shape(), " instead of ", a.shape());
    const auto left = values(a), right = values(b);
    for (std::size_t i = 0; i < left.size(); ++i)
      if (!near(left[i], right[i], tolerance)) {
        std::ostringstream numbers;
        numbers.precision(17);
        numbers << " is " << right[i] << " instead of " << left[i];
        return broken(law, what, numbers.str(), " at element ", i);
      }
  }
  void compare(const char* law, const Evaluation& a, const Evaluation& b, double tolerance = 0.0) {
    compare(law, "the value", a.value, b.value, tolerance);
    for (std::size_t i = 0; i < a.gradients.size(); ++i)
      compare(law, gradient_of(i), a.gradients[i], b.gradients[i], tolerance);
  }
  static std::string gradient_of(std::size_t i) { return "the gradient of input " + std::to_string(i); }

  Tensors inputs() const { return leaves(sample_->inputs); }

  void differences() {
    Tensors varied, given = sample_->inputs;
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (given[i].dtype() == float32) given[i] = given[i].detach().astype(float64);
      if (std::ranges::find(options_.fixed, i) != options_.fixed.end()) continue;
      varied.push_back(given[i]);
      at.push_back(i);
    }
    const auto f = [&](const Tensors& in) {
      Tensors all = given;
      for (std::size_t k = 0; k < at.size(); ++k) all[at[k]] = in[k];
      return sample_->call(all);
    };
    const auto real = [](const Tensor& x) { return x.dtype() == float64; };
    if (std::ranges::none_of(varied, real) || !real(f(varied))) return;
    for (const int order : {1, 2}) {
      const GradcheckReport report = gradcheck(f, varied, {.order = order});
      ++report_.comparisons;
      if (!report.ok()) broken(order == 1 ? "first derivatives" : "second derivatives", report.problem);
    }
  }

  void subsets() {
    const char* law = "a gradient does not depend on which others are wanted";
    const auto real = [](const Tensor& x) { return is_float(x.dtype()); };
    const auto count = static_cast<unsigned>(std::ranges::count_if(sample_->inputs, real));
    const Evaluation all = evaluated(*sample_, inputs());
    // Of more than six inputs, each on its own.
    for (unsigned k = 0; k + 1 < (count > 6 ? count + 1 : 1u << count); ++k) {
      const Tensors some_inputs =
          leaves(sample_->inputs, [&](unsigned i) { return count > 6 ? i == k : (k >> i & 1u) != 0; });
      const Evaluation some = evaluated(*sample_, some_inputs);
      compare(law, "the value", all.value, some.value);
      for (std::size_t i = 0; i < some_inputs.size(); ++i)
        if (some_inputs[i].requires_grad()) compare(law, gradient_of(i), all.gradients[i], some.gradients[i]);
    }
    if (sample_->inputs.size() != 2 || count != 2 || sample_->inputs[0].shape() != sample_->inputs[1].shape())
      return;
    const Tensor x = parameter(sample_->inputs[0]);
    const auto apart = tried(*sample_, {parameter(x), parameter(x)});
    if (apart && apart->gradients[0].defined() && apart->gradients[1].defined())
      compare("one tensor in two places has the sum of both gradients", gradient_of(0),
              apart->gradients[0] + apart->gradients[1], evaluated(*sample_, {x, x}).gradients[0], 1e-14);
  }

  void sharing() {
    const Tensors at = inputs();
    const Tensor y = sample_->call(at);
    if (!y.requires_grad()) return;
    const Tensor u = weights(y, 2), v = weights(y, 3);
    const Evaluation of_u = evaluated(*sample_, at, false, u), of_v = evaluated(*sample_, at, false, v);
    const Sample twice{"", sample_->inputs,
                       [&](const Tensors& in) { return sample_->call(in) * u + sample_->call(in) * v; }};
    const Evaluation both = evaluated(twice, at, false, ones_like(y));
    for (std::size_t i = 0; i < at.size(); ++i)
      if (of_u.gradients[i].defined() && of_v.gradients[i].defined())
        compare("what two calls give one input is added up", gradient_of(i),
                of_u.gradients[i] + of_v.gradients[i], both.gradients[i], 1e-13);
  }

  void accumulation() {
    const char* law = "backward() accumulates what grad() returns";
    const Tensors at = inputs();
    const Evaluation expected = evaluated(*sample_, at);
    if (!expected.value.requires_grad()) return;
    for (const double times : {1.0, 2.0}) {
      sample_->call(at).backward({.seed = weights(expected.value)});
      for (std::size_t i = 0; i < at.size(); ++i) {
        const Tensor& one = expected.gradients[i];
        compare(law, gradient_of(i), one.defined() ? one * times : one,
                at[i].has_grad() ? at[i].grad() : Tensor());
      }
    }
  }

  void linearity() {
    const Tensors at = inputs();
    const Tensor y = sample_->call(at);
    if (!y.requires_grad()) return;
    const Tensor u = weights(y, 2), v = weights(y, 3);
    const Evaluation of_u = evaluated(*sample_, at, false, u), of_v = evaluated(*sample_, at, false, v),
                     of_both = evaluated(*sample_, at, false, u * 4.0 - v * 0.5);
    for (std::size_t i = 0; i < at.size(); ++i)
      if (of_both.gradients[i].defined() && of_u.gradients[i].defined() && of_v.gradients[i].defined())
        compare("the gradient is linear in the cotangent", gradient_of(i),
                of_u.gradients[i] * 4.0 - of_v.gradients[i] * 0.5, of_both.gradients[i], 1e-13);
  }

  void graph() {
    const Tensors at = inputs();
    const Evaluation plain = evaluated(*sample_, at), recorded = evaluated(*sample_, at, true);
    compare("a derivative's kernel and its graph give the same bits", plain, recorded);
    for (const Evaluation* e : {&plain, &recorded})
      for (std::size_t i = 0; i < at.size(); ++i) {
        const Tensor& g = e->gradients[i];
        if (g.defined() && (g.shape() != at[i].shape() || g.dtype() != at[i].dtype()))
          broken("a gradient has its input's shape and dtype", gradient_of(i), " is ", g.dtype(), " ",
                 g.shape(), " for ", at[i].dtype(), " ", at[i].shape());
      }
  }

  void waiting() {
    for (const bool create_graph : {false, true}) {
      const Tensors at = inputs();
      std::optional<Evaluation> now;
      {
        const Eager guard;
        now = evaluated(*sample_, at, create_graph);
      }
      const Deferred guard;
      compare("what waits has the bits of what is computed at once", *now,
              evaluated(*sample_, at, create_graph));
    }
  }

  void layout() {
    for (const Layout layout : layouts) {
      Tensors views, dense;
      bool any = false;
      for (const Tensor& input : inputs()) {
        // Indices must stay what they are, so that what they choose does.
        views.push_back(input.dtype() == int64 && layout == Layout::broadcast ? input
                                                                              : laid_out(input, layout));
        any |= !is_contiguous(views.back().node());
        dense.push_back(is_float(input.dtype()) ? parameter(views.back()) : views.back().detach());
      }
      if (!any) continue;
      const std::string law = std::string("inputs that are ") + name(layout) + " in memory are like others";
      const auto tried_dense = tried(*sample_, dense);
      if (!tried_dense) continue;
      const Evaluation &a = *tried_dense, b = evaluated(*sample_, views);
      compare(law.c_str(), "the value", a.value, b.value, options_.layout);
      // Where an input was broadcast, its gradient is a sum as well.
      const double tolerance = std::max(options_.layout, 1e-13);
      for (std::size_t i = 0; i < views.size(); ++i)
        compare(law.c_str(), gradient_of(i), a.gradients[i], b.gradients[i], tolerance);
      if (!a.value.requires_grad()) continue;
      const Tensor seed = laid_out(weights(a.value), layout);
      const Evaluation c = evaluated(*sample_, dense, false, seed.detach()),
                       d = evaluated(*sample_, dense, false, seed);
      for (std::size_t i = 0; i < views.size(); ++i)
        compare(law.c_str(), gradient_of(i) + ", the cotangent such a view", c.gradients[i], d.gradients[i],
                tolerance);
    }
  }

  void single() {
    if (options_.single == 0.0) return;
    Tensors rounded, singles;
    for (const Tensor& input : sample_->inputs) {
      const bool real = is_float(input.dtype());
      singles.push_back(real ? parameter(input.astype(float32)) : input);
      rounded.push_back(real ? parameter(singles.back().detach().astype(float64)) : input);
    }
    compare("float32 comes near float64", evaluated(*sample_, rounded), evaluated(*sample_, singles),
            options_.single);
  }

  void needs() {
    const Eager guard;
    const Tensor y = sample_->call(inputs());
    std::vector<Node*> seen{&y.recorded()};
    for (std::size_t next = 0; next < seen.size(); ++next) {
      Node& node = *seen[next];
      if (!node.operation || !node.requires_grad) continue;
      const bool listed = !node.operation->rule_of_input && !node.operation->rule_of_all;
      for (std::uint32_t j = 0; j < node.input_count; ++j) {
        if (listed && node.operation->rules[j] && node.input(j).requires_grad) take_from_rule(node, j);
        if (std::ranges::find(seen, &node.input(j)) == seen.end()) seen.push_back(&node.input(j));
      }
    }
  }

  /// Takes from the rule of input j what it says not to look at.
  void take_from_rule(Node& node, std::uint32_t j) {
    const Tensor g = weights(node.shape, node.dtype);
    for (const bool recorded : {false, true}) {
      std::optional<NoGrad> off;
      if (!recorded) off.emplace();
      const Tensor expected = node.operation->rules[j](Call{g, node});
      for (std::uint32_t i = 0; i <= node.input_count; ++i) {
        Node& other = i == node.input_count ? node : node.input(i);
        // An input that stands at several places is looked at if one of them is.
        unsigned places = i == node.input_count ? Operation::output : 0u;
        for (std::uint32_t k = 0; k < node.input_count; ++k)
          if (&node.input(k) == &other) places |= 1u << k;
        const bool backward = std::ranges::any_of(other.strides, [](std::int64_t step) { return step < 0; });
        if (node.operation->looks_at[j] & places || backward) continue;
        for (const bool gone : {false, true}) {
          if (broken_) return;  // a rule that reads what is not there may do anything
          const Taken taken(other, gone);
          compare("a rule needs no value that it says it does not",
                  std::string("without ") +
                      (i == node.input_count ? "the output" : "input " + std::to_string(i)) + " of " +
                      node.operation->name + ", the rule of input " + std::to_string(j),
                  expected, node.operation->rules[j](Call{g, node}));
        }
      }
    }
  }

  const Operation& operation_;
  const LawOptions& options_;
  const Sample* sample_ = nullptr;
  bool broken_ = false;
  std::string thrown_;
  LawReport report_;
};

}  // namespace

LawReport check_laws(const Operation& operation, const LawOptions& options) {
  if (!operation.samples)
    fail<GraphError>("check_laws", "there must be samples: got none for '", operation.name, "'");
  return Check(operation, options).run();
}

std::ostream& operator<<(std::ostream& out, const LawReport& report) {
  if (report.ok())
    return out << "laws: hold, " << report.samples << " samples, " << report.comparisons << " comparisons";
  out << "laws: broken";
  for (const std::string& problem : report.problems) out << "\n  " << problem;
  return out;
}

}  // namespace wengert
