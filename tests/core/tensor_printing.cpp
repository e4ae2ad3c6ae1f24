// Printing, against what NumPy prints for the same arrays: str(array) of NumPy 1.24 and 2.
#include <sstream>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;
using support::tensor;

namespace {

std::string text(const Tensor& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}
std::string vector_text(const std::vector<double>& numbers, DType dtype = float64) {
  return text(support::vector(numbers, dtype));
}
std::string number_text(double value, DType dtype = float64) { return text(tensor({value}, {}, dtype)); }

}  // namespace

TEST_CASE("vectors: as few digits as tell the numbers, in one column width") {
  CHECK(vector_text({1.5, 2.25, -3}) == "[ 1.5   2.25 -3.  ]");
  CHECK(vector_text({1, 2, 3}) == "[1. 2. 3.]");
  CHECK(vector_text({1.0 / 3, 2.0 / 3, 0.9089727012345}) == "[0.33333333 0.66666667 0.9089727 ]");
  CHECK(vector_text({1.0 / 3, 2.0 / 3, 0.1}, float32) == "[0.33333334 0.6666667  0.1       ]");
  CHECK(vector_text({NAN, INFINITY, -INFINITY, 0.5, -0.0}) == "[ nan  inf -inf  0.5 -0. ]");
}

TEST_CASE("vectors of mixed magnitudes in scientific notation") {
  CHECK(vector_text({0.1, 1000, 123456.789}) == "[1.00000000e-01 1.00000000e+03 1.23456789e+05]");
  CHECK(vector_text({1e-10, 1}) == "[1.e-10 1.e+00]");
  CHECK(vector_text({1e8, 2}) == "[1.e+08 2.e+00]");
  CHECK(vector_text({-1e-5, 12345.678, 3e-7}) == "[-1.0000000e-05  1.2345678e+04  3.0000000e-07]");
  CHECK(vector_text({1e300, -1e-300, 0}) == "[ 1.e+300 -1.e-300  0.e+000]");
  CHECK(vector_text({5e-324}) == "[5.e-324]");
}

TEST_CASE("whole numbers and truth values") {
  CHECK(text(Tensor(xt::xarray<int>{{1, -20}, {300, 4}})) == "[[  1 -20]\n [300   4]]");
  CHECK(text(Tensor(xt::xarray<std::int64_t>{9007199254740993, INT64_MIN})) ==
        "[    9007199254740993 -9223372036854775808]");
  CHECK(vector_text({1, 0}, boolean) == "[ True False]");
  CHECK(vector_text({1}, boolean) == "[ True]");
}

TEST_CASE("0-d: the number in full") {
  CHECK(number_text(0.1 + 0.2) == "0.30000000000000004");
  CHECK(number_text(0.1, float32) == "0.1");
  CHECK(number_text(-2) == "-2.0");
  CHECK(number_text(1e15) == "1000000000000000.0");
  CHECK(number_text(1e16) == "1e+16");
  CHECK(number_text(1e-5) == "1e-05");
  CHECK(number_text(-0.0) == "-0.0");
  CHECK(number_text(NAN) == "nan");
  CHECK(number_text(-INFINITY) == "-inf");
  CHECK(number_text(5, int64) == "5");
  CHECK(number_text(1, boolean) == "True");
  CHECK(text(Tensor()) == "(empty tensor)");
}

TEST_CASE("nothing") {
  CHECK(text(zeros({0})) == "[]");
  CHECK(text(zeros({2, 0, 3})) == "[]");
}

TEST_CASE("matrices and beyond") {
  CHECK(text(tensor({1, 2, 3, 4}, {2, 2})) == "[[1. 2.]\n [3. 4.]]");
  CHECK(text(transpose(tensor({1, 2, 3, 4}, {2, 2}))) == "[[1. 3.]\n [2. 4.]]");
  CHECK(text(reshape(arange(24, {.dtype = float64}) / 8.0, {2, 3, 4})) ==
        "[[[0.    0.125 0.25  0.375]\n  [0.5   0.625 0.75  0.875]\n  [1.    1.125 1.25  1.375]]\n\n"
        " [[1.5   1.625 1.75  1.875]\n  [2.    2.125 2.25  2.375]\n  [2.5   2.625 2.75  2.875]]]");
  CHECK(text(reshape(arange(2), {1, 1, 2, 1})) == "[[[[0.]\n   [1.]]]]");
}

TEST_CASE("long lines are broken") {
  CHECK(text(arange(30, {.dtype = float64}) * 1.5) ==
        "[ 0.   1.5  3.   4.5  6.   7.5  9.  10.5 12.  13.5 15.  16.5 18.  19.5\n"
        " 21.  22.5 24.  25.5 27.  28.5 30.  31.5 33.  34.5 36.  37.5 39.  40.5\n"
        " 42.  43.5]");
  CHECK(text(support::vector(
            {-2.1692905, 1.2036523, 0.8576733, 0.61419344, -1.3708383, -1.5402004, 1.0172714}, float32)) ==
        "[-2.1692905   1.2036523   0.8576733   0.61419344 -1.3708383  -1.5402004\n  1.0172714 ]");
}

TEST_CASE("more than a thousand elements are summarized") {
  CHECK(text(arange(1001, {.dtype = int64})) == "[   0    1    2 ...  998  999 1000]");
  CHECK(text(arange(1000, {.dtype = int64})).find("...") == std::string::npos);
  CHECK(text(reshape(arange(2000, {.dtype = float64}), {4, 500})) ==
        "[[0.000e+00 1.000e+00 2.000e+00 ... 4.970e+02 4.980e+02 4.990e+02]\n"
        " [5.000e+02 5.010e+02 5.020e+02 ... 9.970e+02 9.980e+02 9.990e+02]\n"
        " [1.000e+03 1.001e+03 1.002e+03 ... 1.497e+03 1.498e+03 1.499e+03]\n"
        " [1.500e+03 1.501e+03 1.502e+03 ... 1.997e+03 1.998e+03 1.999e+03]]");
  const std::string deep = text(reshape(arange(12000, {.dtype = int64}), {20, 30, 20}));
  CHECK(deep.rfind("[[[    0     1     2 ...    17    18    19]\n", 0) == 0);
  CHECK(deep.find("\n\n ...\n\n [[10200 10201 10202 ... 10217 10218 10219]\n") != std::string::npos);
}
