// Idle: values that nothing will look at again, as a product to which a bias was added. Their bytes are freed
// though their nodes stay on the tape.
#pragma once

#include "lib/core/plan.hpp"

namespace wengert {

/// Fills the plan's list of what is idle after it has run. Once its values are numbered, and before anything
/// of it is held.
void find_idle(Plan& plan);

/// Whether it was freed, of a value that does not wait. What an empty array is adopted from may be nowhere.
inline bool is_gone(const Node& node) { return !node.data && node.size() > 0; }
/// Throws the GraphError of whoever asks for such a value.
[[noreturn]] void fail_idle(const char* operation, const Node& node);

/// Frees what a computed value was made of where only that value refers to it now and no rule looks at it:
/// while it was computed, its caller may have held it still.
void drop_idle_below(Node& node);
/// From so many elements of a result or its first input on it is worth looking.
constexpr std::int64_t fewest_idle = 1024;

}  // namespace wengert
