// Claims about gradients, and how they are tested: against the gradients that the tape computes, and, by
// gradcheck, against differences of the loss.
#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

using Gradients = std::vector<wengert::Tensor>;  ///< in the order of the parameters they belong to

/// Where two lists of gradients differ most.
struct Difference {
  double error = 0;
  std::string where;  ///< "W1[0][2]"
};

inline Difference largest_difference(const Gradients& claimed, const Gradients& right,
                                     const std::vector<std::string>& names) {
  Difference found{-1, ""};
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (claimed[i].shape() != right[i].shape())
      return {INFINITY, names[i] + ": shape " + to_string(claimed[i].shape()) + " for a parameter of shape " +
                            to_string(right[i].shape())};
    const wengert::Tensor error = reshape(abs(claimed[i] - right[i]), {-1});
    const std::int64_t at = static_cast<std::int64_t>(argmax(error).array<std::int64_t>()());
    const double here = max(error).item();
    if (here <= found.error || std::isnan(found.error))
      continue;  // written so that a NaN is the largest error
    const std::int64_t columns = right[i].shape().back();
    found = {here, right[i].ndim() == 1 ? names[i] + "[" + std::to_string(at) + "]"
                                        : names[i] + "[" + std::to_string(at / columns) + "][" +
                                              std::to_string(at % columns) + "]"};
  }
  return found;
}

inline void print(const char* what, const Difference& difference) {
  if (difference.error <= 1e-12)
    std::printf("  %-46s agrees within 1e-12\n", what);
  else
    std::printf("  %-46s off by %8.6f, most at %s\n", what, difference.error, difference.where.c_str());
}

/// A loss whose value is `loss` and whose gradients are the claimed ones: the added terms are zero, and their
/// derivatives are what somebody says. gradcheck then compares the claim with differences of the loss.
inline wengert::Tensor with_claimed_gradients(const wengert::Tensor& loss,
                                              const std::vector<wengert::Tensor>& parameters,
                                              const Gradients& claimed) {
  wengert::Tensor result = loss.detach();
  for (std::size_t i = 0; i < parameters.size(); ++i)
    result = result + sum((parameters[i] - parameters[i].detach()) * claimed[i].detach());
  return result;
}

/// The loss, checked against what is claimed of it: the entry that is least as claimed.
inline void print_gradcheck(const char* what, const std::vector<wengert::Tensor>& parameters,
                            const std::vector<std::string>& names,
                            const std::function<wengert::Tensor()>& loss,
                            const std::function<Gradients()>& claimed) {
  const wengert::GradcheckReport report = wengert::gradcheck_leaves(
      parameters, [&] { return with_claimed_gradients(loss(), parameters, claimed()); });
  if (report.ok())
    std::printf("  gradcheck, %-35s ok, %zu entries agree\n", what, report.entries);
  else
    std::printf("  gradcheck, %-35s element %d of %s is %.6f, not %.6f\n", what,
                static_cast<int>(report.worst.element), names[report.worst.input].c_str(),
                report.worst.numeric, report.worst.analytic);
}
