// Program::Run: one thread's way through a part of a program's domain.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/core/ahead.hpp"
#include "lib/core/parallel.hpp"
#include "lib/core/partial_sums.hpp"
#include "lib/core/place.hpp"
#include "lib/core/scratch.hpp"

namespace wengert {

/// One run over a part of the domain: where every value of the present tile is.
class Program::Run {
 public:
  static constexpr std::int64_t total_leaf = 2048, total_unit = 64;  // of the halves that a total is made of

  /// The part is of rows where the program goes by rows, else of elements. Its sums go to `sums`, one after
  /// the other, each of them aligned; to where the domain's own go if that is null.
  void start(const Program& program, const Domain& domain, const Part& part,
             std::span<const Binding> bindings, std::byte* sums) {
    p_ = &program;
    domain_ = domain;
    part_ = part;
    bindings_ = bindings;
    sums_ = sums;
    tile_elements_ = tile_elements(program);
    tile_rows_ = p_->by_rows_ ? std::clamp<std::int64_t>(
                                    tile_elements_ / std::max<std::int64_t>(domain.width, 1), 1, part.count)
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
      for (std::int64_t start = part_.start; start < end; start += tile_elements_)
        run_tile(start, std::min(tile_elements_, end - start));
    }
    for (const std::size_t v : gathered_) readers_[v] = {};
    clear();
  }

 private:
  // Elements of a tile: a few buffers of it stay in the first-level cache, fewer of a long one.
  static constexpr std::int64_t short_tile = 1024, long_tile = 2048, long_tile_bytes = 24 * 1024;
  static constexpr std::int64_t padded_rows = 16;  // kernels of one element a row go through whole batches

  static std::int64_t padded(std::int64_t rows) {
    return (rows + padded_rows - 1) / padded_rows * padded_rows;
  }

  /// Something that goes on by so many bytes an element.
  struct Lying {
    Place* place;
    std::byte* data;
    std::int64_t item;
  };

  void clear() {
    steps_.clear();
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
                                                                : tile_elements_);
    const auto rows = static_cast<std::size_t>(padded(tile_rows_));
    const auto aligned = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
    std::size_t bytes = 0;
    offsets_.clear();
    for (const std::uint8_t item : p_->slot_items_) {
      offsets_.push_back(bytes);
      bytes += aligned(tile * item) + 64;
    }
    const std::size_t row_room = aligned(rows * 8), tail = bytes;
    std::byte* room = scratch(tail + p_->code_.size() * row_room);
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
          place.at = room + tail + v * row_room;
          place.pitch = value.item;
          break;
        case Extent::column:
          if (value.input)
            place.at = bindings_[v].data;
          else
            row_sums_.emplace_back(value, part_.count, domain_.width, room_of_sum(v));
          break;
        case Extent::single:
          if (value.input)
            place.at = bindings_[v].data;
          else
            totals_.emplace_back(value, room_of_sum(v));
          break;
      }
    }
    bind_steps();
  }
  /// Longer pieces, which stay in the first-level cache where buffers are few, spare steps that are taken for
  /// what is one element a row. What is gathered is read by the row.
  static std::int64_t tile_elements(const Program& p) {
    std::int64_t bytes = 0;
    bool of_rows = false;
    for (const std::uint8_t item : p.slot_items_) bytes += item;
    for (const Instruction& value : p.code_) {
      if (value.absorbed) continue;
      if (value.layout == Layout::strided) return short_tile;
      of_rows |= !value.input && value.extent == Extent::row;
      if (lies_full(value)) bytes += value.item;
    }
    return of_rows && long_tile * bytes <= long_tile_bytes ? long_tile : short_tile;
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
    find_ahead(start, length);
    for (Bound& step : steps_) {
      run_step(step, length);
      ahead_.fetch_share();
    }
    for (const Lying& value : stored_rows_)
      std::memcpy(value.data + row_ * value.item, value.place->at,
                  static_cast<std::size_t>(rows_ * value.item));
  }

  /// What lies in memory for the tile after the next one.
  void find_ahead(std::int64_t start, std::int64_t length) {
    ahead_.start(steps_.size());
    const std::int64_t from = start + 2 * length, count = std::min(length, domain_.size() - from);
    if (count <= 0) return;
    for (const Lying& value : lying_) ahead_.add(value.data + from * value.item, count * value.item);
  }

  std::byte* slot_room(std::size_t v) const {
    return scratch(0) + offsets_[static_cast<std::size_t>(p_->slot_[v])];
  }

  /// A step, and the places of what it works on: the same for every tile. `rows` says what is there now.
  struct Bound {
    Step::Kind kind;
    const Instruction* value;
    const Place* out;
    const Place* in[4];
    const Place* folded = nullptr;
    std::size_t sum = 0;  // which of row_sums_ or totals_
    kernel::Rows rows{};

    void locate(std::size_t count) {
      rows.out = out->at;
      for (std::size_t j = 0; j < 4; ++j) rows.in[j] = in[j]->at;
      rows.count = count;
    }
  };
  void bind_steps() {
    static constexpr Place nowhere;
    for (const Step& step : p_->steps_) {
      const Instruction& value = p_->code_[step.value];
      Bound& bound = steps_.emplace_back(Bound{step.kind, &value, &places_[step.value], {}});
      bound.rows.n = static_cast<std::size_t>(domain_.width);
      bound.rows.single = step.single;
      bound.rows.pitch = bound.out->pitch;
      for (std::size_t j = 0; j < 4; ++j) {
        bound.in[j] = value.in[j] == Value::none ? &nowhere : &places_[value.in[j]];
        bound.rows.in_pitch[j] = bound.in[j]->pitch;
      }
      if (value.folded != Value::none) bound.folded = &places_[value.folded];
      const auto index_in = [&](const auto& sums) {
        return static_cast<std::size_t>(
            std::ranges::find_if(sums, [&](const auto& sum) { return &sum.value() == &value; }) -
            sums.begin());
      };
      if (step.kind == Step::Kind::sum_rows) bound.sum = index_in(row_sums_);
      if (step.kind == Step::Kind::total) bound.sum = index_in(totals_);
    }
  }

  /// Changes what `rows` says.
  void run_step(Bound& step, std::int64_t length) {
    step.locate(static_cast<std::size_t>(rows_));
    const Instruction& value = *step.value;
    kernel::Rows& rows = step.rows;
    const auto at_once = [&](std::int64_t count) {
      value.block(rows.out, rows.in, static_cast<std::size_t>(count), rows.single);
    };
    if (value.folding) return value.folding(rows, step.folded->at);
    switch (step.kind) {
      case Step::Kind::map:
        if (!value.chain) return at_once(length);
        rows.n = static_cast<std::size_t>(length);
        rows.count = 1;
        return value.chain(rows);
      case Step::Kind::map_of_rows:
        return at_once(padded(rows_));
      case Step::Kind::map_rows:
        if (value.chain) return value.chain(rows);
        return each_row(rows, [&] { value.block(rows.out, rows.in, rows.n, rows.single); });
      case Step::Kind::fold:
        // What the rows are folded from spans the domain, or is the same row every time.
        if (rows.in_pitch[0] == rows.n * value.item)
          return value.fold_into(rows.out, rows.in, rows.n, rows.count);
        return each_row(rows, [&] { value.fold_into(rows.out, rows.in, rows.n, 1); });
      case Step::Kind::sum_rows:
        return row_sums_[step.sum].add(rows);
      case Step::Kind::total:
        return totals_[step.sum].add(rows.in, length, merges_, last_);
    }
  }
  template <class F>
  [[gnu::noinline]] static void each_row(kernel::Rows& rows, F run) {
    while (true) {
      run();
      if (--rows.count == 0) return;
      for (std::size_t j = 0; j < 4; ++j) rows.in[j] += rows.in_pitch[j];
      rows.out += rows.pitch;
    }
  }

  const Program* p_ = nullptr;
  Domain domain_;
  Part part_{0, 0};
  std::span<const Binding> bindings_;
  std::byte* sums_ = nullptr;
  std::int64_t tile_elements_ = short_tile, tile_rows_ = 1, row_ = 0, rows_ = 1;
  int merges_ = 0;
  bool last_ = false;
  std::vector<Place> places_;
  std::vector<Lying> lying_, stored_rows_;
  std::vector<std::size_t> gathered_;
  Ahead ahead_;
  std::vector<StridedReader> readers_;  // they keep what they have read
  std::vector<std::size_t> offsets_;
  std::vector<Bound> steps_;
  std::vector<RowSum> row_sums_;
  std::vector<Total> totals_;
};

}  // namespace wengert
