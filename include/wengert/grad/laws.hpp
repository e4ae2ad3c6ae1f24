// check_laws: holds an operation of one's own to the laws that the library's own are held to.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "wengert/core/node.hpp"

namespace wengert {

struct LawOptions {
  /// Inputs that differences do not vary: whole numbers, seeds.
  std::vector<std::size_t> fixed = {};
  /// How far apart, relative to 1 + |a| + |b|, the results for two layouts of an input may be, as sums may be
  /// added in another order; 0 where not a bit may differ.
  double layout = 1e-13;
  /// The same for float32 and float64; 0 for an operation that takes no float32.
  double single = 1e-4;
};

/// What was found. Printable.
struct LawReport {
  bool ok() const noexcept { return problems.empty(); }
  /// For each law that a sample breaks "operation, sample: the law: what was found".
  std::vector<std::string> problems;
  std::size_t samples = 0;
  std::size_t comparisons = 0;  ///< of values and gradients; each Jacobian and derivative of one is one
};
std::ostream& operator<<(std::ostream& out, const LawReport& report);

/// Evaluates and differentiates every sample of an operation in many ways that must agree:
///
/// * first and second derivatives with differences of the function (gradcheck);
/// * an input's gradient, whichever others want one; what two calls give one input with the sum of both; what
///   backward() accumulates with what grad() returns;
/// * a cotangent's multiples and sums with those of the gradients;
/// * a derivative's kernel with its graph, and what waits with what is computed at once, in every bit;
/// * contiguous inputs and cotangents with transposed, sliced, reversed and broadcast ones, of which the last
///   are the first element everywhere, unless the operation refuses such values;
/// * float32 with float64; shapes and dtypes of gradients with those of the inputs;
/// * and rules from which the values have been taken that `looks_at` says they do not need.
///
/// Inputs of a float dtype are differentiated, others passed as they are. An exception that a sample throws
/// is a problem, too, and so is an operation without samples. backward() is called, so that leaves which a
/// sample captures get gradients. Not while another thread uses the samples' tensors. Throws GraphError where
/// `samples` is null.
LawReport check_laws(const Operation& operation, const LawOptions& options = {});

}  // namespace wengert
