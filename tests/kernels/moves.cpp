// Kernels that are held to no formula but to others: chains to their operations one after the other, folds to
// those of other registers, and of every other element to those of copies, and transposes to their
// definition. Whatever the length, nothing is read or written beyond it.
#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <type_traits>
#include <vector>

#include "lib/core/dispatch.hpp"
#include "support/guarded.hpp"
#include "support/tensors.hpp"

using namespace wengert;
using namespace wengert::kernel;
using support::Guarded;

namespace {

Row row_of(Start start) { return start == Start::add ? Row::add : start == Start::sub ? Row::sub : Row::mul; }

/// a o b of `n` elements; with those of `single` the same for all.
template <class T>
std::vector<T> begun(Start start, const T* a, const T* b, std::size_t n, unsigned single) {
  std::vector<T> result(n), twice(b, b + (single & 2 ? 1 : n));
  if (start == Start::mul_twice)
    for (T& element : twice) element *= T(2);
  const std::byte* in[4] = {reinterpret_cast<const std::byte*>(a),
                            reinterpret_cast<const std::byte*>(twice.data()), nullptr, nullptr};
  table().forward[static_cast<int>(row_of(start))][sizeof(T) / 8](reinterpret_cast<std::byte*>(result.data()),
                                                                  in, n, single & 3);
  return result;
}
template <class T>
std::vector<T> linked(Link link, const std::vector<T>& x, const T* b, std::size_t n, bool single) {
  std::vector<T> result(n);
  const Row row = link == Link::add ? Row::add : link == Link::mul ? Row::mul : Row::sub;
  const bool from = link == Link::from;
  const std::byte* in[4] = {reinterpret_cast<const std::byte*>(from ? b : x.data()),
                            reinterpret_cast<const std::byte*>(from ? x.data() : b), nullptr, nullptr};
  table().forward[static_cast<int>(row)][sizeof(T) / 8](reinterpret_cast<std::byte*>(result.data()), in, n,
                                                        single ? (from ? 1u : 2u) : 0u);
  return result;
}

/// Inputs of `n` elements in each of `count` rows, with what lies between; those of `single` have one a row.
template <class T>
struct Inputs {
  Rows rows;
  std::deque<Guarded> rooms;
  const T* at[4];

  Inputs(std::size_t n, std::size_t count, std::size_t gap, unsigned single) {
    rows.n = n, rows.count = count, rows.single = single, rows.pitch = (n + gap) * sizeof(T);
    for (unsigned j = 0; j < 4; ++j) {
      const std::size_t elements = single >> j & 1 ? 1 : n, pitch = elements + (elements > 1 ? gap * j : 0);
      const std::size_t size = (count - 1) * pitch + elements;
      const Guarded& room = rooms.emplace_back(size * sizeof(T));
      for (std::size_t i = 0; i < size; ++i)
        room.as<T>()[i] = T(1.25) * T(static_cast<int>((i * 7 + j * 5) % 23)) - T(9.1);
      rows.in[j] = room.data();
      rows.in_pitch[j] = pitch * sizeof(T);
      at[j] = room.as<T>();
    }
  }
  const T* row(std::size_t j, std::size_t r) const { return at[j] + r * (rows.in_pitch[j] / sizeof(T)); }
  bool is_single(unsigned j) const { return rows.single >> j & 1; }
};

/// Every chain with what its operations make of the same inputs in row `r`.
template <class T, class F>
void each_chain(const Inputs<T>& in, std::size_t r, F check) {
  constexpr std::size_t dtype = sizeof(T) / 8;
  const std::size_t n = in.rows.n;
  const unsigned single = in.rows.single;
  for (int s = 0; s < start_count; ++s) {
    const std::vector<T> first = begun(static_cast<Start>(s), in.row(0, r), in.row(1, r), n, single);
    check(table().chain1[s][dtype], first);
    for (int l = 0; l < link_count; ++l) {
      const std::vector<T> second = linked(static_cast<Link>(l), first, in.row(2, r), n, in.is_single(2));
      check(table().chain2[s][l][dtype], second);
      for (int m = 0; m < link_count; ++m)
        check(table().chain3[s][l][m][dtype],
              linked(static_cast<Link>(m), second, in.row(3, r), n, in.is_single(3)));
    }
    for (int p = 0; p < start_count; ++p) {
      const std::vector<T> other = begun(static_cast<Start>(p), in.row(2, r), in.row(3, r), n, single >> 2);
      for (int l = 0; l < link_count; ++l)
        check(table().pair[s][p][l][dtype], linked(static_cast<Link>(l), first, other.data(), n, false));
    }
  }
}

template <class T>
void check_chains(std::size_t n, std::size_t count, unsigned single) {
  CAPTURE(n);
  CAPTURE(count);
  CAPTURE(single);
  Inputs<T> in(n, count, count > 1 ? 3 : 0, single);
  const std::size_t size = (count - 1) * in.rows.pitch + n * sizeof(T);
  const Guarded out(size);
  in.rows.out = out.data();
  for (std::size_t r = 0; r < count; ++r)
    each_chain(in, r, [&](Chain chain, const std::vector<T>& expected) {
      std::memset(out.data(), 0xee, size);
      chain(in.rows);
      const std::byte *row = out.data() + r * in.rows.pitch, *next = row + in.rows.pitch;
      CHECK(std::memcmp(row, expected.data(), n * sizeof(T)) == 0);
      const auto untouched = [](std::byte b) { return b == std::byte{0xee}; };
      if (r + 1 < count) CHECK(std::all_of(row + n * sizeof(T), next, untouched));
    });
}

/// What comparisons pick: against a comparison and a selection by its mask.
template <class T>
void check_picks(std::size_t n, std::size_t count, unsigned single) {
  CAPTURE(n);
  CAPTURE(single);
  constexpr std::size_t dtype = sizeof(T) / 8;
  constexpr Comparison by[picked_by_count] = {Comparison::equal, Comparison::less, Comparison::less_equal};
  Inputs<T> in(n, count, 0, single);
  for (unsigned j = 0; j < 4 && n > 4; ++j)
    if (!in.is_single(j)) in.rooms[j].template as<T>()[1 + j % 2] = std::numeric_limits<T>::quiet_NaN();
  const std::size_t bytes = n * count * sizeof(T);
  const Guarded out(bytes);
  std::vector<T> expected(n * count);
  std::vector<std::byte> mask(n);
  for (int k = 0; k < picked_by_count; ++k) {
    for (std::size_t r = 0; r < count; ++r) {
      const auto row = [&](std::size_t j) { return reinterpret_cast<const std::byte*>(in.row(j, r)); };
      const std::byte* const compared[2] = {row(0), row(1)};
      table().compare[static_cast<int>(by[k])][dtype](mask.data(), compared, n, single & 3);
      const std::byte* const picked[3] = {mask.data(), row(2), row(3)};
      table().select[dtype](reinterpret_cast<std::byte*>(expected.data() + r * n), picked, n,
                            single >> 1 & 6);
    }
    in.rows.out = out.data();
    table().pick[k][dtype](in.rows);
    CHECK(std::memcmp(out.data(), expected.data(), bytes) == 0);
  }
}

/// The chains that also fold: against a chain, and a fold of what it has left.
template <class T>
void check_folding(std::size_t n, std::size_t count, unsigned single) {
  CAPTURE(n);
  CAPTURE(single);
  constexpr std::size_t dtype = sizeof(T) / 8;
  Inputs<T> in(n, count, 0, single);
  const Guarded out(n * count * sizeof(T)), sums(count * sizeof(T));
  const auto check = [&](ChainFold folding, Chain chain, Folded folded, const std::byte* with) {
    // What results are multiplied with spans the row.
    if (!folding || (folded == Folded::products && in.is_single(2))) return;
    std::vector<T> expected(n * count), expected_sums(count);
    in.rows.out = reinterpret_cast<std::byte*>(expected.data());
    chain(in.rows);
    const std::byte* products[2] = {in.rows.out, folded == Folded::squares ? in.rows.out : with};
    auto* const to = reinterpret_cast<std::byte*>(expected_sums.data());
    folded == Folded::results
        ? table().fold[static_cast<int>(Reduction::sum)][dtype](to, in.rows.out, n, count)
        : table().fold_products[dtype](to, products, n, count);
    in.rows.out = out.data();
    folding(in.rows, sums.data());
    CHECK(std::memcmp(out.data(), expected.data(), n * count * sizeof(T)) == 0);
    CHECK(std::memcmp(sums.data(), to, count * sizeof(T)) == 0);
    if (in.is_single(0)) return;
    Rows in_place = in.rows;
    in_place.in[0] = out.data();
    std::memcpy(out.data(), in.rows.in[0], n * count * sizeof(T));
    std::memset(sums.data(), 0, count * sizeof(T));
    folding(in_place, sums.data());
    CHECK(std::memcmp(out.data(), expected.data(), n * count * sizeof(T)) == 0);
    CHECK(std::memcmp(sums.data(), to, count * sizeof(T)) == 0);
  };
  for (int s = 0; s < start_count; ++s) {
    for (int f = 0; f < folded_count; ++f)
      check(table().chain1_fold[s][f][dtype], table().chain1[s][dtype], static_cast<Folded>(f),
            in.rows.in[2]);
    for (int p = 0; p < start_count; ++p)
      check(table().pair_fold[s][p][dtype], table().pair[s][p][static_cast<int>(Link::add)][dtype],
            Folded::results, nullptr);
  }
}

/// `rows` x `columns` elements of a matrix that lies the other way round, between rows that are some apart.
template <class T>
void check_transpose(std::size_t rows, std::size_t columns, std::size_t out_gap, std::size_t in_gap) {
  CAPTURE(rows);
  CAPTURE(columns);
  CAPTURE(out_gap);
  const std::size_t out_pitch = columns + out_gap, in_pitch = rows + in_gap;
  const std::size_t out_count = (rows - 1) * out_pitch + columns, in_count = (columns - 1) * in_pitch + rows;
  const Guarded out(out_count * sizeof(T)), in(in_count * sizeof(T));
  for (std::size_t i = 0; i < in_count; ++i) in.as<T>()[i] = static_cast<T>(i * 2654435761u + i / 7);
  std::vector<T> expected(out_count, T(77));
  std::fill_n(out.as<T>(), out_count, T(77));
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) expected[i * out_pitch + j] = in.as<T>()[j * in_pitch + i];
  table().transpose[sizeof(T) / 4](out.data(), in.data(), rows, columns,
                                   static_cast<std::ptrdiff_t>(out_pitch),
                                   static_cast<std::ptrdiff_t>(in_pitch));
  CHECK(std::equal(expected.begin(), expected.end(), out.as<T>()));
}

}  // namespace

TEST_CASE("a chain computes what its operations do, and a pick what its comparison does, for any length") {
  if (!table().chain2[0][0][0]) {
    MESSAGE("skipped: the baseline has no chains");
    return;
  }
  for (std::size_t n = 1; n <= 70; n += n < 36 ? 1 : 3)
    for (unsigned single = 0; single < 16; single += n < 20 ? 1 : 3)
      for (const std::size_t count : {1, 3}) {
        check_chains<float>(n, count, single);
        check_chains<double>(n, count, single);
        check_picks<float>(n, count, single);
        check_picks<double>(n, count, single);
      }
}

TEST_CASE("a chain that folds leaves what a chain and a fold leave, for any length") {
  if (!table().chain2[0][0][0]) {
    MESSAGE("skipped: the baseline has no chains");
    return;
  }
  for (const std::size_t n :
       {1, 15, 16, 17, 63, 64, 100, 127, 128, 129, 191, 192, 200, 512, 700, 2047, 2048, 2049, 2200})
    for (const unsigned single : {0u, 1u, 2u, 3u, 6u, 8u}) {
      check_folding<float>(n, 3, single);
      check_folding<double>(n, 3, single);
    }
}

TEST_CASE("folds have the same bits whatever the registers' width, for any length of rows") {
  const auto check = [&]<class T>(T) {
    constexpr int dtype = std::is_same_v<T, float> ? 0 : std::is_same_v<T, double> ? 1 : 2;
    for (int reduction = 0; reduction < reduction_count; ++reduction)
      for (std::size_t n = 1; n < 2500; n += n < 300 ? 1 : 119)
        for (const std::size_t rows : {1, 3}) {
          const Guarded from(rows * n * sizeof(T));
          for (std::size_t i = 0; i < rows * n; ++i) {
            from.as<T>()[i] = T(static_cast<int>(i * i % 83)) / T(41) - T(1);
            if (std::is_floating_point_v<T> && i % 211 == 40)
              from.as<T>()[i] = std::numeric_limits<T>::quiet_NaN();
            if (i % 17 == 3) from.as<T>()[i] = -T(0);
          }
          std::vector<T> here(rows), there(rows);
          const auto bytes = [](std::vector<T>& v) { return reinterpret_cast<std::byte*>(v.data()); };
          table().fold[reduction][dtype](bytes(here), from.data(), n, rows);
          baseline_table().fold[reduction][dtype](bytes(there), from.data(), n, rows);
          bool same = true;
          for (std::size_t r = 0; r < rows; ++r)
            same &= support::same_bits(static_cast<double>(here[r]), static_cast<double>(there[r]));
          CAPTURE(reduction);
          CAPTURE(n);
          CHECK(same);
        }
  };
  check(float());
  check(double());
  check(std::int64_t());
}

TEST_CASE("what folds every other element leaves what a fold of their copies leaves, for any number") {
  const auto check = [&]<class T>(T) {
    constexpr int dtype = sizeof(T) / 8;
    for (int reduction = 0; reduction < reduction_count; ++reduction)
      for (std::size_t n = 1; n < 5000; n += n < 300 ? 1 : 237)
        for (const std::size_t rows : {1, 3}) {
          const Guarded from((2 * rows * n - 1) * sizeof(T)), results(n * sizeof(T));
          for (std::size_t i = 0; i < 2 * rows * n - 1; ++i)
            from.as<T>()[i] =
                i % 97 == 40 ? std::numeric_limits<T>::quiet_NaN() : T(i * i % 83) / T(41) - T(1);
          std::vector<T> copy(rows * n), folds(rows), wanted(rows), combined(n);
          for (std::size_t i = 0; i < rows * n; ++i) copy[i] = from.as<T>()[2 * i];
          const auto bytes = [](std::vector<T>& v) { return reinterpret_cast<std::byte*>(v.data()); };
          bool same = true;
          if (n >= 16) {
            table().fold_every_other[reduction][dtype](bytes(folds), from.data(), n, rows);
            table().fold[reduction][dtype](bytes(wanted), bytes(copy), n, rows);
            for (std::size_t r = 0; r < rows; ++r) same &= support::same_bits(folds[r], wanted[r]);
          }
          if (rows == 1) {
            constexpr Row ops[] = {Row::add, Row::mul, Row::maximum, Row::minimum};
            std::vector<T> left(copy.rbegin(), copy.rend());
            const std::byte* in[2] = {bytes(left), bytes(copy)};
            table().forward[static_cast<int>(ops[reduction])][dtype](bytes(combined), in, n, 0);
            std::memcpy(results.data(), left.data(), n * sizeof(T));
            table().combine_every_other[reduction][dtype](results.data(), results.data(), from.data(), n);
            for (std::size_t i = 0; i < n; ++i) same &= support::same_bits(results.as<T>()[i], combined[i]);
          }
          CAPTURE(reduction);
          CAPTURE(n);
          CHECK(same);
        }
  };
  check(float());
  check(double());
}

TEST_CASE("a transpose moves every element, whatever the shape and the rows' distance") {
  const std::size_t sizes[] = {1, 3, 7, 8, 9, 16, 17, 31, 64, 65, 130, 200};
  for (const std::size_t rows : sizes)
    for (const std::size_t columns : sizes)
      for (const std::size_t gap : {std::size_t{0}, std::size_t{3}, 1024 - columns % 1024}) {
        check_transpose<std::uint8_t>(rows, columns, gap, gap % 5);
        check_transpose<std::uint32_t>(rows, columns, gap, gap % 5);
        check_transpose<std::uint64_t>(rows, columns, gap, gap % 5);
      }
  // Wider than the rows that are put together elsewhere.
  check_transpose<std::uint8_t>(70, 1300, 748, 0);
  check_transpose<std::uint32_t>(70, 700, 324, 0);
  check_transpose<std::uint64_t>(37, 700, 324, 1);
}
