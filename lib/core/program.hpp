// Program: a straight line of block kernels that is run over a domain, tile by tile, so that what one kernel
// leaves the next finds in the first-level cache. It knows nothing of nodes; plan.hpp makes it from them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/core/lowering.hpp"
#include "lib/core/strided.hpp"

namespace wengert {

/// What a program runs over: `rows` rows of `width` elements; one row where it never looks at rows.
struct Domain {
  std::int64_t rows = 1, width = 0;
  bool by_rows = false;

  std::int64_t size() const { return rows * width; }
};

/// How much of the domain a value spans.
enum class Extent : std::uint8_t { full, row, column, single };  // row: one element for each row

/// How an input is read.
enum class Layout : std::uint8_t {
  direct,   // full: where it lies
  strided,  // full: gathered
  column,   // one row of elements, the same for every row, where it lies
  row,      // one element for each row, gathered
  single,   // one element
};

/// A value of a program: an input, or computed from others. Values are numbered, inputs and others alike, in
/// an order in which each comes after what it is computed from.
struct Value {
  static constexpr std::uint16_t none = 0xffff;

  bool input = false;
  bool stored = false;  // has memory of its own
  Layout layout = Layout::direct;
  Extent extent = Extent::full;
  std::uint8_t item = 4;  // bytes of an element
  Lowering::Kind kind = Lowering::Kind::map;
  kernel::Block block = nullptr;
  kernel::Fold fold = nullptr;
  std::array<std::uint16_t, 4> in{{none, none, none, none}};

  bool operator==(const Value&) const = default;
};

struct Instruction;  // fusion.hpp

class Program {
 public:
  Program(std::span<const Value> values, bool by_rows);

  /// For each value that is an input or stored: where it is. `readers` for inputs that are gathered.
  struct Binding {
    std::byte* data = nullptr;
    StridedReader reader;
  };
  ~Program();
  void run(const Domain& domain, std::span<const Binding> bindings) const;

  const std::vector<Value>& values() const noexcept { return values_; }

 private:
  struct Step {
    enum class Kind : std::uint8_t { map, map_rows, map_of_rows, fold, sum_rows, total };
    Kind kind;
    std::uint16_t value;
    std::uint8_t single = 0;  // bit j: input j is one element
  };
  class Run;
  int levels_of(const Domain& domain) const;

  std::vector<Value> values_;
  std::vector<Instruction> code_;  // of each value
  bool by_rows_;
  std::vector<Step> steps_;
  std::vector<std::int16_t> slot_;  // of each value that is computed into the scratch memory; -1 for others
  std::vector<std::uint8_t> slot_items_;  // bytes of an element of each slot
};

}  // namespace wengert
