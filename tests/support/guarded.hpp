// Memory at whose end a program stops that goes on reading or writing.
#pragma once

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstddef>

namespace support {

/// Room whose end lies before a page that cannot be touched.
class Guarded {
  static constexpr std::size_t page = 4096;

 public:
  explicit Guarded(std::size_t bytes)
      : pages_((bytes + page - 1) / page + 1),
        begin_(static_cast<std::byte*>(
            mmap(nullptr, pages_ * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
        data_(begin_ + (pages_ - 1) * page - bytes) {
    REQUIRE(begin_ != MAP_FAILED);
    REQUIRE(mprotect(begin_ + (pages_ - 1) * page, page, PROT_NONE) == 0);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { munmap(begin_, pages_ * page); }

  std::byte* data() const { return data_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  std::size_t pages_;
  std::byte *begin_, *data_;
};

}  // namespace support
