#include "wengert/ops/elementwise.hpp"

#include <limits>
#include <string_view>

#include "lib/core/lowering.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/samples.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/ops/selection.hpp"

namespace wengert {
namespace {

// Stands for an input while a text is instantiated only to learn which of them it mentions: bit 0 for g, 1
// for x or a, 2 for b, 3 for y.
struct Mention {
  unsigned bits = 0;
  constexpr Mention(double) {}
  constexpr explicit Mention(unsigned bits) : bits(bits) {}
};
constexpr Mention both(Mention a, Mention b) { return Mention(a.bits | b.bits); }
constexpr Mention operator-(Mention x) { return x; }
constexpr Mention operator+(Mention a, Mention b) { return both(a, b); }
constexpr Mention operator-(Mention a, Mention b) { return both(a, b); }
constexpr Mention operator*(Mention a, Mention b) { return both(a, b); }
constexpr Mention operator/(Mention a, Mention b) { return both(a, b); }
constexpr Mention operator==(Mention a, Mention b) { return both(a, b); }
constexpr Mention operator<(Mention a, Mention b) { return both(a, b); }
constexpr Mention operator>(Mention a, Mention b) { return both(a, b); }
constexpr Mention where(Mention mask, Mention a, Mention b) { return both(mask, both(a, b)); }
constexpr Mention nonzero(Mention x) { return x; }
constexpr Mention cosine(Mention a, Mention b, Mention y) { return both(a, both(b, y)); }
#define UNARY(name, ...) \
  constexpr Mention name(Mention x) { return x; }
#define BINARY(name, ...) \
  constexpr Mention name(Mention a, Mention b) { return both(a, b); }
#define COMPARE(...)
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY

#include "lib/kernels/vocabulary.hpp"

// A derivative that is zero everywhere: of a Tensor, the empty one.
constexpr struct None {
  operator Tensor() const { return {}; }
  constexpr operator Mention() const { return Mention(0u); }
} none;

#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"

enum class Types { real, any };
enum class Cost { cheap, dear };
enum class Kink { SMOOTH, AT_ZERO, AT_EQUAL };

struct Domain {
  double a_low, a_high, b_low, b_high;
  Kink kink;
};

// One struct per row: the texts of its derivatives on Tensors and on Mentions.
#define UNARY(row, types_, cost_, text, vjp_text, low, high, kink_, ...)                              \
  struct Row_##row {                                                                                  \
    static constexpr kernel::Row id = kernel::Row::row;                                               \
    static constexpr const char* name = #row;                                                         \
    static constexpr Types types = Types::types_;                                                     \
    static constexpr Cost cost = Cost::cost_;                                                         \
    static constexpr Domain domain{low, high, 0.0, 0.0, Kink::kink_};                                 \
    static constexpr std::string_view texts[] = {#vjp_text};                                          \
    static Tensor vjp_a(const Tensor& g, const Tensor& x, const Tensor&, const Tensor& y) {           \
      return vjp_text;                                                                                \
    }                                                                                                 \
    static constexpr Mention mention_a(Mention g, Mention x, Mention, Mention y) { return vjp_text; } \
    static Tensor call(const std::vector<Tensor>& in) { return row(in[0]); }                          \
  };
#define BINARY(row, types_, cost_, text, text_a, text_b, a_low, a_high, b_low, b_high, kink_, ...)    \
  struct Row_##row {                                                                                  \
    static constexpr kernel::Row id = kernel::Row::row;                                               \
    static constexpr const char* name = #row;                                                         \
    static constexpr Types types = Types::types_;                                                     \
    static constexpr Cost cost = Cost::cost_;                                                         \
    static constexpr Domain domain{a_low, a_high, b_low, b_high, Kink::kink_};                        \
    static constexpr std::string_view texts[] = {#text_a, #text_b};                                   \
    static Tensor vjp_a(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& y) {         \
      return text_a;                                                                                  \
    }                                                                                                 \
    static Tensor vjp_b(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& y) {         \
      return text_b;                                                                                  \
    }                                                                                                 \
    static constexpr Mention mention_a(Mention g, Mention a, Mention b, Mention y) { return text_a; } \
    static constexpr Mention mention_b(Mention g, Mention a, Mention b, Mention y) { return text_b; } \
    static Tensor call(const std::vector<Tensor>& in) { return row(in[0], in[1]); }                   \
  };
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE

template <class R>
constexpr bool unary = std::size(R::texts) == 1;

template <class R>
void forward(Node& node) {
  run_blocks(kernel::table().forward[static_cast<int>(R::id)][index(node.dtype)], node, node.inputs(),
             unary<R> ? 1 : 2);
}
template <class R>
bool lower(const Node& node, Lowering& lowering) {
  lowering.kind = Lowering::Kind::map;
  lowering.dear = R::cost == Cost::dear;
  lowering.block = kernel::table().forward[static_cast<int>(R::id)][index(node.dtype)];
  lowering.in = {0, unary<R> ? std::int8_t{-1} : std::int8_t{1}, -1, -1};
  return true;
}

/// The derivative of a row with respect to an input, as an operation of its own: of g, a, b and y those that
/// its text mentions.
template <class R, int input>
struct Derivative {
  static constexpr unsigned mentions = [] {
    if constexpr (input == 0)
      return R::mention_a(Mention(1u), Mention(2u), Mention(4u), Mention(8u)).bits;
    else
      return R::mention_b(Mention(1u), Mention(2u), Mention(4u), Mention(8u)).bits;
  }();
  static constexpr std::array<std::int8_t, 4> places = [] {
    std::array<std::int8_t, 4> in{};
    std::int8_t next = 0;
    for (unsigned j = 0; j < 4; ++j) in[j] = mentions >> j & 1 ? next++ : std::int8_t{-1};
    return in;
  }();
  static kernel::Block block(const Node& node) {
    return kernel::table().vjp[static_cast<int>(R::id)][input][index(node.dtype)];
  }
  static void forward(Node& node) {
    Node* in[4] = {};
    for (std::size_t j = 0; j < 4; ++j)
      if (places[j] >= 0) in[j] = &node.input(static_cast<std::size_t>(places[j]));
    run_blocks(block(node), node, in, 4);
  }
  static bool lower(const Node& node, Lowering& lowering) {
    lowering.kind = Lowering::Kind::map;
    lowering.dear = false;
    lowering.block = block(node);
    lowering.in = places;
    return true;
  }
  // Never on the tape, and not registered: where the pass is recorded, the text is a graph.
  static constexpr Operation operation{.name = R::name,
                                       .forward = forward,
                                       .rule_of_input = [](const Call&, std::size_t) { return Tensor(); },
                                       .lower = lower};
};

/// The rule of an input: a graph of Tensor operations where the pass is recorded, else one pass of the row's
/// kernel.
template <class R, int input>
Tensor rule(const Call& c) {
  if constexpr (R::texts[input] == "g") return c.g;
  // Where the input was broadcast, fewer elements are negated after the sum.
  if constexpr (R::texts[input] == "-g") return neg(sum_to(c.g, c.input_shape(input)));
  if (this_thread.records || R::texts[input] == "none") {
    const Tensor x = c.x(0), other = unary<R> ? Tensor() : c.x(1);
    if constexpr (input == 0)
      return R::vjp_a(c.g, x, other, c.y());
    else
      return R::vjp_b(c.g, x, other, c.y());
  }
  using D = Derivative<R, input>;
  Node* in[4] = {};
  std::size_t count = 0;
  if (D::mentions & 1) in[count++] = &recorded(c.g);
  if (D::mentions & 2) in[count++] = &c.node.input(0);
  if (D::mentions & 4) in[count++] = &c.node.input(1);
  if (D::mentions & 8) in[count++] = const_cast<Node*>(&c.node);
  return record(D::operation, in, count, c.node.shape, c.node.dtype, c.node.where);
}

template <class R>
std::vector<Sample> samples() {
  constexpr Domain d = R::domain;
  std::vector<Sample> list;
  SampleNumbers numbers(static_cast<unsigned>(R::id));
  const auto draw_a = [&](const Shape& shape) {
    return d.kink == Kink::AT_ZERO ? numbers.away_from_zero(shape, d.a_low, d.a_high)
                                   : numbers.uniform(shape, d.a_low, d.a_high);
  };
  if constexpr (unary<R>) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{0, 2}})
      list.push_back({to_string(shape), {draw_a(shape)}, R::call});
  } else {
    for (const auto& [a, b] : broadcasting_pairs()) {
      Tensor left = draw_a(a), right = numbers.uniform(b, d.b_low, d.b_high);
      if (d.kink == Kink::AT_EQUAL) right = numbers.apart(left, right);
      list.push_back({to_string(a) + " with " + to_string(b), {left, right}, R::call});
    }
  }
  return list;
}

/// What the rule of an input looks at.
template <class R, int input>
constexpr std::uint8_t looks_at() {
  constexpr unsigned mentions = Derivative<R, input>::mentions;
  return static_cast<std::uint8_t>((mentions >> 1 & 3u) | (mentions & 8u ? Operation::output : 0u));
}

template <class R>
constexpr Operation make_operation() {
  Operation operation{.name = R::name, .forward = forward<R>, .samples = samples<R>, .lower = lower<R>};
  operation.rules[0] = rule<R, 0>;
  operation.looks_at[0] = looks_at<R, 0>();
  if constexpr (!unary<R>) {
    operation.rules[1] = rule<R, 1>;
    operation.looks_at[1] = looks_at<R, 1>();
  }
  return operation;
}
template <class R>
constexpr Operation operation_of = make_operation<R>();

template <class R>
void check_dtype(DType dtype) {
  if (R::types == Types::real) require_float(R::name, dtype);
  if (dtype == boolean)
    fail<DTypeError>(R::name,
                     "boolean tensors have no arithmetic: got boolean. Did you mean x.astype(int64)?");
}

template <class R>
Tensor record_unary(const Tensor& x, Location where) {
  require_value(R::name, x);
  Node& node = recorded(x);
  check_dtype<R>(node.dtype);
  return record(operation_of<R>, {&node}, node.shape, node.dtype, where);
}
/// a to a power that takes an operation or two instead of a logarithm; empty for other powers.
Tensor short_power(const Operand& a, const Operand& b) {
  if (a.is_number() || !b.is_number() || !a.tensor().defined() || !is_float(a.tensor().dtype())) return {};
  if (b.number() == 2.0) return square(a.tensor(), a.where());
  if (b.number() == 3.0) return mul({square(a.tensor(), a.where()), a.where()}, a);
  if (b.number() == -1.0) return reciprocal(a.tensor(), a.where());
  return {};
}

template <class R>
Tensor record_binary(const Operand& a, const Operand& b) {
  if constexpr (R::id == kernel::Row::pow)
    if (const Tensor power = short_power(a, b); power.defined()) return power;
  const Pair pair(R::name, a, b);
  Node &left = recorded(pair.a), &right = recorded(pair.b);
  check_dtype<R>(left.dtype);
  if (left.shape == right.shape)
    return record(operation_of<R>, {&left, &right}, left.shape, left.dtype, a.where());
  return record(operation_of<R>, {&left, &right}, broadcast_shape(R::name, left.shape, right.shape),
                left.dtype, a.where());
}

template <kernel::Comparison comparison>
void forward_comparison(Node& node) {
  run_blocks(kernel::table().compare[static_cast<int>(comparison)][index(node.input(0).dtype)], node,
             node.inputs(), 2);
}
template <kernel::Comparison comparison>
bool lower_comparison(const Node& node, Lowering& lowering) {
  lowering = {.block = kernel::table().compare[static_cast<int>(comparison)][index(node.input(0).dtype)],
              .in = {0, 1, -1, -1}};
  return true;
}
Tensor record_comparison(const Operation& operation, const Operand& a, const Operand& b) {
  const Pair pair(operation.name, a, b);
  Node &left = recorded(pair.a), &right = recorded(pair.b);
  return record(operation, {&left, &right}, broadcast_shape(operation.name, left.shape, right.shape), boolean,
                a.where());
}

}  // namespace

#define UNARY(name, ...)                                                                      \
  Tensor name(const Tensor& x, Location where) { return record_unary<Row_##name>(x, where); } \
  static const Registered registered_##name(operation_of<Row_##name>);
#define BINARY(name, ...)                                                                     \
  Tensor name(const Operand& a, const Operand& b) { return record_binary<Row_##name>(a, b); } \
  static const Registered registered_##name(operation_of<Row_##name>);
#define COMPARE(row, ...)                                                                               \
  static constexpr Operation operation_##row{                                                           \
      .name = #row,                                                                                     \
      .forward = forward_comparison<kernel::Comparison::row>,                                           \
      .samples =                                                                                        \
          [] {                                                                                          \
            return comparison_samples([](const std::vector<Tensor>& in) { return row(in[0], in[1]); }); \
          },                                                                                            \
      .lower = lower_comparison<kernel::Comparison::row>};                                              \
  Tensor row(const Operand& a, const Operand& b) { return record_comparison(operation_##row, a, b); }   \
  static const Registered registered_##row(operation_##row);
#include "wengert/ops/elementwise.def"
#undef UNARY
#undef BINARY
#undef COMPARE

/// Whether a computed tensor's bytes are contiguous and seen through this handle alone.
static bool alone(const Tensor& x) {
  const Node& node = recorded(x);
  return x.handle().version == nullptr && node.references.load() == NodeCounts::user && is_contiguous(node) &&
         (!node.storage || node.storage.unique());
}

std::byte* writable(Tensor& sum) {
  sum.node();
  if (!alone(sum)) sum = compact(sum);
  return sum.node().data;
}

void accumulate(Tensor& sum, const Tensor& term) {
  Node& into = recorded(sum);
  Node& from = recorded(term);
  const bool wait =
      into.deferred.load(std::memory_order_relaxed) || from.deferred.load(std::memory_order_relaxed);
  if (wait || this_thread.records || !alone(sum) || into.shape != from.shape) {
    sum = add(sum, term);
    return;
  }
  const kernel::Block kernel = kernel::table().forward[static_cast<int>(kernel::Row::add)][index(into.dtype)];
  const Tensor dense = is_contiguous(from) ? term : compact(term);
  const std::byte* in[2] = {into.data, dense.node().data};
  kernel(into.data, in, static_cast<std::size_t>(into.size()), 0);
}

}  // namespace wengert
