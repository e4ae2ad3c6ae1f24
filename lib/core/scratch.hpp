// Scratch memory for kernels that need room beside their arrays.
#pragma once

#include <cstring>

#include "lib/core/memory.hpp"
#include "lib/core/per_thread.hpp"

namespace wengert {

/// Scratch memory of this thread, kept from run to run. Not a Storage: it is no tensor's.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { reset(); }

  std::byte* take(std::size_t bytes) {
    if (bytes > bytes_) {
      reset();
      room_ = static_cast<std::byte*>(memory::allocate_bytes(bytes));
      bytes_ = bytes;
      std::memset(room_, 0, bytes);
    }
    return room_;
  }

 private:
  void reset() {
    if (room_) memory::release_bytes(room_, bytes_);
    room_ = nullptr;
    bytes_ = 0;
  }
  std::byte* room_ = nullptr;
  std::size_t bytes_ = 0;
};
/// At least `bytes` bytes of this thread, the same ones at every call until more are wanted.
inline std::byte* scratch(std::size_t bytes) { return per_thread<Scratch>().take(bytes); }

}  // namespace wengert
