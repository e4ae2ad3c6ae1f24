// A register of the instruction set as a vector of elements.
#pragma once

#include <cstddef>

namespace wengert::kernel {
namespace {

// As wide as the instruction set's registers, which hold all the running values of a fold then.
#if defined(__AVX512F__)
constexpr std::size_t register_bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t register_bytes = 32;
#else
constexpr std::size_t register_bytes = 16;
#endif
template <class T>
struct Wide {
  static constexpr std::size_t size = register_bytes / sizeof(T);
  typedef T Vector __attribute__((vector_size(register_bytes)));
  typedef T Unaligned __attribute__((vector_size(register_bytes), aligned(sizeof(T)), may_alias));
};

}  // namespace
}  // namespace wengert::kernel
