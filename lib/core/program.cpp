#include "lib/core/program.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/core/ahead.hpp"
#include "lib/core/fusion.hpp"
#include "lib/core/parallel.hpp"
#include "lib/core/partial_sums.hpp"
#include "lib/core/place.hpp"
#include "lib/core/scratch.hpp"

namespace wengert {
namespace {

constexpr std::int64_t tile_elements = 1024;  // a few buffers of a tile stay in the first-level cache
constexpr std::int64_t padded_rows = 16;      // kernels over one element a row go through whole SIMD batches
constexpr std::int64_t total_leaf = 2048, total_unit = 64;  // of the halves that a total is made of
constexpr std::int64_t row_sum_leaf = 16;                   // of those a sum of rows is made of
constexpr double nanoseconds_each = 0.15;                   // about what a value of an element takes

std::int64_t padded(std::int64_t rows) { return (rows + padded_rows - 1) / padded_rows * padded_rows; }

/// Whether a value is computed row by row, so that what is one element a row is the same all along.
bool as_rows(const Instruction& value) {
  return value.extent == Extent::full || value.kind == Lowering::Kind::sum_rows;
}

}  // namespace

Program::Program(std::span<const Value> values, bool by_rows)
    : values_(values.begin(), values.end()),
      code_(fused(values_)),
      by_rows_(by_rows),
      slot_(values.size(), -1) {
  const std::size_t count = code_.size();
  std::vector<std::size_t> last_use(count, 0);
  std::vector<bool> spread(count, false);
  for (std::size_t v = 0; v < count; ++v) {
    const Instruction& value = code_[v];
    if (value.absorbed) continue;
    for (const std::uint16_t in : value.in) {
      if (in == Value::none) continue;
      last_use[in] = v;
      spread[in] = spread[in] || (as_rows(value) && code_[in].extent == Extent::row);
    }
  }
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
  for (std::size_t v = 0; v < count; ++v) {
    const Instruction& value = code_[v];
    if (value.absorbed) continue;
    if (value.input) {
      if (value.layout == Layout::strided) take_slot(v);
      if (spread[v]) steps_.push_back({Step::Kind::spread, static_cast<std::uint16_t>(v)});
      continue;
    }
    // What is used here for the last time leaves its room to the result: a kernel may work in place.
    for (const std::uint16_t in : value.in)
      if (in != Value::none && last_use[in] == v && slot_[in] >= 0 && !code_[in].input &&
          std::ranges::find(free, slot_[in]) == free.end())
        free.push_back(slot_[in]);
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
    steps_.push_back(step);
    if (spread[v]) steps_.push_back({Step::Kind::spread, static_cast<std::uint16_t>(v)});
  }
}

Program::~Program() = default;

/// One run over a part of the domain: where every value of the present tile is.
class Program::Run {
 public:
  /// The part is of rows where the program goes by rows, else of elements. Its sums go to `sums`, one after
  /// the other, each of them aligned; to where the domain's own go if that is null.
  void start(const Program& program, const Domain& domain, const Part& part,
             std::span<const Binding> bindings, std::byte* sums) {
    p_ = &program;
    domain_ = domain;
    part_ = part;
    bindings_ = bindings;
    sums_ = sums;
    tile_rows_ = p_->by_rows_ ? std::clamp<std::int64_t>(
                                    tile_elements / std::max<std::int64_t>(domain.width, 1), 1, part.count)
                              : 1;
    lay_out();
  }

  void run() {
    const std::int64_t end = part_.start + part_.count;
    if (p_->by_rows_) {
      for (row_ = part_.start; row_ < end; row_ += tile_rows_) {
        rows_ = std::min(tile_rows_, end - row_);
        run_tile(row_ * domain_.width, rows_ * domain_.width);
      }
    } else if (!totals_.empty()) {
      Halves halves(part_.count, total_leaf, total_unit);
      for (std::int64_t start = part_.start; !halves.done();) {
        const std::int64_t length = halves.leaf();
        merges_ = halves.finish_leaf();
        last_ = halves.done();
        run_tile(start, length);
        start += length;
      }
    } else {
      for (std::int64_t start = part_.start; start < end; start += tile_elements)
        run_tile(start, std::min(tile_elements, end - start));
    }
    for (const std::size_t v : gathered_) readers_[v] = {};
    clear();
  }

 private:
  /// Something that goes on by so many bytes an element.
  struct Lying {
    Place* place;
    std::byte* data;
    std::int64_t item;
  };

  void clear() {
    lying_.clear();
    stored_rows_.clear();
    gathered_.clear();
    row_sums_.clear();
    totals_.clear();
  }
  void lay_out() {
    clear();  // a run before may have thrown
    row_ = 0;
    rows_ = 1;
    const auto tile = static_cast<std::size_t>(p_->by_rows_     ? tile_rows_ * domain_.width
                                               : has_total(*p_) ? total_leaf
                                                                : tile_elements);
    const auto rows = static_cast<std::size_t>(padded(tile_rows_));
    const auto aligned = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
    std::size_t bytes = 0;
    offsets_.clear();
    for (const std::uint8_t item : p_->slot_items_) {
      offsets_.push_back(bytes);
      bytes += aligned(tile * item) + 64;
    }
    const std::size_t row_room = aligned(rows * 8), spread_room = rows * kernel::single_bytes;
    const std::size_t tail = bytes;
    std::byte* room = scratch(tail + p_->code_.size() * (row_room + spread_room));
    places_.assign(p_->code_.size(), {});
    readers_.resize(std::max(readers_.size(), p_->code_.size()));
    for (std::size_t v = 0; v < p_->code_.size(); ++v) {
      const Instruction& value = p_->code_[v];
      if (value.absorbed) continue;
      Place& place = places_[v];
      if (p_->slot_[v] >= 0) place.at = room + offsets_[static_cast<std::size_t>(p_->slot_[v])];
      if (lies_full(value)) lying_.push_back({&place, bindings_[v].data, value.item});
      if (value.stored && value.extent == Extent::row)
        stored_rows_.push_back({&place, bindings_[v].data, value.item});
      if (gathered(value)) {
        readers_[v] = bindings_[v].reader;
        gathered_.push_back(v);
      }
      switch (value.extent) {
        case Extent::full:
          place.pitch = static_cast<std::size_t>(domain_.width) * value.item;
          break;
        case Extent::row:
          place.at = room + tail + v * (row_room + spread_room);
          place.spread = place.at + row_room;
          place.pitch = kernel::single_bytes;
          break;
        case Extent::column:
          if (value.input)
            place.at = bindings_[v].data;
          else
            row_sums_.emplace_back(v, RowSum(value, part_.count, domain_.width, room_of_sum(v)));
          break;
        case Extent::single:
          if (value.input) {
            place.at = room + tail + v * (row_room + spread_room);
            fill_single(place.at, bindings_[v].data, value.item);
          } else {
            totals_.emplace_back(v, Total(value, room_of_sum(v)));
          }
          break;
      }
    }
  }
  static bool has_total(const Program& p) {
    return std::ranges::any_of(
        p.code_, [](const Instruction& v) { return !v.input && v.kind == Lowering::Kind::total; });
  }
  /// A tile of it lies in one piece in memory, before the program runs or after.
  static bool lies_full(const Value& value) {
    return value.extent == Extent::full && (value.stored || (value.input && value.layout == Layout::direct));
  }
  static bool gathered(const Value& value) {
    return value.input && (value.layout == Layout::strided || value.layout == Layout::row);
  }
  std::byte* room_of_sum(std::size_t v) {
    return sums_ ? std::exchange(sums_, sums_ + sum_bytes(p_->code_[v], domain_)) : bindings_[v].data;
  }

  void run_tile(std::int64_t start, std::int64_t length) {
    for (const Lying& value : lying_) value.place->at = value.data + start * value.item;
    for (const std::size_t v : gathered_) {
      Place& place = places_[v];
      const std::uint8_t item = p_->code_[v].item;
      if (p_->code_[v].layout == Layout::strided) {
        std::byte* buffer = p_->slot_[v] >= 0 ? slot_room(v) : nullptr;
        place.at = const_cast<std::byte*>(readers_[v].read(start, length, buffer));
      } else if (const std::byte* from = readers_[v].read(row_, rows_, place.at); from != place.at) {
        std::memcpy(place.at, from, static_cast<std::size_t>(rows_) * item);
      }
    }
    find_next(start, length);
    for (const Step& step : p_->steps_) {
      run_step(step, length);
      ahead_.fetch_share();
    }
    for (const Lying& value : stored_rows_)
      std::memcpy(value.data + row_ * value.item, value.place->at,
                  static_cast<std::size_t>(rows_ * value.item));
  }

  /// What lies in memory for the tile after this one.
  void find_next(std::int64_t start, std::int64_t length) {
    ahead_.start(p_->steps_.size());
    const std::int64_t next = start + length, count = std::min(length, domain_.size() - next);
    for (const Lying& value : lying_) ahead_.add(value.data + next * value.item, count * value.item);
  }

  std::byte* slot_room(std::size_t v) const {
    return scratch(0) + offsets_[static_cast<std::size_t>(p_->slot_[v])];
  }

  /// Where the inputs of a value are, row after row.
  struct RowInputs {
    const std::byte* at[4] = {};
    std::size_t pitch[4] = {};

    RowInputs(const Run& run, const Instruction& value) {
      for (std::size_t j = 0; j < 4; ++j) {
        if (value.in[j] == Value::none) continue;
        const Place& place = run.places_[value.in[j]];
        at[j] = place.spread ? place.spread : place.at;
        pitch[j] = place.pitch;
      }
    }
    void advance() {
      for (std::size_t j = 0; j < 4; ++j) at[j] += pitch[j];
    }
  };

  void run_step(const Step& step, std::int64_t length) {
    const Instruction& value = p_->code_[step.value];
    const Place& out = places_[step.value];
    const auto width = static_cast<std::size_t>(domain_.width);
    switch (step.kind) {
      case Step::Kind::map: {
        const std::byte* in[4] = {};
        for (std::size_t j = 0; j < 4; ++j)
          if (value.in[j] != Value::none) in[j] = places_[value.in[j]].at;
        value.block(out.at, in, static_cast<std::size_t>(length), step.single);
        break;
      }
      case Step::Kind::map_rows: {
        RowInputs inputs(*this, value);
        std::byte* to = out.at;
        for (std::int64_t r = 0; r < rows_; ++r, inputs.advance()) {
          value.block(to, inputs.at, width, step.single);
          to += out.pitch;
        }
        break;
      }
      case Step::Kind::map_of_rows: {
        const std::byte* in[4] = {};
        for (std::size_t j = 0; j < 4; ++j)
          if (value.in[j] != Value::none) in[j] = places_[value.in[j]].at;
        value.block(out.at, in, static_cast<std::size_t>(padded(rows_)), step.single);
        break;
      }
      case Step::Kind::fold: {
        RowInputs inputs(*this, value);
        for (std::int64_t r = 0; r < rows_; ++r, inputs.advance())
          value.fold_into(out.at + r * value.item, inputs.at, width);
        break;
      }
      case Step::Kind::spread:
        out.fill_spread(value.item, rows_);
        break;
      case Step::Kind::sum_rows: {
        RowInputs inputs(*this, value);
        RowSum& sum =
            std::ranges::find(row_sums_, step.value, &std::pair<std::size_t, RowSum>::first)->second;
        for (std::int64_t r = 0; r < rows_; ++r, inputs.advance()) sum.add(inputs.at, step.single);
        break;
      }
      case Step::Kind::total: {
        Total& total = std::ranges::find(totals_, step.value, &std::pair<std::size_t, Total>::first)->second;
        const std::byte* in[2] = {places_[value.in[0]].at,
                                  value.products ? places_[value.in[1]].at : nullptr};
        total.add(in, length, merges_, last_);
        break;
      }
    }
  }

  const Program* p_ = nullptr;
  Domain domain_;
  Part part_{0, 0};
  std::span<const Binding> bindings_;
  std::byte* sums_ = nullptr;
  std::int64_t tile_rows_ = 1, row_ = 0, rows_ = 1;
  int merges_ = 0;
  bool last_ = false;
  std::vector<Place> places_;
  std::vector<Lying> lying_, stored_rows_;
  std::vector<std::size_t> gathered_;
  Ahead ahead_;
  std::vector<StridedReader> readers_;  // they keep what they have read
  std::vector<std::size_t> offsets_;
  std::vector<std::pair<std::size_t, RowSum>> row_sums_;
  std::vector<std::pair<std::size_t, Total>> totals_;
};

/// How often the domain is halved. Sums are halved so whoever computes them, so the bits are the same.
int Program::levels_of(const Domain& domain) const {
  const double steps = static_cast<double>(values_.size() + steps_.size());
  const std::int64_t parts = worthwhile_parts(static_cast<double>(domain.size()) * steps * nanoseconds_each);
  if (!by_rows_) return halvings(parts, domain.size(), total_leaf + 2 * total_unit);
  return halvings(parts, domain.rows, std::ranges::any_of(code_, is_sum) ? row_sum_leaf : 1);
}

void Program::run(const Domain& domain, std::span<const Binding> bindings) const {
  const std::int64_t whole = by_rows_ ? domain.rows : domain.size();
  const auto run_part = [&](const Part& part, std::byte* sums) {
    // One run at a time on a thread; its lists serve the next one.
    static thread_local Run run;
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
    run_part(Part::of(whole, by_rows_ ? 1 : total_unit, levels, part), sums_of(part));
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
