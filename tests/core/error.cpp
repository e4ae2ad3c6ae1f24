// The kinds of errors and the form of their messages.
#include "wengert/core/error.hpp"

#include <doctest/doctest.h>

#include "wengert/core/scope.hpp"

using namespace wengert;

TEST_CASE("the form of a message") {
  CHECK(error_text("matmul", "extents must agree") == "[matmul] extents must agree");
  const Scope outer("attention");
  CHECK(error_text("matmul", "x") == "[attention: matmul] x");
  {
    const Scope inner("softmax");
    CHECK(error_text("matmul", "x") == "[attention/softmax: matmul] x");
    // A composed function that complains itself is not named twice.
    CHECK(error_text("softmax", "x") == "[attention: softmax] x");
  }
  CHECK(error_text("attention", "x") == "[attention] x");
  CHECK(error_text("tention", "x") == "[attention: tention] x");
}

TEST_CASE("every kind is an Error, and a std::runtime_error") {
  const auto is_error = [](auto kind) {
    try {
      throw kind;
    } catch (const Error& error) {
      return std::string(error.what()) == "text";
    }
  };
  CHECK(is_error(ShapeError("text")));
  CHECK(is_error(DTypeError("text")));
  CHECK(is_error(IndexError("text")));
  CHECK(is_error(GraphError("text")));
  CHECK(is_error(ValueError("text")));
  CHECK(is_error(IoError("text")));
  CHECK_THROWS_AS(throw ShapeError("text"), std::runtime_error);
}
