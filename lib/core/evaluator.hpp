// Evaluator: computes what waits. It plans what one program can compute together, finds the program that did
// the same before or makes it, and runs it.
#pragma once

#include <span>
#include <vector>

#include "lib/core/lowering.hpp"
#include "wengert/core/node.hpp"

namespace wengert {

/// The one gate through which the value of a call that was just recorded is computed: at once, or, where it
/// is large or computed from what waits itself, later. `large`: it or an input has defer_from() elements or
/// more.
void evaluate(Node& node, bool large);

/// To be called when such a call holds its inputs: computes what must not wait longer.
void settle_waiting(Node& node);

/// While it lives, what is folded to one element on this thread waits for the outermost one to end, and so do
/// elements that are computed from it. A loss has its terms in hand as it folds them: they need not be stored
/// when it has let go of them.
class PatientTotals {
 public:
  PatientTotals() noexcept;
  ~PatientTotals();
  PatientTotals(const PatientTotals&) = delete;
  PatientTotals& operator=(const PatientTotals&) = delete;
};

/// Computes the value of a node that waits.
void force(Node& node);
/// Computes all that waits among `roots`, together where it spans the same domain.
void force_together(std::span<Node* const> roots);

/// While it lives, sums over rows that are recorded on this thread and wait are put on a list, and computed
/// with the first program that spans the same domain: what they add is at hand there, and need not stay until
/// the sums themselves are asked for.
class SumsOfPass {
 public:
  /// Null: as if there were none.
  explicit SumsOfPass(std::vector<Tensor>* list) noexcept;
  ~SumsOfPass();
  SumsOfPass(const SumsOfPass&) = delete;
  SumsOfPass& operator=(const SumsOfPass&) = delete;

 private:
  std::vector<Tensor>* before_;
};

}  // namespace wengert
