// Every registered operation keeps the laws of check_laws().
#include <cstdio>
#include <set>
#include <sstream>

#include "laws/every_sample.hpp"
#include "wengert/grad/laws.hpp"
#include "wengert/ops/elementwise.hpp"

using namespace wengert;
using namespace laws;

TEST_CASE("every operation is enrolled, with samples") {
  std::set<std::string> names;
  std::size_t samples = 0;
  for (const Operation* operation : registered_operations()) {
    CAPTURE(operation->name);
    CHECK(names.insert(operation->name).second);
    const auto list = operation->samples();
    CHECK(!list.empty());
    samples += list.size();
  }
#define UNARY(name, ...) CHECK_MESSAGE(names.count(#name), #name);
#define BINARY(name, ...) CHECK_MESSAGE(names.count(#name), #name);
#define COMPARE(name, ...) CHECK_MESSAGE(names.count(#name), #name);
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE
  for (const char* name : {"sum", "max", "min", "where", "astype", "matmul", "reshape", "permute",
                           "broadcast_to", "concat", "slice", "unslice", "gather", "scatter_add"})
    CHECK_MESSAGE(names.count(name), name);
  std::printf("%zu operations, all enrolled, %zu samples\n", names.size(), samples);
}

TEST_CASE("every operation keeps every law") {
  std::size_t samples = 0, comparisons = 0;
  for (const Operation* operation : registered_operations()) {
    const std::string name = operation->name;
    CAPTURE(name);
    // The order of polygamma is a whole number. Only what is made of many may be put together in another
    // order.
    const bool of_many = name == "sum" || name == "prod" || name == "matmul";
    const LawReport report = check_laws(
        *operation, {.fixed = name == "polygamma" ? std::vector<std::size_t>{0} : std::vector<std::size_t>{},
                     .layout = of_many ? 1e-13 : 0.0});
    std::ostringstream text;
    text << report;
    CHECK_MESSAGE(report.ok(), text.str());
    CHECK(report.comparisons >= 2 * report.samples);
    samples += report.samples;
    comparisons += report.comparisons;
  }
  std::printf("laws: %zu samples, %zu comparisons\n", samples, comparisons);
  CHECK(comparisons > 100 * registered_operations().size());
}
