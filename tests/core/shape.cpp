// Dims: in place up to six entries, on the heap beyond.
#include "wengert/core/shape.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <vector>

using namespace wengert;

namespace {
Dims up_to(std::size_t count) {
  Dims dims;
  for (std::size_t i = 0; i < count; ++i) dims.push_back(static_cast<std::int64_t>(i) + 1);
  return dims;
}
}  // namespace

TEST_CASE("any integers in braces, and any range of them") {
  const std::size_t n = 3;
  const unsigned char small = 2;
  CHECK(Shape{n, small, -1L} == Shape(3, 2, -1));
  CHECK(Shape(std::vector<int>{1, 2}) == Shape(1, 2));
  CHECK(Shape(std::vector<std::size_t>{}).empty());
  CHECK(Shape().size() == 0);
  CHECK(Shape(5).size() == 1);
  CHECK(Dims::filled(8, 4) == Dims(4, 4, 4, 4, 4, 4, 4, 4));
  CHECK(Shape(1, 2) != Shape(1, 2, 1));
  CHECK(Shape(1, 2) != Shape(2, 1));
}

TEST_CASE("copies and moves on both sides of six entries") {
  for (const std::size_t from : {0, 1, 5, 6, 7, 8, 40})
    for (const std::size_t to : {0, 1, 5, 6, 7, 8, 40}) {
      CAPTURE(from);
      CAPTURE(to);
      const Dims source = up_to(from);
      Dims copy(source), assigned = up_to(to), moved_to = up_to(to);
      assigned = source;
      CHECK(copy == source);
      CHECK(assigned == source);
      moved_to = std::move(copy);
      CHECK(moved_to == source);
      const Dims moved(std::move(assigned));
      CHECK(moved == source);
      assigned = moved;  // what was moved from can be assigned
      CHECK(assigned == source);
      Dims& itself = assigned;
      assigned = itself;
      assigned = std::move(itself);
      CHECK(assigned == source);
    }
}

TEST_CASE("insert and erase across the boundary") {
  Dims dims = up_to(6);
  dims.insert(0, 100);
  CHECK(dims == Dims(100, 1, 2, 3, 4, 5, 6));
  dims.insert(7, 200);
  dims.insert(3, 300);
  CHECK(dims == Dims(100, 1, 2, 300, 3, 4, 5, 6, 200));
  dims.erase(3);
  dims.erase(0);
  CHECK(dims == Dims(1, 2, 3, 4, 5, 6, 200));
  dims.pop_back();
  CHECK(dims == up_to(6));
  CHECK(dims.front() == 1);
  CHECK(dims.back() == 6);
  dims[2] = 9;
  CHECK(dims == Dims(1, 2, 9, 4, 5, 6));
  while (!dims.empty()) dims.erase(0);
  CHECK(dims == Dims());
}

TEST_CASE("counts, strides and text") {
  CHECK(element_count({}) == 1);
  CHECK(element_count({2, 3, 4}) == 24);
  CHECK(element_count({2, 0, 4}) == 0);
  CHECK(row_major({2, 3, 4}) == Strides(12, 4, 1));
  CHECK(row_major({}).empty());
  CHECK(row_major(up_to(8)) == Strides(40320, 20160, 6720, 1680, 336, 56, 8, 1));
  CHECK(to_string(Shape()) == "()");
  CHECK(to_string(Shape(3)) == "(3,)");
  CHECK(to_string(Shape(2, -3)) == "(2, -3)");
  std::ostringstream out;
  out << up_to(7);
  CHECK(out.str() == "(1, 2, 3, 4, 5, 6, 7)");
}
