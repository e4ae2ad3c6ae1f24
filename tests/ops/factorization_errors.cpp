// Factorizations: the law that each bad input breaks, and its text.
#include "support/tensors.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"

using namespace wengert;
using support::message;
using support::tensor;

namespace {
Tensor zero(const Shape& shape, DType dtype = float64) { return zeros(shape, {.dtype = dtype}); }
}  // namespace

TEST_CASE("factorizations: matrices, square where they must be, of float dtypes") {
  const Tensor wide = zero({2, 3}), tall = zero({4, 3, 2});
  const std::string square = "takes square matrices, in the last two dimensions: got (2, 3)";
  CHECK(message<ShapeError>([&] { cholesky(wide); }) == "[cholesky] " + square);
  CHECK(message<ShapeError>([&] { det(wide); }) == "[det] " + square);
  CHECK(message<ShapeError>([&] { slogdet(wide); }) == "[slogdet] " + square);
  CHECK(message<ShapeError>([&] { eigh(wide); }) == "[eigh] " + square);
  CHECK(message<ShapeError>([&] { expm(wide); }) == "[expm] " + square);
  CHECK(message<ShapeError>([&] { matrix_power(wide, 2); }) == "[matrix_power] " + square);
  CHECK(message<ShapeError>([&] { solve_triangular(wide, wide); }) == "[solve_triangular] " + square);
  CHECK(message<ShapeError>([&] { solve(wide, wide); }) == "[solve] " + square);
  CHECK(
      message<ShapeError>([&] { solve(tall, wide); }) ==
      "[solve] takes square matrices, in the last two dimensions: got (4, 3, 2). Did you mean lstsq(a, b)?");
  CHECK(message<ShapeError>([&] { inv(wide); }) == "[inv] " + square + ". Did you mean pinv(a)?");
  const Tensor vector = zero({3});
  const std::string matrices = "takes matrices, in the last two dimensions: got (3,)";
  CHECK(message<ShapeError>([&] { qr(vector); }) == "[qr] " + matrices);
  CHECK(message<ShapeError>([&] { svd(vector); }) == "[svd] " + matrices);
  CHECK(message<ShapeError>([&] { pinv(vector); }) == "[pinv] " + matrices);
  CHECK(message<ShapeError>([&] { inv(vector); }) == "[inv] " + matrices);
  CHECK(message<ShapeError>([&] { lstsq(vector, vector); }) == "[lstsq] " + matrices);
  CHECK(message<ShapeError>([&] { det(zero({})); }) ==
        "[det] takes matrices, in the last two dimensions: got ()");
  CHECK(message<DTypeError>([&] {
          det(zero({2, 2}, int64));
        }) == "[det] takes float32 and float64: got int64. Did you mean x.astype(float32)?");
  CHECK(message<ShapeError>([&] {
          svd(broadcast_to(zero({1, 1}), {1, std::int64_t{1} << 31}));
        }) == "[svd] a matrix's extents must be below 2 to the 31: got (1, 2147483648)");
}

TEST_CASE("solves: sides that fit") {
  const Tensor a = eye(3, {.dtype = float64});
  CHECK(message<ShapeError>([&] {
          solve(a, zero({2, 3}));
        }) == "[solve] both sides must have the same number of rows: got (3, 3) and (2, 3)");
  CHECK(message<ShapeError>([&] {
          solve(broadcast_to(a, {2, 3, 3}), zero({2, 3}));
        }) ==
        "[solve] both sides must have the same number of rows: got (2, 3, 3) and (2, 3). Did you mean "
        "unsqueeze(b, -1)?");
  CHECK(message<ShapeError>([&] { solve_triangular(a, zero({4})); }) ==
        "[solve_triangular] both sides must have the same number of rows: got (3, 3) and (4,)");
  CHECK(message<ShapeError>([&] {
          lstsq(zero({4, 2}), zero({3}));
        }) == "[lstsq] both sides must have the same number of rows: got (4, 2) and (3,)");
  CHECK(message<ShapeError>([&] { solve(a, zero({})); }) ==
        "[solve] the right side must be a vector or matrices: got ()");
  CHECK(message<ShapeError>([&] {
          solve(broadcast_to(a, {2, 3, 3}), zero({4, 3, 1}));
        }) == "[solve] shapes must broadcast: got (2,) and (4,)");
  CHECK(message<DTypeError>([&] { solve(a, zero({3}, float32)); }) ==
        "[solve] dtypes must be equal: got float64 and float32. Did you mean to cast with astype(float64)?");
  CHECK(
      message<ShapeError>([&] {
        lstsq(zero({2, 3}), zero({2}));
      }) ==
      "[lstsq] there must be at least as many rows as columns: got (2, 3). Did you mean matmul(pinv(a), b)?");
}

TEST_CASE("a matrix on which an operation fails is named by its place") {
  const Tensor singular = tensor({1, 2, 2, 4}, {2, 2}), good = tensor({2, 1, 1, 2}, {2, 2});
  const Tensor batch = stack({good, good, good, singular}), grid = reshape(batch, {2, 2, 2, 2});
  const auto named = [](const char* text, const char* verdict, const char* place) {
    return std::string(text) + ": " + place + " " + verdict;
  };
  const auto check = [&](auto f, const char* law, const char* verdict) {
    CHECK(message<ValueError>([&] { f(singular); }) == named(law, verdict, "it"));
    CHECK(message<ValueError>([&] { f(batch); }) == named(law, verdict, "batch 3"));
    CHECK(message<ValueError>([&] { f(grid); }) == named(law, verdict, "batch (1, 1)"));
  };
  const Tensor b = zero({2, 1});
  check([](const Tensor& a) { cholesky(a); }, "[cholesky] the matrix must be positive definite", "is not");
  check([](const Tensor& a) { inv(a); }, "[inv] the matrix must be invertible", "is singular");
  check([&](const Tensor& a) { solve(a, b); }, "[solve] the matrix must be invertible", "is singular");
  check([&](const Tensor& a) { lstsq(a, b); }, "[lstsq] the matrix must have full rank", "has not");
  check([](const Tensor& a) { matrix_power(a, -2); }, "[matrix_power: inv] the matrix must be invertible",
        "is singular");
  CHECK(message<ValueError>([&] {
          solve_triangular(tensor({1, 5, 5, 0}, {2, 2}), b);
        }) == "[solve_triangular] the matrix must be invertible: it has a zero on its diagonal");
  CHECK(message<ValueError>([&] {
          solve_triangular(stack({good, tensor({0, 1, 1, 1}, {2, 2})}), b);
        }) == "[solve_triangular] the matrix must be invertible: batch 1 has a zero on its diagonal");
}
