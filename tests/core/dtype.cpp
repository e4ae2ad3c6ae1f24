// Element types and what C++ types become.
#include "wengert/core/dtype.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace wengert;

TEST_CASE("names, sizes and kinds") {
  CHECK(std::string(name(float32)) == "float32");
  CHECK(std::string(name(float64)) == "float64");
  CHECK(std::string(name(int64)) == "int64");
  CHECK(std::string(name(boolean)) == "boolean");
  CHECK(item_size(float32) == 4);
  CHECK(item_size(float64) == 8);
  CHECK(item_size(int64) == 8);
  CHECK(item_size(boolean) == 1);
  CHECK(is_float(float32));
  CHECK(is_float(float64));
  CHECK(!is_float(int64));
  CHECK(!is_float(boolean));
}

TEST_CASE("the dtype of a C++ type") {
  CHECK(dtype_of<float>() == float32);
  CHECK(dtype_of<double>() == float64);
  CHECK(dtype_of<long double>() == float64);
  CHECK(dtype_of<bool>() == boolean);
  CHECK(dtype_of<char>() == int64);
  CHECK(dtype_of<short>() == int64);
  CHECK(dtype_of<std::uint64_t>() == int64);
  static_assert(Element<float> && Element<double> && Element<std::int64_t> && Element<bool>);
  static_assert(!Element<std::int32_t> && !Element<long double>);
}
