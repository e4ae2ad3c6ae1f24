#include "wengert/ops/products.hpp"

#include <map>

#include "ops/expect.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::differentiates;
using expect::numbers;
using support::message;
using support::near;
using support::tensor;
using support::values;
using support::vector;
using List = std::vector<double>;

namespace {

/// Einstein's sum written out: letters only, with an arrow; every letter runs over its extent.
List summed(const std::string& inputs, const std::string& result, const std::vector<Tensor>& tensors) {
  std::map<char, std::int64_t> extents;
  std::vector<std::string> parts{""};
  for (const char c : inputs)
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  std::vector<List> lists;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    lists.push_back(values(tensors[k]));
    for (std::size_t i = 0; i < parts[k].size(); ++i) extents[parts[k][i]] = tensors[k].shape()[i];
  }
  std::int64_t total = 1, size = 1;
  for (const auto& [letter, extent] : extents) total *= extent;
  for (const char letter : result) size *= extents[letter];
  List sums(static_cast<std::size_t>(size), 0.0);
  for (std::int64_t p = 0; p < total; ++p) {
    std::map<char, std::int64_t> at;
    std::int64_t rest = p;
    for (const auto& [letter, extent] : extents) {
      at[letter] = rest % extent;
      rest /= extent;
    }
    const auto place = [&](const std::string& letters) {
      std::int64_t index = 0;
      for (const char letter : letters) index = index * extents[letter] + at[letter];
      return static_cast<std::size_t>(index);
    };
    double product = 1;
    for (std::size_t k = 0; k < parts.size(); ++k) product *= lists[k][place(parts[k])];
    sums[place(result)] += product;
  }
  return sums;
}

void check(const std::string& inputs, const std::string& result, const std::vector<Tensor>& tensors) {
  const std::string equation = inputs + "->" + result;
  CAPTURE(equation);
  const Tensor y = einsum(equation, tensors);
  CHECK(y.ndim() == result.size());
  CHECK(near(y, summed(inputs, result, tensors)));
}

}  // namespace

TEST_CASE("products of vectors") {
  const Tensor a = vector({1, 2, 3}), b = vector({4, -5, 6});
  CHECK(dot(a, b).item() == 12);
  CHECK(dot(a, b).ndim() == 0);
  CHECK(values(outer(a, slice(b, 0, 0, 2))) == List{4, -5, 8, -10, 12, -15});
  CHECK(inner(a, b).item() == 12);
  CHECK(values(inner(tensor({1, 2, 3, 4}, {2, 2}), vector({1, 10}))) == List{21, 43});
  CHECK(inner(numbers({2, 3, 4}), numbers({5, 4})).shape() == Shape{2, 3, 5});
  CHECK(values(kron(vector({1, 2}), vector({1, 10}))) == List{1, 10, 2, 20});
  CHECK(values(kron(tensor({1, 2, 3, 4}, {2, 2}), tensor({1, 10}, {1, 2}))) ==
        List{1, 10, 2, 20, 3, 30, 4, 40});
  CHECK(kron(vector({1, 2}), numbers({2, 2, 3})).shape() == Shape{2, 2, 6});
  CHECK(values(kron(scalar(2.0, float64), a)) == List{2, 4, 6});
  CHECK(dot(zeros({0}), zeros({0})).item() == 0);
}

TEST_CASE("tensordot and trace") {
  const Tensor a = numbers({2, 3, 4}, 1), b = numbers({3, 4, 5}, 2), c = numbers({4, 5, 2}, 3);
  CHECK(near(tensordot(a, b), summed("iab,abj", "ij", {a, b})));
  CHECK(near(tensordot(a, b, 0), summed("abc,def", "abcdef", {a, b})));
  CHECK(near(tensordot(a, c, 1), summed("abk,kcd", "abcd", {a, c})));
  CHECK(near(tensordot_over(a, {0, -1}, c, {2, 0}), summed("kal,lbk", "ab", {a, c})));
  CHECK(tensordot(a, numbers({2, 3, 4}), 3).ndim() == 0);
  const Tensor square = tensor({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3});
  CHECK(trace(square, 0).item() == 15);
  CHECK(trace(square, 1).item() == 8);
  CHECK(near(trace(a, 0, 0, 2), summed("iai", "a", {slice(a, 2, 0, 2)})));
  CHECK(trace(zeros({0, 3}), 0).item() == 0);
}

TEST_CASE("einsum is the sum written out") {
  const Tensor a = numbers({2, 3}, 1), b = numbers({3, 4}, 2), c = numbers({4, 2}, 3),
               square = numbers({3, 3}, 4), batch = numbers({5, 2, 3}, 5), other = numbers({5, 3, 4}, 6);
  check("ij", "ji", {a});
  check("ij", "", {a});
  check("ij", "j", {a});
  check("ii", "i", {square});
  check("ii", "", {square});
  check("ij,jk", "ik", {a, b});
  check("ij,jk", "ki", {a, b});
  check("ij,ij", "ij", {a, a});
  check("ij,ij", "", {a, a});
  check("ij,kl", "ijkl", {a, b});
  check("bij,bjk", "bik", {batch, other});
  check("bij,bjk", "ikb", {batch, other});
  check("bij,bjk", "bk", {batch, other});
  check("bij,jk", "bik", {batch, b});
  check("ij,jk,ki", "", {a, b, c});
  check("ij,jk,kl", "il", {a, b, c});
  check("bij,ij,jj", "bj", {batch, a, square});
  check("iij", "ij", {numbers({3, 3, 2})});
  check("iji,j", "ij", {numbers({2, 3, 2}), numbers({3}, 2)});
  check("aB,Bc", "ac", {a, b});
}

TEST_CASE("einsum with dots, broadcasting and no arrow") {
  const Tensor a = numbers({2, 3}, 1), b = numbers({3, 4}, 2), batch = numbers({5, 2, 3}, 5),
               other = numbers({5, 3, 4}, 6);
  CHECK(near(einsum("ij,jk", {a, b}), values(matmul(a, b))));
  CHECK(near(einsum("ji", {a}), values(a.detach())) ==
        false);  // letters in alphabetical order: the transpose
  CHECK(einsum("ji", {a}).shape() == Shape{3, 2});
  CHECK(einsum("ij,j", {a, numbers({3})}).shape() == Shape{2});
  CHECK(near(einsum("...ij,...jk->...ik", {batch, other}), values(matmul(batch, other))));
  CHECK(near(einsum("...ij, ...jk", {batch, b}), values(matmul(batch, b))));
  CHECK(near(einsum("...j->...", {batch}), values(sum(batch, -1))));
  CHECK(near(einsum("...->...", {batch}), values(batch)));
  CHECK(near(einsum("i...->...i", {batch}), values(permute(batch, {1, 2, 0}))));
  CHECK(near(einsum("...,...->...", {numbers({5, 1, 3}, 7), a}), values(numbers({5, 1, 3}, 7) * a)));
  CHECK(near(einsum("...ij->ij", {batch}), values(sum(batch, 0))));
  CHECK(near(einsum("ij,ij->i", {a, numbers({2, 1}, 8)}), values(sum(a * numbers({2, 1}, 8), 1))));
  CHECK(near(einsum("i,i->", {numbers({1}), numbers({3}, 2)}),
             {values(numbers({1}))[0] * sum(numbers({3}, 2)).item()}));
  CHECK(einsum("->", {scalar(2.0, float64)}).item() == 2);
  CHECK(einsum(",->", {scalar(2.0, float64), scalar(3.0, float64)}).item() == 6);
  CHECK(einsum("ij,jk->ik", {zeros({2, 0}), zeros({0, 3})}).shape() == Shape{2, 3});
  CHECK(values(einsum("ij,jk->ik", {zeros({2, 0}), zeros({0, 3})})) == List(6, 0.0));
}

TEST_CASE("products are differentiable twice") {
  differentiates([](const auto& in) { return dot(in[0], in[1]); }, {numbers({3}, 1), numbers({3}, 2)});
  differentiates([](const auto& in) { return outer(in[0], in[1]); }, {numbers({2}, 1), numbers({3}, 2)});
  differentiates([](const auto& in) { return inner(in[0], in[1]); },
                 {numbers({2, 3}, 1), numbers({2, 3}, 2)});
  differentiates([](const auto& in) { return kron(in[0], in[1]); }, {numbers({2, 1}, 1), numbers({2, 2}, 2)});
  differentiates([](const auto& in) { return tensordot(in[0], in[1]); },
                 {numbers({2, 2, 2}, 1), numbers({2, 2}, 2)});
  differentiates([](const auto& in) { return square(trace(in[0], 0, 0, 1)); }, {numbers({2, 2, 2}, 1)});
  differentiates([](const auto& in) { return einsum("bij,bjk->ik", in); },
                 {numbers({2, 2, 3}, 1), numbers({2, 3, 2}, 2)});
  differentiates([](const auto& in) { return einsum("ii,ij,...j->...i", in); },
                 {numbers({2, 2}, 1), numbers({2, 3}, 2), numbers({2, 1, 3}, 3)});
  differentiates([](const auto& in) { return einsum("ij,ij->ij", in); },
                 {numbers({2, 3}, 1), numbers({1, 3}, 2)});
}

TEST_CASE("what products refuse") {
  const Tensor a = zeros({2, 3}), v = zeros({3});
  CHECK(message<ShapeError>([&] { dot(a, v); }) ==
        "[dot] takes two vectors: got (2, 3) and (3,). Did you mean matmul(a, b)?");
  CHECK(message<ShapeError>([&] { dot(v, zeros({2})); }) == "[dot] extents must be equal: got (3,) and (2,)");
  CHECK(message<ShapeError>([&] { outer(a, v); }) ==
        "[outer] takes two vectors: got (2, 3) and (3,). Did you mean outer(flatten(a), flatten(b))?");
  CHECK(message<ShapeError>([&] { inner(a, zeros({2})); }) ==
        "[inner] extents summed over must be equal: got axis -1 of (2, 3) and axis -1 of (2,)");
  CHECK(message<ShapeError>([&] { inner(a, zeros({})); }) ==
        "[inner] both must have a dimension to sum over: got (2, 3) and (). Did you mean a * b?");
  CHECK(message<ValueError>([&] { tensordot(a, v); }) ==
        "[tensordot] the number of dimensions must be within both shapes: got 2 for (2, 3) and (3,)");
  CHECK(message<ShapeError>([&] { tensordot(a, a, 1); }) ==
        "[tensordot] extents summed over must be equal: got axis 1 of (2, 3) and axis 0 of (2, 3)");
  CHECK(message<ValueError>([&] {
          tensordot_over(a, {0, 0}, a, {0, 1});
        }) == "[tensordot_over] an axis may be named once: got (0, 0)");
  CHECK(message<ValueError>([&] {
          tensordot_over(a, 0, a, {0, 1});
        }) == "[tensordot_over] there must be as many axes of a as of b: got (0,) and (0, 1)");
  CHECK(message<IndexError>([&] { tensordot_over(a, 2, a, 0); }) ==
        "[tensordot_over] an axis must lie within the dimensions: got axis 2 for 2 dimensions");
  CHECK(message<ValueError>([&] { trace(a, 0, 1, 1); }) == "[trace] the two axes must differ: got 1 and 1");
  CHECK(message<DTypeError>([&] { dot(v, v.astype(float64)); }) ==
        "[dot] dtypes must be equal: got float32 and float64. Did you mean to cast with astype(float32)?");
}

TEST_CASE("what einsum refuses") {
  const Tensor a = zeros({2, 3}), v = zeros({3});
  CHECK(message<ValueError>([&] { einsum("ij,j", {a}); }) ==
        "[einsum] there must be a tensor for each part of the text: got 1 for \"ij,j\"");
  CHECK(message<ValueError>([&] { einsum("i", {}); }) ==
        "[einsum] there must be a tensor for each part of the text: got none");
  CHECK(message<ShapeError>([&] {
          einsum("i,j->ij", {a, v});
        }) == "[einsum] \"i\" must name every dimension: got shape (2, 3)");
  CHECK(message<ShapeError>([&] { einsum("ijk...", {a}); }) ==
        "[einsum] \"ijk...\" must name every dimension: got shape (2, 3)");
  CHECK(message<ShapeError>([&] {
          einsum("ij,i->j", {a, v});
        }) == "[einsum] a letter's extents must be equal: got 2 and 3 in \"ij,i->j\"");
  CHECK(message<ShapeError>([&] {
          einsum("ii->i", {zeros({1, 3})});
        }) == "[einsum] a letter's extents must be equal: got 1 and 3 in \"ii->i\"");
  CHECK(message<ValueError>([&] { einsum("ij->ik", {a}); }) ==
        "[einsum] the result may only name what a tensor has: got \"ij->ik\"");
  CHECK(message<ValueError>([&] { einsum("ij->ii", {a}); }) ==
        "[einsum] the result may name a letter only once: got \"ij->ii\"");
  CHECK(message<ValueError>([&] { einsum("i1->i", {a}); }) ==
        "[einsum] a tensor's dimensions are letters, and \"...\" at most once: got \"i1->i\"");
  CHECK(message<ValueError>([&] { einsum("......", {a}); }) ==
        "[einsum] a tensor's dimensions are letters, and \"...\" at most once: got \"......\"");
  CHECK(message<DTypeError>([&] {
          einsum("ij,j", {a, v.astype(float64)});
        }) ==
        "[einsum] dtypes must be equal: got float32 and float64. Did you mean to cast with astype(float32)?");
}
