#include "lib/core/fusion.hpp"

#include <algorithm>
#include <optional>

#include "lib/core/dispatch.hpp"

namespace wengert {
namespace {

using kernel::Link;
using kernel::Row;
using kernel::Start;
using Kind = Lowering::Kind;

/// A start and what follows it, as far as there are kernels: (a o b), ((a o b) p c), (((a o b) p c) q d), or,
/// as a pair, (a o b) q (c p' d).
struct Term {
  enum class Form : std::uint8_t { single, chain2, chain3, pair };
  Form form = Form::single;
  std::uint8_t dtype = 0;
  std::array<int, 3> links{};
  std::array<std::uint16_t, 4> in{{Value::none, Value::none, Value::none, Value::none}};

  std::size_t inputs() const { return form == Form::single ? 2 : form == Form::chain2 ? 3 : 4; }
};

kernel::Chain kernel_of(const Term& term) {
  const kernel::Table& table = kernel::table();
  const auto [o, p, q] = term.links;
  switch (term.form) {
    case Term::Form::chain2:
      return table.chain2[o][p][term.dtype];
    case Term::Form::chain3:
      return table.chain3[o][p][q][term.dtype];
    case Term::Form::pair:
      return table.pair[o][p][q][term.dtype];
    default:
      return table.chain1[o][term.dtype];
  }
}

/// The value as a start, if its kernel is one.
std::optional<Term> start_of(const Value& value) {
  if (value.input || value.kind != Kind::map || value.extent != Extent::full) return {};
  const kernel::Table& table = kernel::table();
  for (const int d : {0, 1}) {
    const auto term = [&](Start start, int a, int b) {
      return Term{.dtype = static_cast<std::uint8_t>(d),
                  .links = {static_cast<int>(start), 0, 0},
                  .in = {value.in[static_cast<std::size_t>(a)], value.in[static_cast<std::size_t>(b)],
                         Value::none, Value::none}};
    };
    const auto forward = [&](Row row) { return table.forward[static_cast<int>(row)][d]; };
    const auto vjp = [&](Row row, int input) { return table.vjp[static_cast<int>(row)][input][d]; };
    if (value.block == forward(Row::add)) return term(Start::add, 0, 1);
    if (value.block == forward(Row::mul)) return term(Start::mul, 0, 1);
    if (value.block == forward(Row::sub)) return term(Start::sub, 0, 1);
    if (value.block == forward(Row::square)) return term(Start::mul, 0, 0);
    // The cotangents of a product's factors, g b and g a, and of a square.
    if (value.block == vjp(Row::mul, 0)) return term(Start::mul, 0, 2);
    if (value.block == vjp(Row::mul, 1)) return term(Start::mul, 0, 1);
    if (value.block == vjp(Row::square, 0)) return term(Start::mul_twice, 0, 1);
  }
  return {};
}

/// A kernel that compares a and b and picks p or q, and which values these four are.
struct Pick {
  kernel::Chain kernel = nullptr;
  std::array<std::uint16_t, 4> in{};
};

/// p where `mask` compares true, else q.
std::optional<Pick> pick_by(const Value& mask, std::uint8_t dtype, std::uint16_t p, std::uint16_t q) {
  using kernel::Comparison;
  using kernel::PickedBy;
  const kernel::Table& table = kernel::table();
  const auto [a, b, none1, none2] = mask.in;
  const auto compares = [&](Comparison by) {
    return mask.block == table.compare[static_cast<int>(by)][dtype];
  };
  const auto pick = [&](PickedBy by, std::array<std::uint16_t, 4> in) {
    return Pick{table.pick[static_cast<int>(by)][dtype], in};
  };
  if (compares(Comparison::equal)) return pick(PickedBy::equal, {a, b, p, q});
  if (compares(Comparison::not_equal)) return pick(PickedBy::equal, {a, b, q, p});
  if (compares(Comparison::less)) return pick(PickedBy::less, {a, b, p, q});
  if (compares(Comparison::greater)) return pick(PickedBy::less, {b, a, p, q});
  if (compares(Comparison::less_equal)) return pick(PickedBy::less_equal, {a, b, p, q});
  if (compares(Comparison::greater_equal)) return pick(PickedBy::less_equal, {b, a, p, q});
  return {};
}

class Fusion {
 public:
  explicit Fusion(std::span<const Value> values) : terms_(values.size()), uses_(values.size(), 0) {
    for (const Value& value : values) {
      code_.emplace_back(Instruction{value});
      for (const std::uint16_t in : value.in)
        if (in != Value::none) ++uses_[in];
    }
  }

  std::vector<Instruction> run() {
    if (!kernel::table().chain2[0][0][0]) return std::move(code_);
    pick_by_comparing();
    for (std::size_t v = 0; v < code_.size(); ++v) {
      Instruction& value = code_[v];
      if (value.input || value.absorbed) continue;
      if (value.kind == Kind::map)
        grow(v);
      else if (value.kind == Kind::sum_rows)
        fuse_sum_of_rows(value);
      else
        fuse_products(value);
    }
    for (std::size_t v = 0; v < code_.size(); ++v)
      if (code_[v].kind == Kind::fold && !code_[v].input) fold_along(static_cast<std::uint16_t>(v));
    return std::move(code_);
  }

 private:
  /// The term of a value that may go into the kernel of the one that uses it.
  const Term* loose(std::uint16_t v, std::uint8_t dtype) const {
    const bool alone = !code_[v].input && !code_[v].stored && uses_[v] == 1;
    return alone && terms_[v] && terms_[v]->dtype == dtype ? &*terms_[v] : nullptr;
  }

  /// How the kernel that compares as well picks, for a mask that need not stay.
  std::optional<Pick> pick_of(const Value& value) const {
    if (value.input || value.kind != Kind::map || value.extent != Extent::full) return {};
    for (const std::uint8_t d : {0, 1}) {
      if (value.block != kernel::table().select[d]) continue;
      const Value& mask = code_[value.in[0]];
      if (mask.input || mask.stored || mask.kind != Kind::map || mask.extent != Extent::full) return {};
      // What is done in one go is not divided into rows.
      if (by_rows(mask) && !by_rows(value)) return {};
      return pick_by(mask, d, value.in[1], value.in[2]);
    }
    return {};
  }

  /// What is picked by a comparison is compared by the kernel that picks: no mask is written and read. Twice
  /// at most, and if nothing else looks at the mask.
  void pick_by_comparing() {
    constexpr std::uint32_t most = 2;
    std::vector<std::uint32_t> picks(code_.size(), 0);
    for (const Instruction& value : code_)
      if (pick_of(value)) ++picks[value.in[0]];
    for (Instruction& value : code_) {
      const std::uint16_t m = value.in[0];
      const std::optional<Pick> pick = pick_of(value);
      if (!pick || picks[m] != uses_[m] || picks[m] > most) continue;
      value.chain = pick->kernel;
      value.in = pick->in;
      // The first takes over what the mask looked at, a second one looks at it as well.
      if (code_[m].absorbed)
        for (const std::size_t j : {0, 1}) ++uses_[code_[m].in[j]];
      absorb(m);
    }
  }

  /// Takes what a map is computed from into its kernel.
  void grow(std::size_t v) {
    std::optional<Term> own = start_of(code_[v]);
    if (!own) return;
    const auto [a, b, none1, none2] = own->in;
    const auto start = static_cast<Start>(own->links[0]);
    if (a != b && start != Start::mul_twice) {
      const Term *left = loose(a, own->dtype), *right = loose(b, own->dtype);
      const auto longer = [](const Term* term) { return term && term->form == Term::Form::chain2; };
      const auto single = [](const Term* term) { return term && term->form == Term::Form::single; };
      // The links are named like the starts, and sums and products do not mind the order.
      const int link = own->links[0];
      const int turned = start == Start::sub ? static_cast<int>(Link::from) : link;
      if (single(left) && single(right)) {
        own = Term{.form = Term::Form::pair,
                   .dtype = own->dtype,
                   .links = {left->links[0], right->links[0], link},
                   .in = {left->in[0], left->in[1], right->in[0], right->in[1]}};
        absorb(a), absorb(b);
      } else if (longer(left) || (single(left) && !longer(right))) {
        own = extended(*left, link, b);
        absorb(a);
      } else if (longer(right) || single(right)) {
        own = extended(*right, turned, a);
        absorb(b);
      }
    }
    terms_[v] = own;
    if (own->form != Term::Form::single || by_rows(code_[v])) use_chain(v);
  }

  /// Whether a chain goes through the rows where the block would be called for each.
  bool by_rows(const Value& value) const {
    return std::ranges::any_of(value.in, [&](std::uint16_t in) {
      return in != Value::none && (code_[in].extent == Extent::row || code_[in].extent == Extent::column);
    });
  }
  void use_chain(std::size_t v) {
    code_[v].in = terms_[v]->in;
    code_[v].chain = kernel_of(*terms_[v]);
  }

  static Term extended(const Term& term, int link, std::uint16_t with) {
    Term longer = term;
    const bool first = term.form == Term::Form::single;
    longer.form = first ? Term::Form::chain2 : Term::Form::chain3;
    longer.links[first ? 1 : 2] = link;
    longer.in[first ? 2 : 3] = with;
    return longer;
  }

  void fuse_sum_of_rows(Instruction& sum) {
    const std::uint16_t of = sum.in[0];
    const kernel::Table& table = kernel::table();
    const auto adds = [&](int dtype) {
      return sum.block == table.forward[static_cast<int>(Row::add)][dtype];
    };
    if (!adds(0) && !adds(1)) return;
    const std::uint8_t dtype = adds(0) ? 0 : 1;
    sum.adding = table.chain1[static_cast<int>(Start::add)][dtype];
    const Term* term = loose(of, dtype);
    if (!term || term->inputs() > 3) return;
    sum.adding = kernel_of(extended(*term, static_cast<int>(Link::add), Value::none));
    sum.row = kernel_of(*term);
    sum.row_inputs = static_cast<std::uint8_t>(term->inputs());
    sum.in = term->in;
    absorb(of);
  }

  /// A sum of products needs none of them in memory.
  void fuse_products(Instruction& fold) {
    const std::uint16_t of = fold.in[0];
    const auto& table = kernel::table();
    for (const std::uint8_t d : {0, 1}) {
      const Term* term = loose(of, d);
      if (fold.fold != table.fold[static_cast<int>(kernel::Reduction::sum)][d] || !term ||
          term->form != Term::Form::single || static_cast<Start>(term->links[0]) != Start::mul)
        continue;
      if (code_[term->in[0]].extent != Extent::full || code_[term->in[1]].extent != Extent::full) return;
      fold.products = table.fold_products[d];
      fold.in = term->in;
      absorb(of);
      return;
    }
  }

  /// A row is summed by the kernel that computes it: of two whose products are summed, by the later one.
  void fold_along(std::uint16_t f) {
    Instruction& fold = code_[f];
    const kernel::Table& table = kernel::table();
    const auto& sum = table.fold[static_cast<int>(kernel::Reduction::sum)];
    const bool products = fold.products != nullptr;
    std::uint16_t of = fold.in[0], with = products ? fold.in[1] : Value::none;
    // Inputs are there from the first, whatever their number.
    if (products && (code_[of].input || (with > of && !code_[with].input))) std::swap(of, with);
    Instruction& value = code_[of];
    if (value.folding || value.extent != Extent::full || !terms_[of]) return;
    const Term& term = *terms_[of];
    if (fold.fold != sum[term.dtype]) return;
    const auto [o, p, q] = term.links;
    const auto folded = !products    ? kernel::Folded::results
                        : of == with ? kernel::Folded::squares
                                     : kernel::Folded::products;
    if (term.form == Term::Form::single)
      value.folding = table.chain1_fold[o][static_cast<int>(folded)][term.dtype];
    else if (term.form == Term::Form::pair && static_cast<Link>(q) == Link::add && !products)
      value.folding = table.pair_fold[o][p][term.dtype];
    if (!value.folding) return;
    use_chain(of);
    value.folded = f;
    if (folded == kernel::Folded::products) value.in[2] = value.folded_with = with;
    fold.folded_along = true;
  }

  void absorb(std::uint16_t v) { code_[v].absorbed = true; }

  std::vector<Instruction> code_;
  std::vector<std::optional<Term>> terms_;
  std::vector<std::uint32_t> uses_;
};

}  // namespace

std::vector<Instruction> fused(std::span<const Value> values) { return Fusion(values).run(); }

}  // namespace wengert
