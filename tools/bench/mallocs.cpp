// Counts the calls of malloc in a program of benchmarks.
#include <cstdlib>

#include "bench.hpp"

extern "C" void* __libc_malloc(std::size_t bytes);

// glibc's own malloc, counted; operator new ends here too.
extern "C" void* malloc(std::size_t bytes) {
  bench::mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(bytes);
}
