// Text for models of characters: a vocabulary, texts as numbers and back, and windows of a long sequence.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wengert/data/dataset.hpp"

namespace wengert::data {

/// All bytes of a file, plain or gzipped. Throws IoError where it cannot be read, holds more than `max_bytes`
/// or is not UTF-8, ValueError for negative max_bytes.
std::string read_text(const std::string& path, std::int64_t max_bytes = std::int64_t{1} << 30);

/// The lines of a text without their ends ("\n" or "\r\n"); empty ones are left out.
std::vector<std::string> lines(std::string_view text);

/// The distinct characters of a text, numbered from 0 in the order of their code points. A character is a
/// code point of UTF-8.
///
///     const data::Vocabulary letters(text);
///     const Tensor tokens = letters.encode(text);     // int64 (n,)
///     letters.decode(tokens) == text;
class Vocabulary {
 public:
  /// Throws ValueError for a text that is not UTF-8.
  explicit Vocabulary(std::string_view text);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(characters_.size()); }
  /// The characters in the order of their numbers.
  const std::vector<std::string>& characters() const noexcept { return characters_; }
  /// The number of a character. Throws ValueError for one that is not in the vocabulary.
  std::int64_t index(std::string_view character) const;

  /// The characters' numbers, int64 (n,). Throws ValueError, with the place, for a character that is not in
  /// the vocabulary and for a text that is not UTF-8.
  Tensor encode(std::string_view text, Location where = {}) const;
  /// The text that these numbers, int64 of any shape, stand for. Throws IndexError for others, DTypeError for
  /// another dtype.
  std::string decode(const Tensor& tokens) const;

 private:
  std::vector<std::string> characters_;
  std::map<std::string, std::int64_t, std::less<>> indices_;
};

struct WindowOptions {
  std::int64_t stride = 0;  ///< from one window's beginning to the next; 0: `length`, so that none overlap
};

/// Windows of a sequence and what follows each element: inputs (n, length) and labels (n, length), which are
/// the inputs one step later, for n = floor((size - 1 - length) / stride) + 1 windows. tokens is (size,).
/// Throws ShapeError for other shapes, ValueError unless length > 0, stride >= 0 and size > length.
Dataset windows(const Tensor& tokens, std::int64_t length, const WindowOptions& options = {},
                Location where = {});

}  // namespace wengert::data
