#include "lib/core/dispatch.hpp"

#include <cstdlib>
#include <cstring>

#include "lib/core/fail.hpp"
#include "lib/core/log.hpp"

namespace wengert::kernel {
namespace {

struct Choice {
  Table table{};
  const char* name = "baseline";
};

bool avx2_here() {
#ifdef WENGERT_HAS_AVX2
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

Choice choose() {
  Choice choice;
  const char* asked = std::getenv("WENGERT_ISA");
  const bool none_asked = !asked || !*asked;
  if (!none_asked && std::strcmp(asked, "baseline") != 0 && (std::strcmp(asked, "avx2") != 0 || !avx2_here()))
    fail<ValueError>("kernels", "WENGERT_ISA must name an instruction set of this processor: got \"", asked,
                     avx2_here() ? "\". Did you mean baseline or avx2?" : "\". Did you mean baseline?");
#ifdef WENGERT_HAS_AVX2
  if (avx2_here() && (none_asked || std::strcmp(asked, "avx2") == 0)) {
    choice.name = "avx2";
    avx2::fill_rows(choice.table);
    avx2::fill_others(choice.table);
    return choice;
  }
#endif
  baseline::fill_rows(choice.table);
  baseline::fill_others(choice.table);
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

const Table& table() { return chosen().table; }
const Table& baseline_table() {
  static const Table table = [] {
    Table filled{};
    baseline::fill_rows(filled);
    baseline::fill_others(filled);
    return filled;
  }();
  return table;
}
const char* isa_name() { return chosen().name; }

}  // namespace wengert::kernel
