#include "lib/core/dispatch.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#include "lib/core/fail.hpp"
#include "lib/core/log.hpp"

namespace wengert::kernel {
namespace {

struct Choice {
  Table table{};
  const char* name = "baseline";
};

/// What this library has kernels for, the best last; the first one runs everywhere.
struct Isa {
  const char* name;
  void (*fill[7])(Table&);
  bool (*here)();  // on this processor
};
constexpr Isa isas[] = {
    {"baseline",
     {baseline::fill_rows, baseline::fill_others, baseline::fill_layout, baseline::fill_folds,
      baseline::fill_chains, baseline::fill_product, baseline::fill_convolve},
     [] { return true; }},
#ifdef WENGERT_HAS_AVX2
    {"avx2",
     {avx2::fill_rows, avx2::fill_others, avx2::fill_layout, avx2::fill_folds, avx2::fill_chains,
      avx2::fill_product, avx2::fill_convolve},
     [] {
       __builtin_cpu_init();
       return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
     }},
#endif
#ifdef WENGERT_HAS_AVX512
    {"avx512",
     {avx512::fill_rows, avx512::fill_others, avx512::fill_layout, avx512::fill_folds, avx512::fill_chains,
      avx512::fill_product, avx512::fill_convolve},
     [] {
       __builtin_cpu_init();
       return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
     }},
#endif
};

#ifdef WENGERT_HAS_AVX512
/// AMD's family 19h computes with 512 bits in halves, and stores them more slowly than two times 256.
bool stores_in_halves() { return __builtin_cpu_is("amdfam19h"); }

/// What computes so little that storing takes longest, from AVX2's kernels: 0.8 to 0.95 of the time there,
/// and the same bits.
void take_light_kernels(Table& table) {
  Table light{};
  avx2::fill_rows(light);
  for (const Row row : {Row::add, Row::sub, Row::mul, Row::maximum, Row::minimum, Row::leaky_relu})
    std::ranges::copy(light.forward[static_cast<int>(row)], table.forward[static_cast<int>(row)]);
  for (const Row row : {Row::mul, Row::square, Row::reciprocal, Row::exp, Row::exp2, Row::tanh, Row::sigmoid})
    for (const int input : {0, 1})
      std::ranges::copy(light.vjp[static_cast<int>(row)][input], table.vjp[static_cast<int>(row)][input]);
  avx2::fill_chains(table);
}
#endif

Choice choose() {
  const char* asked = std::getenv("WENGERT_ISA");
  const bool any = !asked || !*asked;
  const Isa* found = nullptr;
  std::string here;
  for (const Isa& isa : isas) {
    if (!isa.here()) continue;
    here += (here.empty() ? "" : ", ") + std::string(isa.name);
    if (any || std::strcmp(asked, isa.name) == 0) found = &isa;
  }
  if (!found)
    fail<ValueError>("kernels", "WENGERT_ISA must name an instruction set of this processor: got \"", asked,
                     "\". Did you mean one of ", here, "?");
  Choice choice;
  choice.name = found->name;
  for (const auto fill : found->fill) fill(choice.table);
#ifdef WENGERT_HAS_AVX512
  if (found->fill[0] == avx512::fill_rows && stores_in_halves()) take_light_kernels(choice.table);
#endif
  return choice;
}

const Choice& chosen() {
  static const Choice choice = [] {
    const Choice made = choose();
    library_log().debug("kernels for {}", made.name);
    return made;
  }();
  return choice;
}

}  // namespace

const Table& table() {
  // Asked for before every kernel: what was chosen once is a word away.
  static std::atomic<const Table*> known{nullptr};
  const Table* table = known.load(std::memory_order_acquire);
  if (!table) [[unlikely]]
    known.store(table = &chosen().table, std::memory_order_release);
  return *table;
}
const Table& baseline_table() {
  static const Table table = [] {
    Table filled{};
    baseline::fill_rows(filled);
    baseline::fill_others(filled);
    baseline::fill_folds(filled);
    baseline::fill_layout(filled);
    return filled;
  }();
  return table;
}
const char* isa_name() { return chosen().name; }

}  // namespace wengert::kernel
