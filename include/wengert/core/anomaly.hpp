// AnomalyMode: finds where the first NaN or infinity comes from.
#pragma once

#include "wengert/core/evaluation.hpp"

namespace wengert {

/// While it lives, every value and cotangent computed on this thread is looked at, at once and not later. The
/// first NaN or infinity that an operation makes of numbers which are none is thrown as a ValueError that
/// names the operation, its scopes, the shapes, and the line of the program that recorded it; so is a NaN
/// made of infinities. What has been infinite from the start, as the -inf of a mask, is none; what another
/// operation leaves out afterwards is, as log(x) in where(x > 0, log(x), 0).
///
///     AnomalyMode guard;
///     loss(model(x), y).backward();
class AnomalyMode {
 public:
  AnomalyMode() noexcept;
  ~AnomalyMode();
  AnomalyMode(const AnomalyMode&) = delete;
  AnomalyMode& operator=(const AnomalyMode&) = delete;

 private:
  Eager at_once_;
  bool before_;
};

}  // namespace wengert
