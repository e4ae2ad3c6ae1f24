#include "wengert/core/grad_mode.hpp"

#include <utility>

#include "lib/core/this_thread.hpp"

namespace wengert {

bool grad_enabled() noexcept { return this_thread.records; }

NoGrad::NoGrad() noexcept : before_(std::exchange(this_thread.records, false)) {}
NoGrad::~NoGrad() { this_thread.records = before_; }
EnableGrad::EnableGrad() noexcept : before_(std::exchange(this_thread.records, true)) {}
EnableGrad::~EnableGrad() { this_thread.records = before_; }

}  // namespace wengert
