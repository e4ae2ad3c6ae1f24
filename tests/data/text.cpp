#include "wengert/data/text.hpp"

#include <doctest/doctest.h>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/ops/creation.hpp"

using namespace wengert;
using tests::Folder;

namespace {

std::vector<std::int64_t> values(const Tensor& tensor) {
  const auto array = tensor.array<std::int64_t>();
  return {array.begin(), array.end()};
}

}  // namespace

TEST_CASE("Vocabulary: encode and decode") {
  const data::Vocabulary letters("hello, wörld\n€");
  CHECK(letters.size() == 12);
  CHECK(letters.characters().front() == "\n");
  CHECK(letters.characters().back() == "€");
  CHECK(letters.index("e") == 4);
  const Tensor tokens = letters.encode("hö€");
  CHECK(tokens.dtype() == int64);
  CHECK(values(tokens) == std::vector<std::int64_t>{letters.index("h"), 10, 11});
  CHECK(letters.decode(tokens) == "hö€");
  CHECK(letters.encode("").shape() == Shape{0});
  CHECK(letters.decode(letters.encode("")).empty());
}

TEST_CASE("Vocabulary: what it refuses") {
  const data::Vocabulary letters("abc");
  CHECK_THROWS_WITH_AS(letters.encode("abx"),
                       "[encode] a character must be in the vocabulary of 3: got \"x\" at byte 2",
                       ValueError);
  CHECK_THROWS_WITH_AS(letters.index("ab"), "[index] a character must be in the vocabulary of 3: got \"ab\"",
                       ValueError);
  CHECK_THROWS_WITH_AS(letters.decode(full({2}, 3, {.dtype = int64})),
                       "[decode] a token must be one of 3 characters: got 3 at position 0", IndexError);
  CHECK_THROWS_WITH_AS(letters.decode(zeros({2})),
                       "[decode] tokens must be int64: got float32. Did you mean tokens.astype(int64)?",
                       DTypeError);
  // Overlong, surrogate, too large, cut off, a lone continuation.
  for (const char* broken :
       {"a\xC0\x80", "a\xED\xA0\x80", "a\xF4\x90\x80\x80", "a\xE2\x82", "a\x80", "a\xFF"}) {
    CHECK_THROWS_WITH_AS(data::Vocabulary{broken}, "[Vocabulary] the text must be UTF-8: broken at byte 1",
                         ValueError);
    CHECK_THROWS_WITH_AS(letters.encode(broken), "[encode] the text must be UTF-8: broken at byte 1",
                         ValueError);
  }
}

TEST_CASE("windows: inputs, and the same one step later") {
  const Tensor tokens = arange(8.0, {.dtype = int64});
  const auto apart = data::windows(tokens, 3);
  CHECK(values(apart.inputs) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});
  CHECK(values(apart.labels) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6});
  CHECK(data::windows(tokens, 3, {.stride = 1}).inputs.shape() == Shape{5, 3});
  CHECK(values(data::windows(tokens, 7).labels) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7});
  CHECK_THROWS_WITH_AS(data::windows(tokens, 8),
                       "[windows] there must be more elements than a window is long: got 8 for 8",
                       ValueError);
  CHECK_THROWS_WITH_AS(data::windows(tokens, 0),
                       "[windows] length must be positive and stride not negative: got 0 and 0", ValueError);
  CHECK_THROWS_WITH_AS(data::windows(zeros({2, 2}), 1),
                       "[windows] tokens must have one dimension: got (2, 2)", ShapeError);
}

TEST_CASE("read_text and lines") {
  const Folder folder;
  CHECK(data::read_text(folder.write("a", "ä\n")) == "ä\n");
  CHECK(data::lines("a\r\n\nb\n c") == std::vector<std::string>{"a", "b", " c"});
  const std::string path = folder.write("b", "ab\xFF");
  CHECK_THROWS_WITH_AS(data::read_text(path),
                       ("[read_text] the text must be UTF-8: broken at byte 2, in \"" + path + "\"").c_str(),
                       IoError);
  CHECK_THROWS_AS(data::read_text(path, 2), IoError);
  CHECK_THROWS_AS(data::read_text(folder / "none"), IoError);
}
