// gradcheck: holds the derivatives that the tape computes against differences of the function itself.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert {

struct GradcheckOptions {
  int order = 1;           ///< 2 also checks the derivatives of the derivatives
  double step = 1e-3;      ///< of the widest central difference, relative to max(1, |x|); finer ones follow
  double relative = 1e-8;  ///< error allowed beside what the differences themselves cannot tell
  double absolute = 1e-9;
  unsigned seed = 1;  ///< of the random contractions
};

/// One entry of a Jacobian, and what was found there.
struct GradcheckEntry {
  int order = 1;
  std::size_t input = 0;
  std::int64_t element = 0;  ///< of the input, row-major
  std::int64_t output = -1;  ///< element of the output, row-major; -1 for a random contraction of all
  double analytic = 0.0;     ///< by the tape
  double numeric = 0.0;      ///< by differences
  double tolerance = 0.0;    ///< how far apart the two may be there
};

/// What a check found. Printable; its text names the worst entry.
struct GradcheckReport {
  bool ok() const noexcept { return problem.empty(); }
  std::string problem;      ///< empty when every entry agrees
  GradcheckEntry worst;     ///< the entry that disagrees most, relative to its tolerance
  std::size_t entries = 0;  ///< how many were compared
};
std::ostream& operator<<(std::ostream& out, const GradcheckReport& report);

using TensorFunction = std::function<Tensor(const std::vector<Tensor>&)>;

/// Checks the derivatives of f at `inputs`: every entry of the Jacobian by central differences in float64
/// with Richardson's extrapolation, whose own estimate of its error, plus the tolerances of `options`, is
/// what an entry may differ by; and with order 2 the same for the gradient of a random contraction. float64
/// inputs are varied, others are passed as they are. Not ok: a wrong entry, one that is not finite where the
/// function is, a wrong shape or dtype, a missing derivative, a kink at the point, a function whose value
/// changes between calls, an exception thrown by f. Throws DTypeError if there is no float64 input to vary.
GradcheckReport gradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options = {});

/// Checks the derivatives of a scalar loss with respect to leaves: each is given other values and put back.
/// Throws DTypeError unless the leaves are float64, GraphError for no leaf.
GradcheckReport gradcheck_leaves(const std::vector<Tensor>& leaves, const std::function<Tensor()>& loss,
                                 const GradcheckOptions& options = {});

/// The same over a module's parameters: `gradcheck(model, [&] { return mse_loss(model(x), y); })`.
template <class Module>
requires requires(Module& module) {
  { module.parameters() } -> std::convertible_to<std::vector<Tensor>>;
}
GradcheckReport gradcheck(Module& module, const std::function<Tensor()>& loss,
                          const GradcheckOptions& options = {}) {
  return gradcheck_leaves(module.parameters(), loss, options);
}

}  // namespace wengert
