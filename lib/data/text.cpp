#include "wengert/data/text.hpp"

#include <cstring>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"

namespace wengert::data {
namespace {

/// The length of the UTF-8 character at the beginning of `text`, 0 where there is none: overlong forms,
/// surrogates and what lies above U+10FFFF are none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const bool wrong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                     (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
  return wrong ? 0 : length;
}

/// Calls visit(character, offset) for each character, offsets in bytes. Returns the offset of the first byte
/// that is not UTF-8, npos where there is none.
template <class Visit>
std::size_t each_character(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text.substr(at));
    if (length == 0) return at;
    visit(text.substr(at, length), at);
    at += length;
  }
  return std::string_view::npos;
}

template <class Visit>
void each_character_of(const char* operation, std::string_view text, Visit visit) {
  const std::size_t broken = each_character(text, visit);
  if (broken != std::string_view::npos)
    fail<ValueError>(operation, "the text must be UTF-8: broken at byte ", broken);
}

}  // namespace

std::string read_text(const std::string& path, std::int64_t max_bytes) {
  constexpr const char* operation = "read_text";
  if (max_bytes < 0) fail<ValueError>(operation, "max_bytes must not be negative: got ", max_bytes);
  std::string text = io::read_unpacked(operation, path, static_cast<std::uint64_t>(max_bytes));
  const std::size_t broken = each_character(text, [](std::string_view, std::size_t) {});
  if (broken != std::string::npos)
    fail<IoError>(operation, "the text must be UTF-8: broken at byte ", broken, ", in ", io::quote(path));
  return text;
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) result.emplace_back(line);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return result;
}

Vocabulary::Vocabulary(std::string_view text) {
  each_character_of("Vocabulary", text, [&](std::string_view character, std::size_t) {
    if (!indices_.contains(character)) indices_.emplace(character, 0);
  });
  // UTF-8 sorts as code points do.
  for (auto& [character, index] : indices_) {
    index = size();
    characters_.push_back(character);
  }
}

std::int64_t Vocabulary::index(std::string_view character) const {
  const auto found = indices_.find(character);
  if (found == indices_.end())
    fail<ValueError>("index", "a character must be in the vocabulary of ", size(), ": got ",
                     io::quote(character, 40));
  return found->second;
}

Tensor Vocabulary::encode(std::string_view text, Location where) const {
  constexpr const char* operation = "encode";
  std::size_t count = 0;
  each_character_of(operation, text, [&](std::string_view, std::size_t) { ++count; });
  StorageRef storage = StorageRef::allocate(count * sizeof(std::int64_t));
  auto* to = reinterpret_cast<std::int64_t*>(storage.data());
  each_character(text, [&](std::string_view character, std::size_t at) {
    const auto found = indices_.find(character);
    if (found == indices_.end())
      fail<ValueError>(operation, "a character must be in the vocabulary of ", size(), ": got ",
                       io::quote(character), " at byte ", at);
    *to++ = found->second;
  });
  return detail::make_leaf(std::move(storage), {count}, int64, false, where);
}

std::string Vocabulary::decode(const Tensor& tokens) const {
  constexpr const char* operation = "decode";
  if (tokens.dtype() != int64)
    fail<DTypeError>(operation, "tokens must be int64: got ", tokens.dtype(),
                     ". Did you mean tokens.astype(int64)?");
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(tokens, int64, data);
  const auto* from = static_cast<const std::int64_t*>(data);
  std::string text;
  for (std::int64_t i = 0; i < tokens.size(); ++i) {
    if (from[i] < 0 || from[i] >= size())
      fail<IndexError>(operation, "a token must be one of ", size(), " characters: got ", from[i],
                       " at position ", i);
    text += characters_[static_cast<std::size_t>(from[i])];
  }
  return text;
}

Dataset windows(const Tensor& tokens, std::int64_t length, const WindowOptions& options, Location where) {
  constexpr const char* operation = "windows";
  if (tokens.ndim() != 1) fail<ShapeError>(operation, "tokens must have one dimension: got ", tokens.shape());
  const std::int64_t size = tokens.size(), stride = options.stride == 0 ? length : options.stride;
  if (length <= 0 || stride < 0)
    fail<ValueError>(operation, "length must be positive and stride not negative: got ", length, " and ",
                     options.stride);
  if (size <= length)
    fail<ValueError>(operation, "there must be more elements than a window is long: got ", size, " for ",
                     length);
  const std::int64_t count = (size - 1 - length) / stride + 1;
  const std::size_t item = item_size(tokens.dtype()), row = static_cast<std::size_t>(length) * item;
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(tokens, tokens.dtype(), data);
  const auto part = [&](std::int64_t shift) {
    StorageRef storage = StorageRef::allocate(static_cast<std::size_t>(count) * row);
    for (std::int64_t i = 0; i < count; ++i)
      std::memcpy(storage.data() + static_cast<std::size_t>(i) * row,
                  static_cast<const std::byte*>(data) + static_cast<std::size_t>(i * stride + shift) * item,
                  row);
    return detail::make_leaf(std::move(storage), {count, length}, tokens.dtype(), false, where);
  };
  return {part(0), part(1)};
}

}  // namespace wengert::data
