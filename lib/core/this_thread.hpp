// What recording looks at on every call, of this thread.
#pragma once

#include <cstdint>

namespace wengert {

struct Node;
class Scope;

struct ThreadState {
  std::uint64_t last_id = 0;     // on the tape
  const Node* ruled = nullptr;   // whose rule runs; see RuleGuard
  const Scope* scope = nullptr;  // the innermost
  std::int64_t defer_from = -1;  // by the innermost guard; negative where there is none
  std::int32_t patient = 0;      // how many PatientTotals are alive
  bool records = true;           // grad_enabled()
  bool anomaly = false;          // an AnomalyMode is alive
};

// Constant-initialized and hidden: reached by an instruction or two, without a call.
[[gnu::visibility("hidden")]] inline constinit thread_local ThreadState this_thread;

}  // namespace wengert
