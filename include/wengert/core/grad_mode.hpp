// Whether operations are recorded on this thread.
#pragma once

namespace wengert {

/// True while operations on tensors that require a gradient are recorded on this thread.
bool grad_enabled() noexcept;

/// While it lives, operations on this thread are not recorded, and their results want no gradient.
class NoGrad {
 public:
  NoGrad() noexcept;
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// While it lives, operations on this thread are recorded, also within a NoGrad.
class EnableGrad {
 public:
  EnableGrad() noexcept;
  ~EnableGrad();
  EnableGrad(const EnableGrad&) = delete;
  EnableGrad& operator=(const EnableGrad&) = delete;

 private:
  bool before_;
};

}  // namespace wengert
