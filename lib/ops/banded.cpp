#include "lib/ops/banded.hpp"

#include <algorithm>
#include <utility>

#include "lib/core/dispatch.hpp"
#include "lib/core/parallel.hpp"
#include "lib/ops/blocks.hpp"
#include "lib/ops/dense.hpp"
#include "lib/ops/samples.hpp"

namespace wengert {
namespace {

constexpr std::int64_t lanes = 64;            // arrays that are worked on side by side where rows are short
constexpr std::int64_t short_row = 32;        // elements
constexpr std::int64_t side_by_side = 32768;  // elements at most, if one row of the band needs no more
constexpr double nanoseconds_each = 0.1;      // about what an element that is read or written takes

struct BandedAttributes : Attributes {
  BandedAttributes(std::size_t axis, Band band) : axis(axis), band(std::move(band)) {}
  std::size_t axis;
  Band band;
};
const BandedAttributes& attributes_of(const Node& node) {
  return *static_cast<const BandedAttributes*>(node.attributes);
}

/// A band's product with arrays (columns, inner), one after the other: to arrays (rows, inner).
template <class T>
class Products {
 public:
  /// Which way is taken depends on the number of all arrays: the ways add in another order.
  Products(const Band& band, std::int64_t inner, std::int64_t outer)
      : band_(band),
        inner_(inner),
        turned_(inner < short_row && outer >= lanes / 8),
        weights_(band.weights.begin(), band.weights.end()) {}

  void run(T* to, const T* from, std::int64_t arrays) const {
    if (turned_)
      for (std::int64_t a = 0; a < arrays; a += lanes)
        run_turned(to + a * out_size(), from + a * in_size(), std::min(lanes, arrays - a));
    else
      for (std::int64_t a = 0; a < arrays; ++a)
        rows(to + a * out_size(), from + a * in_size(), 0, band_.rows(), inner_, 0);
  }

 private:
  std::int64_t in_size() const { return band_.columns * inner_; }
  std::int64_t out_size() const { return band_.rows() * inner_; }

  /// Rows [begin, end) of a product whose rows are `width` wide; `from` is where column `column` lies.
  void rows(T* to, const T* from, std::int64_t begin, std::int64_t end, std::int64_t width,
            std::int64_t column) const {
    const kernel::Table& table = kernel::table();
    constexpr int dtype = sizeof(T) / 8, sum = static_cast<int>(kernel::Reduction::sum);
    const auto columns = static_cast<std::size_t>(width);
    const std::ptrdiff_t strides[4] = {0, 1, width, 1};
    for (std::int64_t o = begin; o < end; ++o, to += width) {
      const auto row = static_cast<std::size_t>(o), taps = static_cast<std::size_t>(band_.taps(o));
      auto* out = reinterpret_cast<std::byte*>(to);
      const auto* in = reinterpret_cast<const std::byte*>(from + (band_.first[row] - column) * width);
      if (taps == 0)
        std::fill_n(to, width, T(0));
      else if (!weights_.empty())
        table.small_product[dtype](out,
                                   reinterpret_cast<const std::byte*>(weights_.data() + band_.begin[row]), in,
                                   1, columns, taps, strides, false, nullptr);
      else if (width == 1)
        table.fold[sum][dtype](out, in, taps, 1);
      else
        table.fold_rows[sum][dtype](out, in, taps, columns, width);
    }
  }

  /// Some arrays turned around, so that what is added lies in rows of their number: as many rows of the band
  /// at a time as fit the cache.
  void run_turned(T* to, const T* from, std::int64_t arrays) const {
    const auto turn = kernel::table().transpose[sizeof(T) / 4];
    const std::int64_t most = side_by_side / (lanes * inner_);
    memory::List<T> in, out;
    for (std::int64_t begin = 0, end; begin < band_.rows(); begin = end) {
      const std::int64_t low = band_.first[static_cast<std::size_t>(begin)];
      std::int64_t high = low;
      for (end = begin; end < band_.rows(); ++end) {
        const std::int64_t reach =
            std::max(high, band_.first[static_cast<std::size_t>(end)] + band_.taps(end));
        if (end > begin && (reach - low > most || end - begin >= most)) break;
        high = reach;
      }
      const std::int64_t columns = (high - low) * inner_, results = (end - begin) * inner_;
      in.resize(std::max(in.size(), static_cast<std::size_t>(columns * arrays)));
      out.resize(std::max(out.size(), static_cast<std::size_t>(results * arrays)));
      turn(reinterpret_cast<std::byte*>(in.data()), reinterpret_cast<const std::byte*>(from + low * inner_),
           static_cast<std::size_t>(columns), static_cast<std::size_t>(arrays), arrays, in_size());
      rows(out.data(), in.data(), begin, end, inner_ * arrays, low);
      turn(reinterpret_cast<std::byte*>(to + begin * inner_), reinterpret_cast<const std::byte*>(out.data()),
           static_cast<std::size_t>(arrays), static_cast<std::size_t>(results), out_size(), arrays);
    }
  }

  const Band& band_;
  std::int64_t inner_;
  bool turned_;
  memory::List<T> weights_;
};

void forward_banded(Node& node) {
  std::byte* to = allocate_value(node);
  const Tensor x = dense(node.input(0));
  const BandedAttributes& of = attributes_of(node);
  const Band& band = of.band;
  std::int64_t inner = 1;
  for (std::size_t d = of.axis + 1; d < node.shape.size(); ++d) inner *= node.shape[d];
  if (node.size() == 0) return;
  const std::int64_t out_size = band.rows() * inner, in_size = band.columns * inner,
                     outer = node.size() / out_size;
  const double each = nanoseconds_each * static_cast<double>(in_size + out_size + band.begin.back() * inner);
  with_element(node.dtype, [&](auto unit) {
    using T = decltype(unit);
    if constexpr (std::is_floating_point_v<T>) {
      const Products<T> products(band, inner, outer);
      parallel_ranges(outer, lanes, each, [&](std::int64_t begin, std::int64_t end) {
        products.run(reinterpret_cast<T*>(to) + begin * out_size, x.node().values<T>() + begin * in_size,
                     end - begin);
      });
    }
  });
}

template <class F>
Sample sample(const char* what, const Shape& shape, std::size_t axis, F band) {
  SampleNumbers numbers(57);
  return {what, {numbers.uniform(shape, -2.0, 2.0)}, [=](const std::vector<Tensor>& in) {
            return banded_product(in[0], axis, band(), {});
          }};
}
Band sample_band() {
  Band band(5);
  band.add_row(0, {0.5});
  band.add_row(0, {0.25, -0.75, 1.5});
  band.add_row(1, {0.0, 2.0});
  band.add_row(4, {1.25});
  return band;
}

std::vector<Sample> samples() {
  const auto all_ones = [] {
    Band band(3);
    band.add_row(0, 0);  // sees nothing, nor is the last column seen
    band.add_row(0, 2);
    return band;
  };
  return {sample("last axis", {3, 5}, 1, sample_band),  sample("many short rows", {2, 9, 5}, 2, sample_band),
          sample("first axis", {5, 3}, 0, sample_band), sample("middle axis", {9, 5, 2}, 1, sample_band),
          sample("wide rows", {5, 33}, 0, sample_band), sample("sums", {2, 3}, 1, all_ones),
          sample("no arrays", {0, 5}, 1, sample_band)};
}

/// Rule: the product of g with the transposed matrix.
constexpr Operation banded_operation{.name = "banded_product",
                                     .forward = forward_banded,
                                     .rules = {[](const Call& c) {
                                       const BandedAttributes& of = attributes_of(c.node);
                                       return banded_product(c.g, of.axis, of.band.transposed(), {});
                                     }},
                                     .samples = samples,
                                     .looks_at = {}};
const Registered registered(banded_operation);

}  // namespace

Band Band::transposed() const {
  Band result(rows());
  std::size_t low = 0, high = 0;  // the rows that see a column: [low, high)
  for (std::int64_t column = 0; column < columns; ++column) {
    while (high < first.size() && first[high] <= column) ++high;
    while (low < high && first[low] + taps(static_cast<std::int64_t>(low)) <= column) ++low;
    for (std::size_t row = low; row < high && !weights.empty(); ++row)
      result.weights.push_back(weights[static_cast<std::size_t>(begin[row] + column - first[row])]);
    result.end_row(static_cast<std::int64_t>(low), static_cast<std::int64_t>(high - low));
  }
  return result;
}

std::int64_t Band::even() const {
  const std::int64_t each = rows() > 0 ? columns / rows() : 0;
  for (std::int64_t row = 0; row < rows(); ++row)
    if (first[static_cast<std::size_t>(row)] != row * each || taps(row) != each) return 0;
  return each * rows() == columns ? each : 0;
}

Tensor banded_product(const Tensor& x, std::size_t axis, Band band, Location where) {
  Node& node = x.node();
  Shape shape = node.shape;
  shape[axis] = band.rows();
  return record(banded_operation, {&node}, shape, node.dtype, where,
                new BandedAttributes(axis, std::move(band)));
}

}  // namespace wengert
