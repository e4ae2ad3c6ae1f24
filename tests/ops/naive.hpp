// What the tests of primitives share: arrays as plain lists with views written as loops, derivatives up to
// the second at chosen numbers, and errors that must leave their inputs alone.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/tensors.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

namespace naive {

using wengert::Axes;
using wengert::DType;
using wengert::Shape;
using wengert::Tensor;
using List = std::vector<double>;
using Index = std::vector<std::int64_t>;

inline constexpr double inf = std::numeric_limits<double>::infinity();
inline constexpr double a_nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double tiny = std::numeric_limits<double>::denorm_min();
inline constexpr double huge = std::numeric_limits<double>::max();
inline constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t odd = (std::int64_t{1} << 53) + 1;  // no double has this value

/// The message about an empty tensor, in the name of an operation.
inline std::string no_value(const std::string& operation) {
  return "[" + operation + "] an empty tensor has no value: give it one first";
}

/// Calls visit(index) for every index of a shape, the last dimension fastest.
template <class F>
void for_each_index(const Shape& shape, F visit) {
  Index index(shape.size(), 0);
  for (std::int64_t k = 0; k < wengert::element_count(shape); ++k) {
    std::int64_t rest = k;
    for (std::size_t i = shape.size(); i-- > 0; rest /= shape[i]) index[i] = rest % shape[i];
    visit(index);
  }
}

struct Plain {
  Shape shape;
  List data;  // row-major

  std::size_t place(const Index& index) const {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < index.size(); ++i) place = place * shape[i] + index[i];
    return static_cast<std::size_t>(place);
  }
  double at(const Index& index) const { return data[place(index)]; }
};

/// An array of a shape whose element at an index is value(index).
template <class F>
Plain array_of(const Shape& shape, F value) {
  Plain y{shape, {}};
  for_each_index(shape, [&](const Index& index) { y.data.push_back(value(index)); });
  return y;
}

/// Multiples of a quarter in [-2, 2]: sums and products of a few thousand are exact in float32 too.
inline Plain quarters(const Shape& shape, unsigned seed = 1) {
  std::uint64_t state = seed * 7919u + 17u;
  return array_of(shape, [&](const Index&) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(static_cast<std::int64_t>(state >> 33) % 17 - 8) * 0.25;
  });
}
inline Plain whole_numbers(const Shape& shape, unsigned seed = 1) {
  Plain x = quarters(shape, seed);
  for (double& entry : x.data) entry *= 4.0;
  return x;
}

/// A tensor and what its elements must be.
struct View {
  std::string what;
  Tensor tensor;
  Plain array;
};

inline Tensor tensor_of(const Plain& x, DType dtype) { return support::tensor(x.data, x.shape, dtype); }

/// Views of one shape of three dimensions that lie in memory in every way strides can say.
inline std::vector<View> views(const Shape& shape, DType dtype, unsigned seed = 1) {
  using namespace wengert;
  const auto draw = [&](const Shape& of) {
    ++seed;
    return dtype == int64 || dtype == boolean ? whole_numbers(of, seed) : quarters(of, seed);
  };
  const std::int64_t a = shape[0], b = shape[1], c = shape[2];
  std::vector<View> list;
  Plain x = draw(shape);
  list.push_back({"contiguous", tensor_of(x, dtype), x});
  x = draw({c, a, b});
  list.push_back({"permuted", permute(tensor_of(x, dtype), {1, 2, 0}), array_of(shape, [&](const Index& i) {
                    return x.at({i[2], i[0], i[1]});
                  })});
  x = draw({c, b, a});
  list.push_back(
      {"turned around", permute(tensor_of(x, dtype), {2, 1, 0}), array_of(shape, [&](const Index& i) {
         return x.at({i[2], i[1], i[0]});
       })});
  x = draw({a, b + 2, 2 * c + 1});
  list.push_back({"sliced", slice(slice(tensor_of(x, dtype), 1, 1, b + 1), 2, 1, 2 * c + 1, 2),
                  array_of(shape, [&](const Index& i) {
                    return x.at({i[0], i[1] + 1, 2 * i[2] + 1});
                  })});
  x = draw(shape);
  const auto back = [](const Tensor& t, std::int64_t axis) {
    return slice(t, axis, {-1, SliceRange::to_end, -1});
  };
  list.push_back(
      {"backward", back(back(back(tensor_of(x, dtype), 0), 1), 2), array_of(shape, [&](const Index& i) {
         return x.at({a - 1 - i[0], b - 1 - i[1], c - 1 - i[2]});
       })});
  list.push_back({"the middle backward", back(tensor_of(x, dtype), 1), array_of(shape, [&](const Index& i) {
                    return x.at({i[0], b - 1 - i[1], i[2]});
                  })});
  x = draw({a, 1, c});
  list.push_back(
      {"the middle broadcast", broadcast_to(tensor_of(x, dtype), shape), array_of(shape, [&](const Index& i) {
         return x.at({i[0], 0, i[2]});
       })});
  x = draw({b, 1});
  list.push_back({"the first and last broadcast", broadcast_to(tensor_of(x, dtype), shape),
                  array_of(shape, [&](const Index& i) {
                    return x.at({i[1], 0});
                  })});
  x = draw({c, 2 * a, b});
  list.push_back({"permuted, sliced and backward",
                  back(slice(permute(tensor_of(x, dtype), {1, 2, 0}), 0, 0, 2 * a, 2), 2),
                  array_of(shape, [&](const Index& i) {
                    return x.at({c - 1 - i[2], 2 * i[0], i[1]});
                  })});
  return list;
}

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// The values of f at some numbers, its first derivatives, and of each of these the derivative by the same
/// input: element by element for a function of elements.
struct Derivatives {
  List value;
  std::vector<List> first, second;
};
inline Derivatives derivatives(const Function& f, const std::vector<List>& numbers,
                               DType dtype = wengert::float64) {
  using namespace wengert;
  std::vector<Tensor> in;
  for (const List& list : numbers) in.push_back(support::leaf(list, dtype));
  const Tensor y = f(in), seed = ones_like(y);
  const auto zeros_where_unused = [](const Tensor& of, const Tensor& g) {
    return g.defined() ? g : zeros_like(of);
  };
  const auto by_kernel = grad(y, in, {.retain_graph = true, .allow_unused = true, .seeds = {seed}});
  const auto by_graph = grad(y, in, {.create_graph = true, .allow_unused = true, .seeds = {seed}});
  Derivatives result{support::values(y), {}, {}};
  for (std::size_t i = 0; i < in.size(); ++i) {
    const Tensor first = zeros_where_unused(in[i], by_graph[i]);
    result.first.push_back(support::values(first));
    CHECK(support::near(support::values(zeros_where_unused(in[i], by_kernel[i])), result.first[i]));
    Tensor second = zeros_like(in[i]);
    if (first.requires_grad())
      second = zeros_where_unused(
          in[i],
          grad(first, {in[i]}, {.retain_graph = true, .allow_unused = true, .seeds = {ones_like(first)}})[0]);
    result.second.push_back(support::values(second));
  }
  return result;
}

/// The message of the error that f throws; the inputs must be left as they were.
template <class Kind = wengert::Error, class F>
std::string refusal(const std::vector<Tensor>& inputs, F f) {
  std::vector<List> before;
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) {
    before.push_back(support::values(input));
    shapes.push_back(input.shape());
  }
  const std::string text = support::message<Kind>(f);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CHECK(inputs[i].shape() == shapes[i]);
    CHECK(support::same_bits(support::values(inputs[i]), before[i]));
  }
  return text;
}

}  // namespace naive
