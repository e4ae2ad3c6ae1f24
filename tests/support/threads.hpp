// Running with a number of threads.
#pragma once

#include "wengert/core/threads.hpp"

namespace support {

/// While it lives, so many threads; then as many as before.
class Threads {
 public:
  explicit Threads(int count) : before_(wengert::num_threads()) { wengert::set_num_threads(count); }
  ~Threads() { wengert::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace support
