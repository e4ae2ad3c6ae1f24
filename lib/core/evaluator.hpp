// Evaluator: computes what waits. It plans what one program can compute together, finds the program that did
// the same before or makes it, and runs it.
#pragma once

#include <span>

#include "lib/core/lowering.hpp"
#include "wengert/core/node.hpp"

namespace wengert {

/// The one gate through which the value of a call that was just recorded is computed: at once, or, where it
/// is large or computed from what waits itself, later. `large`: it or an input has defer_from() elements or
/// more.
void evaluate(Node& node, bool large);

/// To be called when such a call holds its inputs: computes what must not wait longer.
void settle_waiting(Node& node);

/// Computes the value of a node that waits.
void force(Node& node);
/// Computes all that waits among `roots`, together where it spans the same domain.
void force_together(std::span<Node* const> roots);

}  // namespace wengert
