// Two or three cheap elementwise operations in one pass: what one leaves, the next takes from a register. The
// elements meet the same instructions as one operation after the other, so the bits are the same.
#include <algorithm>
#include <utility>

#include "lib/kernels/block.hpp"
#include "lib/kernels/folding.hpp"

namespace wengert::kernel {

// Where a program's time is not measured they would only make the library larger.
#if defined(__AVX2__) || !defined(__x86_64__)
namespace {

template <Start start, class T>
WENGERT_MATH_FN Batch<T> begin(Batch<T> a, Batch<T> b) {
  if constexpr (start == Start::add) return a + b;
  if constexpr (start == Start::mul) return a * b;
  if constexpr (start == Start::sub) return a - b;
  if constexpr (start == Start::mul_twice) return a * (Batch<T>(T(2)) * b);
}
template <Link link, class T>
WENGERT_MATH_FN Batch<T> go_on(Batch<T> x, Batch<T> b) {
  if constexpr (link == Link::add) return x + b;
  if constexpr (link == Link::mul) return x * b;
  if constexpr (link == Link::sub) return x - b;
  if constexpr (link == Link::from) return b - x;
}

/// Of an input that has one element for each row, that one in every lane. By itself: what is known of the
/// pointers below should not be lost with every store.
template <class T, std::size_t inputs, std::size_t batches>
struct Rooms {
  alignas(sizeof(Batch<T>)) std::byte of[inputs][batches * sizeof(Batch<T>)];
};

/// Where a chain is: a row after the other, and batch by batch along each.
template <class T, std::size_t inputs, std::size_t unrolled>
class At {
 public:
  WENGERT_MATH_FN At(const Rows& rows, Rooms<T, inputs, unrolled>& rooms)
      : rows_(rows), rooms_(rooms.of), left_(rows.count), out_row_(rows.out) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < inputs; ++j) {
      row_[j] = rows.in[j];
      step_[j] = rows.single >> j & 1 ? 0 : bytes;
    }
    start();
  }
  /// Goes to the next row.
  WENGERT_MATH_FN bool next() {
    if (--left_ == 0) return false;
    out_row_ += rows_.pitch;
#pragma GCC unroll 4
    for (std::size_t j = 0; j < inputs; ++j) row_[j] += rows_.in_pitch[j];
    start();
    return true;
  }
  const T* out_row() const { return reinterpret_cast<const T*>(out_row_); }
  const T* row(std::size_t j) const { return reinterpret_cast<const T*>(row_[j]); }

  /// Input j, `ahead` batches from here.
  WENGERT_MATH_FN Batch<T> load(std::size_t j, std::size_t ahead) const {
    return Batch<T>::load_unaligned(reinterpret_cast<const T*>(at_[j] + ahead * bytes));
  }
  template <class F>
  WENGERT_MATH_FN Batch<T> compute(F f, std::size_t ahead) {
    const Batch<T> value = f([&](std::size_t j) __attribute__((always_inline)) { return load(j, ahead); });
    value.store_unaligned(reinterpret_cast<T*>(out_ + ahead * bytes));
    return value;
  }
  WENGERT_MATH_FN void advance(std::size_t batches) {
    out_ += batches * bytes;
#pragma GCC unroll 4
    for (std::size_t j = 0; j < inputs; ++j) at_[j] += batches * step_[j];
  }
  /// What is left of the row, `n` elements.
  template <class F>
  WENGERT_MATH_FN void finish(F f, std::size_t n) {
    for (; n >= unrolled * Batch<T>::size; n -= unrolled * Batch<T>::size, advance(unrolled)) {
#pragma GCC unroll 8
      for (std::size_t k = 0; k < unrolled; ++k) compute(f, k);
    }
    for (; n >= Batch<T>::size; n -= Batch<T>::size, advance(1)) compute(f, 0);
    if (n == 0) return;
    const auto load_rest = [&](std::size_t j) __attribute__((always_inline)) {
      return step_[j] > 0 ? load_first(reinterpret_cast<const T*>(at_[j]), n) : load(j, 0);
    };
    store_first(reinterpret_cast<T*>(out_), f(load_rest), n);
  }

 private:
  static constexpr std::size_t bytes = sizeof(Batch<T>);

  WENGERT_MATH_FN void start() {
    out_ = out_row_;
#pragma GCC unroll 4
    for (std::size_t j = 0; j < inputs; ++j) {
      at_[j] = row_[j];
      if (step_[j] > 0) continue;
      const Batch<T> lanes(*reinterpret_cast<const T*>(row_[j]));
#pragma GCC unroll 8
      for (std::size_t k = 0; k < unrolled; ++k)
        lanes.store_aligned(reinterpret_cast<T*>(rooms_[j]) + k * Batch<T>::size);
      at_[j] = rooms_[j];
    }
  }

  const Rows& rows_;
  std::byte (*rooms_)[unrolled * sizeof(Batch<T>)];
  std::size_t left_;
  std::byte *out_row_, *out_;
  const std::byte *row_[inputs], *at_[inputs];
  std::size_t step_[inputs];  // bytes from one batch to the next
};

/// Inputs in `kept`, of which there is one element for each row, stay in registers.
template <class T, std::size_t inputs, unsigned kept = 0, class F>
WENGERT_MATH_FN void run_chain(const Rows& rows, F f) {
  constexpr std::size_t unrolled = inputs == 2 ? 4 : 2;
  Rooms<T, inputs, unrolled> rooms;
  At<T, inputs, unrolled> at(rows, rooms);
  do {
    if constexpr (kept == 0) {
      at.finish(f, rows.n);
    } else {
      Batch<T> lanes[inputs];
      for (std::size_t j = 0; j < inputs; ++j)
        if (kept >> j & 1) lanes[j] = at.load(j, 0);
      at.finish(
          [&](auto load) __attribute__((always_inline)) {
            return f([&](std::size_t j)
                         __attribute__((always_inline)) { return kept >> j & 1 ? lanes[j] : load(j); });
          },
          rows.n);
    }
  } while (at.next());
}

// The running values of a fold lie in registers, beside which there is room for what is computed.
template <class T>
constexpr bool room_for_sums = Running<Reduction::sum, T, 64>::vectors <= 8;

template <class T, std::size_t inputs, Folded folded, class F>
WENGERT_MATH_FN void run_folding(const Rows& rows, std::byte* sums, F f) {
  using Sum = Running<Reduction::sum, T, 64>;
  constexpr std::size_t all = inputs + (folded == Folded::products ? 1 : 0);
  Rooms<T, all, Sum::vectors> rooms;
  At<T, all, Sum::vectors> at(rows, rooms);
  const auto terms = [&] {
    const Elements<T> results{at.out_row()};
    if constexpr (folded == Folded::results) return results;
    if constexpr (folded == Folded::squares) return Products<T>{results, results};
    if constexpr (folded == Folded::products) return Products<T>{results, {at.row(inputs)}};
  };
  if (rows.n < Sum::shortest || rows.n > Sum::longest) {
    const auto from = terms();
    do at.finish(f, rows.n);
    while (at.next());
    return fold_each<Reduction::sum, T>(sums, from, rows.n, rows.count);
  }
  T* sum = reinterpret_cast<T*>(sums);
  do {
    Sum running;
    running.clear();
    std::size_t n = rows.n;
    for (; n >= Sum::lanes; n -= Sum::lanes, at.advance(Sum::vectors)) {
      running.each([&](std::size_t v) __attribute__((always_inline)) {
        const Batch<T> result = at.compute(f, v);
        if constexpr (folded == Folded::results) running.wide[v] += result.data;
        if constexpr (folded == Folded::squares) running.wide[v] += (result * result).data;
        if constexpr (folded == Folded::products) running.wide[v] += (result * at.load(inputs, v)).data;
      });
    }
    if (n > 0) {
      at.finish(f, n);
      running.add_rest(terms(), rows.n - n, rows.n);
    }
    *sum++ = running.result();
  } while (at.next());
}

template <class T, Start o>
void chain1(const Rows& rows) {
  run_chain<T, 2>(
      rows, [](auto load) __attribute__((always_inline)) { return begin<o, T>(load(0), load(1)); });
}
template <class T, Start o, Link p>
void chain2(const Rows& rows) {
  run_chain<T, 3>(
      rows, [](auto load) __attribute__((always_inline)) {
        return go_on<p, T>(begin<o, T>(load(0), load(1)), load(2));
      });
}
template <class T, Start o, Link p, Link q>
void chain3(const Rows& rows) {
  run_chain<T, 4>(
      rows, [](auto load) __attribute__((always_inline)) {
        return go_on<q, T>(go_on<p, T>(begin<o, T>(load(0), load(1)), load(2)), load(3));
      });
}
template <class T, Start o, Start p, Link q>
void pair(const Rows& rows) {
  run_chain<T, 4>(
      rows, [](auto load) __attribute__((always_inline)) {
        return go_on<q, T>(begin<o, T>(load(0), load(1)), begin<p, T>(load(2), load(3)));
      });
}

template <class T, PickedBy by, unsigned kept>
void pick_keeping(const Rows& rows) {
  run_chain<T, 4, kept>(
      rows, [](auto load) __attribute__((always_inline)) {
        const Batch<T> a = load(0), b = load(1), p = load(2), q = load(3);
        if constexpr (by == PickedBy::equal) return xsimd::select(a == b, p, q);
        if constexpr (by == PickedBy::less) return xsimd::select(a < b, p, q);
        if constexpr (by == PickedBy::less_equal) return xsimd::select(a <= b, p, q);
      });
}

/// Mostly something is compared with a number, and a number is picked or not.
template <class T, PickedBy by>
void pick(const Rows& rows) {
  switch (rows.single) {
    case 0b0001:
      return pick_keeping<T, by, 0b0001>(rows);
    case 0b0010:
      return pick_keeping<T, by, 0b0010>(rows);
    case 0b0101:
      return pick_keeping<T, by, 0b0101>(rows);
    case 0b0110:
      return pick_keeping<T, by, 0b0110>(rows);
    case 0b1001:
      return pick_keeping<T, by, 0b1001>(rows);
    case 0b1010:
      return pick_keeping<T, by, 0b1010>(rows);
    default:
      return pick_keeping<T, by, 0>(rows);
  }
}

template <class T, Start o, Folded folded>
void chain1_fold(const Rows& rows, std::byte* sums) {
  run_folding<T, 2, folded>(
      rows, sums, [](auto load) __attribute__((always_inline)) { return begin<o, T>(load(0), load(1)); });
}
template <class T, Start o, Start p>
void pair_fold(const Rows& rows, std::byte* sums) {
  run_folding<T, 4, Folded::results>(
      rows, sums, [](auto load) __attribute__((always_inline)) {
        return begin<o, T>(load(0), load(1)) + begin<p, T>(load(2), load(3));
      });
}

/// The chains of all starts and links: number i counts them through.
template <class T, int dtype, int... i>
void fill_with(Table& table, std::integer_sequence<int, i...>) {
  constexpr int links = link_count, starts = start_count;
  ((table.chain3[i / links / links % starts][i / links % links][i % links][dtype] =
        chain3<T, static_cast<Start>(i / links / links % starts), static_cast<Link>(i / links % links),
               static_cast<Link>(i % links)>),
   ...);
  ((table.chain1[i % starts][dtype] = chain1<T, static_cast<Start>(i % starts)>), ...);
  ((table.chain2[i / links % starts][i % links][dtype] =
        chain2<T, static_cast<Start>(i / links % starts), static_cast<Link>(i % links)>),
   ...);
  ((table.pair[i / links / starts % starts][i / links % starts][i % links][dtype] =
        pair<T, static_cast<Start>(i / links / starts % starts), static_cast<Start>(i / links % starts),
             static_cast<Link>(i % links)>),
   ...);
  ((table.pick[i % picked_by_count][dtype] = pick<T, static_cast<PickedBy>(i % picked_by_count)>), ...);
  if constexpr (room_for_sums<T>) {
    ((table.chain1_fold[i % starts][i / starts % folded_count][dtype] =
          chain1_fold<T, static_cast<Start>(i % starts), static_cast<Folded>(i / starts % folded_count)>),
     ...);
    ((table.pair_fold[i / starts % starts][i % starts][dtype] =
          pair_fold<T, static_cast<Start>(i / starts % starts), static_cast<Start>(i % starts)>),
     ...);
  }
}
template <class T, int dtype>
void fill(Table& table) {
  fill_with<T, dtype>(table, std::make_integer_sequence<int, start_count * link_count * link_count>());
}

}  // namespace
#endif

namespace WENGERT_ISA {
void fill_chains([[maybe_unused]] Table& table) {
#if defined(__AVX2__) || !defined(__x86_64__)
  fill<float, 0>(table);
  fill<double, 1>(table);
#endif
}
}  // namespace WENGERT_ISA

}  // namespace wengert::kernel
