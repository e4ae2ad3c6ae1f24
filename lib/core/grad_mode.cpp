#include "wengert/core/grad_mode.hpp"

namespace wengert {
namespace {
thread_local bool enabled = true;
}

bool grad_enabled() noexcept { return enabled; }

NoGrad::NoGrad() noexcept : before_(enabled) { enabled = false; }
NoGrad::~NoGrad() { enabled = before_; }
EnableGrad::EnableGrad() noexcept : before_(enabled) { enabled = true; }
EnableGrad::~EnableGrad() { enabled = before_; }

}  // namespace wengert
