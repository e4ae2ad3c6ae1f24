#include "lib/core/plan.hpp"

#include <algorithm>

#include "lib/core/strided.hpp"

namespace wengert {
namespace {

using Kind = Lowering::Kind;

constexpr std::size_t max_nodes = 192;   // of a program, its roots apart
constexpr std::size_t max_roots = 4096;  // values have numbers of 16 bits
constexpr std::uint8_t most_again = 3;   // cheap operations that are done again rather than stored
constexpr std::uint8_t most_spared = 2;  // times that they are
constexpr std::int64_t min_column = 32;  // elements of a row from which on kernels run row by row
constexpr std::int64_t max_row = 1024;   // from which on rows are not made longer

/// Whether a contiguous array, broadcast to `shape`, has one element for each row of `width`.
bool one_a_row(const Shape& from, const Shape& shape, const Domain& domain) {
  const std::size_t dims = trailing_dims(shape, domain.width);
  if (dims == 0 || element_count(from) != domain.rows) return false;
  for (std::size_t i = 1; i <= std::min(dims, from.size()); ++i)
    if (from[from.size() - i] != 1) return false;
  return true;
}

/// Whether a value keeps far more in memory than its own elements.
bool is_part(const Node& node) {
  return node.storage &&
         node.storage.bytes() > 2 * item_size(node.dtype) * static_cast<std::size_t>(node.size()) + 4096;
}

/// How many elements a row should have, so that what is broadcast is one element for each row, or the same
/// row every time; 0 where it is neither, or rows would be short or do not fit the cache.
std::int64_t width_along(const Strides& strides, const Shape& shape) {
  std::int64_t same = 1, row = 1;
  std::size_t d = shape.size();
  while (d > 0 && (strides[d - 1] == 0 || shape[d - 1] == 1) && same < max_row) same *= shape[--d];
  if (same >= 2 * min_column) return same <= widest_row ? same : 0;
  d = shape.size();
  while (d > 0 && (strides[d - 1] == row || shape[d - 1] == 1)) row *= shape[--d];
  while (d > 0 && (strides[d - 1] == 0 || shape[d - 1] == 1)) --d;
  return d == 0 && row >= min_column && row <= widest_row ? row : 0;
}

}  // namespace

/// How many of the last dimensions make up `width` elements; none where that does not come out even.
std::size_t trailing_dims(const Shape& shape, std::int64_t width) {
  std::int64_t product = 1;
  for (std::size_t count = 1; count <= shape.size(); ++count) {
    product *= shape[shape.size() - count];
    if (product == width) return count;
    if (product > width) return 0;
  }
  return 0;
}

/// The rows are those of the first reduction that is found; without one, those along which something is
/// broadcast.
void Plan::choose_domain(Node& root, const Lowering& lowering) {
  const std::int64_t size = root.size();
  to_one_ = false;
  switch (lowering.kind) {
    case Kind::fold:
      domain = {size, root.input(0).size() / size, true};
      return;
    case Kind::sum_rows:
      domain = {root.input(0).size() / size, size, true};
      return;
    case Kind::total:
      domain = {1, root.input(0).size(), false};
      to_one_ = true;
      return;
    default:
      domain = {1, size, false};
  }
  std::int64_t width = 0;
  entries.push_back({&root, lowering});
  for (std::size_t next = 0; next < entries.size() && next < max_nodes; ++next) {
    Node& node = *entries[next].node;
    for (std::uint32_t i = 0; i < node.input_count; ++i) {
      Node& input = node.input(i);
      if (!waits(input)) {
        if (!width && node.size() == size && input.size() > 1 && input.size() < node.size())
          width = width_along(broadcast_strides(input, node.shape), node.shape);
        continue;
      }
      Lowering below;
      if (!lower(input, below)) continue;
      if (below.kind == Kind::fold) {
        const std::int64_t from = input.input(0).size();
        if (from != size && input.size() != size) continue;
        domain = {input.size(), from / input.size(), true};
        entries.clear();
        return;
      }
      if (below.kind != Kind::sum_rows && below.kind != Kind::total && !find(input)) {
        input.plan_hint.store(static_cast<std::uint16_t>(entries.size()), std::memory_order_relaxed);
        entries.push_back({&input, below});
      }
    }
  }
  entries.clear();
  if (width > 1) domain = {size / width, width, true};
}

/// Whether a root that is not the first one spans the domain.
bool Plan::fits(const Node& node, const Lowering& lowering) const {
  switch (lowering.kind) {
    case Kind::map:
      return node.size() == domain.size() || (domain.by_rows && node.size() == domain.rows);
    case Kind::fold:
      return domain.by_rows && node.size() == domain.rows && node.input(0).size() == domain.size();
    case Kind::sum_rows:
      return domain.by_rows && node.size() == domain.width && node.input(0).size() == domain.size();
    case Kind::total:
      return !domain.by_rows && node.input(0).size() == domain.size();
    default:
      return false;
  }
}

/// Whether `input`, which waits, is computed by the same program as `node`.
bool Plan::admissible(const Node& node, const Lowering& lowering, Node& input,
                      Lowering& input_lowering) const {
  if (!lower(input, input_lowering)) return false;
  switch (lowering.kind) {
    case Kind::map:
    case Kind::expand:
      if (input.size() != node.size() &&
          !(domain.by_rows && node.size() == domain.size() && one_a_row(input.shape, node.shape, domain)))
        return false;
      break;
    case Kind::fold:
    case Kind::sum_rows:
    case Kind::total:
      if (input.size() != domain.size()) return false;
      break;
    case Kind::alias:
      break;
  }
  switch (input_lowering.kind) {
    case Kind::map:
      return input.size() == domain.size() || (domain.by_rows && input.size() == domain.rows);
    case Kind::fold:
      return domain.by_rows && input.size() == domain.rows && input.input(0).size() == domain.size();
    case Kind::alias:
    case Kind::expand: {
      Lowering below;
      return waits(input.input(0)) && admissible(input, input_lowering, input.input(0), below);
    }
    default:
      return false;
  }
}

bool Plan::gather(std::span<Node* const> roots, std::span<const Tensor> sums) {
  clear();
  // A reduction says more of its domain than an elementwise root.
  Node* leading = nullptr;
  Lowering lowering;
  for (Node* root : roots) {
    if (!waits(*root) || !lower(*root, lowering) || is_view(lowering)) continue;
    if (!leading || lowering.kind == Kind::sum_rows || lowering.kind == Kind::fold) leading = root;
    if (lowering.kind == Kind::sum_rows || lowering.kind == Kind::fold) break;
  }
  if (!leading) return true;
  for (const Tensor& sum : sums)
    if (waits(recorded(sum)) && &recorded(sum).input(0) == leading) {
      leading = &recorded(sum);
      break;
    }
  lower(*leading, lowering);
  choose_domain(*leading, lowering);
  add(*leading, lowering, true);
  const auto add_fitting = [&](Node& root) {
    if (entries.size() < max_roots && waits(root) && lower(root, lowering) && fits(root, lowering) &&
        !find(root))
      add(root, lowering, true);
  };
  for (Node* root : roots) add_fitting(*root);
  for (const Tensor& sum : sums) add_fitting(recorded(sum));

  while (!pending_.empty()) {
    std::pop_heap(pending_.begin(), pending_.end());
    const std::uint32_t at = pending_.back().entry;
    pending_.pop_back();
    Node& node = *entries[at].node;
    const Lowering of_node = entries[at].lowering;
    for (std::uint32_t i = 0; i < node.input_count; ++i) {
      Node& input = node.input(i);
      if (!waits(input)) continue;
      Entry* known = find(input);
      const bool inside = admissible(node, of_node, input, lowering);
      if (!inside || (!known && entries.size() >= max_nodes)) {
        first.push_back(&input);
        continue;
      }
      if (!known) {
        add(input, lowering, false);
        known = &entries.back();
      }
      ++known->uses;
    }
  }
  return first.empty();
}

std::uint16_t Plan::input_value(const Entry& entry, Node& input) {
  const Node& node = *entry.node;
  const bool map = entry.lowering.kind == Kind::map;
  const Shape& shape = map ? node.shape : input.shape;
  Value value;
  value.input = true;
  value.item = static_cast<std::uint8_t>(item_size(input.dtype));
  const std::int64_t size = element_count(shape);
  if (map && input.size() == 1) {
    value.extent = Extent::single;
    value.layout = Layout::single;
  } else if (domain.by_rows && size == domain.rows) {
    value.extent = Extent::row;
    value.layout = Layout::row;
  } else if (input.size() == size && is_contiguous(input)) {
    value.layout = Layout::direct;
  } else {
    value.layout = Layout::strided;
    if (const std::size_t dims = domain.by_rows ? trailing_dims(shape, domain.width) : 0) {
      const Strides strides = broadcast_strides(input, shape);
      const std::size_t ahead = shape.size() - dims;
      bool row = true, column = domain.width >= min_column;
      std::int64_t step = 1;
      for (std::size_t d = shape.size(); d-- > 0;) {
        if (shape[d] == 1) continue;
        if (d >= ahead) {
          row &= strides[d] == 0;
          column &= strides[d] == step;
          step *= shape[d];
        } else {
          column &= strides[d] == 0;
        }
      }
      if (row) {
        value.extent = Extent::row;
        value.layout = Layout::row;
      } else if (column) {
        value.extent = Extent::column;
        value.layout = Layout::column;
      }
    }
  }
  const bool by_shape = value.layout == Layout::strided || value.layout == Layout::row;
  for (std::size_t v = 0; v < values.size(); ++v)
    if (values[v].input && sources[v].node == &input && values[v].layout == value.layout &&
        (!by_shape || *sources[v].shape == shape))
      return static_cast<std::uint16_t>(v);
  const auto number = static_cast<std::uint16_t>(values.size());
  again_.push_back(value.layout == Layout::strided ? Again()
                   : value.layout == Layout::direct
                       ? is_part(input) ? Again() : Again{0, {number, Value::none}}
                       : Again{0});
  values.push_back(value);
  sources.push_back({&input, &shape});
  return number;
}

std::uint16_t Plan::operand(const Entry& entry, Node& input) {
  return waits(input) ? find(input)->value : input_value(entry, input);
}

/// A view is made from its input, which may itself be one.
void Plan::want_view(Node& node) {
  Node& input = node.input(0);
  if (is_view(find(input)->lowering)) want_view(input);
  if (std::ranges::find(views, &node) == views.end()) views.push_back(&node);
}

/// Whether there is room for one more, or it is known.
bool Plan::Again::add_source(std::uint16_t source, std::size_t most) {
  for (std::size_t i = 0; i < most; ++i) {
    if (sources[i] == Value::none) sources[i] = source;
    if (sources[i] == source) return true;
  }
  return false;
}

/// What it takes to compute a value of a map again.
Plan::Again Plan::again(const Lowering& lowering, const Value& value) const {
  if (lowering.kind != Kind::map || lowering.dear || value.extent != Extent::full) return {};
  Again all{1};
  for (const std::uint16_t v : value.in) {
    if (v == Value::none) continue;
    const Again& one = again_[v];
    if (one.operations == Again::never) return {};
    all.operations += one.operations;
    for (const std::uint16_t source : one.sources)
      if (source != Value::none &&
          (values[source].item > value.item || !all.add_source(source, to_one_ ? 2 : 1)))
        return {};
  }
  return all.operations <= most_again && all.sources[0] != Value::none ? all : Again();
}

void Plan::number() {
  // Ascending, so that every value comes after what it is computed from.
  std::ranges::sort(entries, {}, [](const Entry& e) { return e.node->id; });
  for (std::size_t i = 0; i < entries.size(); ++i)
    entries[i].node->plan_hint.store(static_cast<std::uint16_t>(i), std::memory_order_relaxed);
  for (const Entry& entry : entries)
    if (is_view(entry.lowering) && waits(entry.node->input(0))) find(entry.node->input(0))->viewed = true;
  for (Entry& entry : entries) {
    Node& node = *entry.node;
    const Lowering& lowering = entry.lowering;
    const std::uint64_t references = node.references.load(std::memory_order_relaxed);
    const bool wanted = entry.root || references >= NodeCounts::user || (references & edge_mask) > entry.uses;
    if (is_view(lowering)) {
      entry.value = operand(entry, node.input(0));
      entry.stored = wanted;
      if (wanted) {
        values[entry.value].stored = true;
        want_view(node);
      }
      continue;
    }
    Value value;
    value.item = static_cast<std::uint8_t>(item_size(node.dtype));
    value.kind = lowering.kind;
    value.block = lowering.block;
    value.fold = lowering.fold;
    switch (lowering.kind) {
      case Kind::sum_rows:
        value.extent = Extent::column;
        break;
      case Kind::total:
        value.extent = Extent::single;
        break;
      default:
        value.extent = node.size() == domain.size() ? Extent::full : Extent::row;
    }
    if (lowering.kind == Kind::map) {
      for (std::size_t j = 0; j < 4; ++j)
        if (lowering.in[j] >= 0)
          value.in[j] = operand(entry, node.input(static_cast<std::size_t>(lowering.in[j])));
    } else {
      value.in[0] = operand(entry, node.input(0));
    }
    const Again cost = again(lowering, value);
    // A backward pass may come back to it.
    const bool kept = node.requires_grad && !node.released && (lowering.dear || value.extent == Extent::row);
    const bool spare = cost.operations != Again::never && node.spared < most_spared;
    if (wanted && spare) ++node.spared;
    value.stored = entry.stored = entry.root || (wanted && !spare) || kept;
    const auto same = [&](const Value& other) {
      return other.block == value.block && other.in == value.in && other.fold == value.fold &&
             other.kind == value.kind && other.extent == value.extent && !other.input;
    };
    // What is asked for twice is computed once.
    const auto first = std::ranges::find_if(values, same);
    entry.value = static_cast<std::uint16_t>(first - values.begin());
    if (first == values.end()) {
      values.push_back(value);
      again_.push_back(cost);
      sources.push_back({&node, &node.shape});
    } else if (value.stored || entry.viewed) {
      first->stored = true;
      twins.emplace_back(&node, entry.value);
    }
  }
}

}  // namespace wengert
