// Idle: which values a program leaves behind that nothing will look at again, as a product to which a bias
// was added. Their bytes are freed though their nodes stay on the tape.
#pragma once

#include "lib/core/plan.hpp"

namespace wengert {

/// Fills the plan's list of what is idle after it has run. Once its values are numbered, and before anything
/// of it is held.
void find_idle(Plan& plan);

}  // namespace wengert
