#include "lib/core/program.hpp"

#include <algorithm>

#include "lib/core/fusion.hpp"
#include "lib/core/parallel.hpp"
#include "lib/core/partial_sums.hpp"
#include "lib/core/per_thread.hpp"
#include "lib/core/program_run.hpp"

namespace wengert {
namespace {

constexpr std::int64_t row_sum_leaf = 16;  // of those a sum of rows is made of
constexpr std::size_t looked_ahead = 16;   // values among which the next one is chosen
constexpr double nanoseconds_each = 0.15;  // about what a value of an element takes

/// Whether a value is computed row by row, so that what is one element a row is the same all along.
bool as_rows(const Instruction& value) {
  return value.extent == Extent::full || value.kind == Lowering::Kind::sum_rows;
}

/// The order in which values are computed. What one element a row is computed from a row just folded waits
/// for it, and nothing else is computed meanwhile: a step that need not wait comes in between where there is
/// one.
std::vector<std::size_t> in_order(std::span<const Instruction> code) {
  std::vector<std::size_t> order, waiting;
  std::vector<bool> known(code.size(), false), fresh(code.size(), false);
  for (std::size_t v = 0; v < code.size(); ++v) {
    if (code[v].absorbed || code[v].folded_along) continue;
    if (code[v].input)
      order.push_back(v), known[v] = true;
    else
      waiting.push_back(v);
  }
  const auto each_of = [&](std::size_t v, const std::vector<bool>& flags, bool flag) {
    return std::ranges::all_of(code[v].in,
                               [&](std::uint16_t in) { return in == Value::none || flags[in] == flag; });
  };
  while (!waiting.empty()) {
    const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(std::min(waiting.size(), looked_ahead));
    auto next = std::find_if(waiting.begin(), end, [&](std::size_t v) {
      return each_of(v, known, true) && each_of(v, fresh, false);
    });
    if (next == end) next = waiting.begin();
    const std::size_t v = *next;
    waiting.erase(next);
    order.push_back(v);
    known[v] = true;
    const bool of_rows = code[v].extent == Extent::row && code[v].kind == Lowering::Kind::map;
    if (!of_rows) fresh.assign(code.size(), false);
    fresh[v] = code[v].extent == Extent::row;
    if (const std::uint16_t folded = code[v].folded; folded != Value::none)
      known[folded] = fresh[folded] = true;
  }
  return order;
}

}  // namespace

Program::Program(std::span<const Value> values, bool by_rows)
    : values_(values.begin(), values.end()),
      code_(fused(values_)),
      by_rows_(by_rows),
      slot_(values.size(), -1) {
  const std::size_t count = code_.size();
  const std::vector<std::size_t> order = in_order(code_);
  std::vector<std::size_t> last_use(count, 0);
  for (const std::size_t v : order)
    for (const std::uint16_t in : code_[v].in)
      if (in != Value::none) last_use[in] = v;
  std::vector<std::int16_t> free;
  const auto take_slot = [&](std::size_t v) {
    const std::uint8_t item = code_[v].item;
    // An input is read before the first kernel runs: its room is nobody else's.
    const auto fits = [&](std::int16_t slot) {
      return !code_[v].input && slot_items_[static_cast<std::size_t>(slot)] == item;
    };
    if (const auto found = std::ranges::find_if(free, fits); found != free.end()) {
      slot_[v] = *found;
      free.erase(found);
    } else {
      slot_[v] = static_cast<std::int16_t>(slot_items_.size());
      slot_items_.push_back(item);
    }
  };
  for (const std::size_t v : order) {
    const Instruction& value = code_[v];
    if (value.input) {
      if (value.layout == Layout::strided) take_slot(v);
      continue;
    }
    // What is used here for the last time leaves its room to the result: a kernel may work in place. But not
    // on what it multiplies its results with.
    const auto leave = [&](std::uint16_t in) {
      if (in != Value::none && last_use[in] == v && slot_[in] >= 0 && !code_[in].input &&
          std::ranges::find(free, slot_[in]) == free.end())
        free.push_back(slot_[in]);
    };
    for (const std::uint16_t in : value.in)
      if (in != value.folded_with) leave(in);
    Step step{Step::Kind::map, static_cast<std::uint16_t>(v)};
    for (std::size_t j = 0; j < 4; ++j) {
      if (value.in[j] == Value::none) continue;
      const Extent extent = code_[value.in[j]].extent;
      const bool of_row = extent == Extent::row && as_rows(value);
      if (of_row || extent == Extent::column) step.kind = Step::Kind::map_rows;
      if (of_row || extent == Extent::single) step.single |= static_cast<std::uint8_t>(1u << j);
    }
    switch (value.kind) {
      case Lowering::Kind::fold:
        step.kind = Step::Kind::fold;
        break;
      case Lowering::Kind::sum_rows:
        step.kind = Step::Kind::sum_rows;
        break;
      case Lowering::Kind::total:
        step.kind = Step::Kind::total;
        break;
      default:
        if (value.extent == Extent::row) step.kind = Step::Kind::map_of_rows;
        if (value.extent == Extent::full && !value.stored) take_slot(v);
    }
    leave(value.folded_with);
    // What only its own fold looked at.
    if (value.folding && slot_[v] >= 0 && last_use[v] == 0) free.push_back(slot_[v]);
    steps_.push_back(step);
  }
}

Program::~Program() = default;

/// How often the domain is halved. Sums are halved so whoever computes them, so the bits are the same.
int Program::levels_of(const Domain& domain) const {
  const double steps = static_cast<double>(values_.size() + steps_.size());
  const std::int64_t parts = worthwhile_parts(static_cast<double>(domain.size()) * steps * nanoseconds_each);
  if (!by_rows_) return halvings(parts, domain.size(), Run::total_leaf + 2 * Run::total_unit);
  return halvings(parts, domain.rows, std::ranges::any_of(code_, is_sum) ? row_sum_leaf : 1);
}

void Program::run(const Domain& domain, std::span<const Binding> bindings) const {
  const std::int64_t whole = by_rows_ ? domain.rows : domain.size();
  const auto run_part = [&](const Part& part, std::byte* sums) {
    // One run at a time on a thread; its lists serve the next one.
    Run& run = per_thread<Run>();
    run.start(*this, domain, part, bindings, sums);
    run.run();
  };
  const int levels = levels_of(domain);
  if (levels == 0) return run_part({0, whole}, nullptr);

  // The first part's sums go where the result goes, to which those of the others are added.
  std::size_t bytes = 0;
  for (const Value& value : code_) bytes += is_sum(value) ? sum_bytes(value, domain) : 0;
  const std::int64_t parts = std::int64_t{1} << levels;
  const StorageRef waiting =
      bytes ? StorageRef::allocate(bytes * static_cast<std::size_t>(parts)) : StorageRef();
  const auto sums_of = [&](std::int64_t part) {
    return bytes && part > 0 ? waiting.data() + static_cast<std::size_t>(part) * bytes : nullptr;
  };
  parallel_for(parts, [&](std::int64_t part) {
    run_part(Part::of(whole, by_rows_ ? 1 : Run::total_unit, levels, part), sums_of(part));
  });
  std::size_t offset = 0;
  for (std::size_t v = 0; v < values_.size(); ++v) {
    if (!is_sum(code_[v])) continue;
    add_parts(code_[v], domain, parts,
              [&](std::int64_t part) { return part > 0 ? sums_of(part) + offset : bindings[v].data; });
    offset += sum_bytes(code_[v], domain);
  }
}

}  // namespace wengert
