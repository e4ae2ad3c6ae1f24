// Dims: a short list of integers, in place up to six entries; it serves as shape, strides and axes.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <ranges>
#include <string>
#include <utility>

namespace wengert {

/// A list of signed 64-bit integers, held in place up to six entries. Takes any integers in braces.
class Dims {
 public:
  using value_type = std::int64_t;
  static constexpr std::size_t inline_capacity = 6;

  Dims() noexcept : size_(0) {}
  template <std::integral... I>
  requires(sizeof...(I) > 0 && (!std::same_as<I, bool> && ...)) Dims(I... entries) : size_(0) {
    std::int64_t* to = resize_uninitialized(sizeof...(I));
    ((*to++ = static_cast<std::int64_t>(entries)), ...);
  }
  template <std::ranges::sized_range R>
  requires(std::integral<std::ranges::range_value_t<R>> && !std::same_as<std::ranges::range_value_t<R>, bool>)
      Dims(const R& entries)
      : size_(0) {
    std::int64_t* to = resize_uninitialized(std::ranges::size(entries));
    for (const auto entry : entries) *to++ = static_cast<std::int64_t>(entry);
  }
  Dims(const Dims& other) : size_(0) { copy(other); }
  Dims(Dims&& other) noexcept : size_(0) { take(other); }
  Dims& operator=(const Dims& other) {
    if (this == &other) return *this;
    free_far();
    copy(other);
    return *this;
  }
  Dims& operator=(Dims&& other) noexcept {
    if (this == &other) return *this;
    free_far();
    take(other);
    return *this;
  }
  ~Dims() { free_far(); }

  /// `count` entries of one value.
  static Dims filled(std::size_t count, std::int64_t value) {
    Dims result;
    std::int64_t* to = result.resize_uninitialized(count);
    for (std::size_t i = 0; i < count; ++i) to[i] = value;
    return result;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const std::int64_t* data() const noexcept { return size_ > inline_capacity ? place_.far : place_.near; }
  std::int64_t* data() noexcept { return size_ > inline_capacity ? place_.far : place_.near; }
  const std::int64_t* begin() const noexcept { return data(); }
  const std::int64_t* end() const noexcept { return data() + size_; }
  std::int64_t* begin() noexcept { return data(); }
  std::int64_t* end() noexcept { return data() + size_; }
  std::int64_t operator[](std::size_t i) const noexcept { return data()[i]; }
  std::int64_t& operator[](std::size_t i) noexcept { return data()[i]; }
  std::int64_t front() const noexcept { return data()[0]; }
  std::int64_t back() const noexcept { return data()[size_ - 1]; }
  std::int64_t& back() noexcept { return data()[size_ - 1]; }

  void push_back(std::int64_t entry) {
    if (size_ < inline_capacity)
      place_.near[size_++] = entry;
    else
      insert(size_, entry);
  }
  void pop_back() {
    if (size_ <= inline_capacity)
      --size_;
    else
      erase(size_ - 1);
  }
  /// Makes this the strides, in elements, of a row-major array of `shape`, which is another list.
  void set_row_major(const Dims& shape);
  void insert(std::size_t position, std::int64_t entry);
  void erase(std::size_t position);

  friend bool operator==(const Dims& a, const Dims& b) noexcept {
    if (a.size_ != b.size_) return false;
    const std::int64_t *left = a.data(), *right = b.data();
    for (std::size_t i = 0; i < a.size_; ++i)
      if (left[i] != right[i]) return false;
    return true;
  }

 private:
  /// Makes room for `count` entries and forgets the old ones.
  std::int64_t* resize_uninitialized(std::size_t count);
  // To and from lists that hold nothing far.
  void copy(const Dims& other) {
    if (other.size_ > inline_capacity) return copy_far(other);
    copy_near(other);
  }
  void take(Dims& other) noexcept {
    if (other.size_ > inline_capacity) {
      place_.far = other.place_.far;
      size_ = other.size_;
    } else {
      copy_near(other);
    }
    other.size_ = 0;
  }
  /// Entry by entry: most lists have few, and whole registers would wait for what was just stored in pieces.
  void copy_near(const Dims& other) noexcept {
    size_ = other.size_;
    if (size_ == 0) return;
    place_.near[0] = other.place_.near[0];
    if (size_ == 1) return;
    place_.near[1] = other.place_.near[1];
    for (std::size_t i = 2; i < size_; ++i) place_.near[i] = other.place_.near[i];
  }
  void copy_far(const Dims& other);
  void free_far() noexcept {
    if (size_ > inline_capacity) release_far(place_.far, size_);
    size_ = 0;
  }
  // Blocks of the memory that is kept (core/memory).
  static std::int64_t* allocate_far(std::size_t count);
  static void release_far(std::int64_t* block, std::size_t count) noexcept;

  std::size_t size_;
  union {
    std::int64_t near[inline_capacity];  // those behind the last entry are never read
    std::int64_t* far;
  } place_;
};

using Shape = Dims;
using Strides = Dims;
using Axes = Dims;

inline std::int64_t* Dims::resize_uninitialized(std::size_t count) {
  if (count > inline_capacity || size_ > inline_capacity) {
    std::int64_t* fresh = count > inline_capacity ? allocate_far(count) : nullptr;
    if (size_ > inline_capacity) release_far(place_.far, size_);
    if (fresh) place_.far = fresh;
  }
  size_ = count;
  return data();
}

inline void Dims::set_row_major(const Dims& shape) {
  std::int64_t* to = resize_uninitialized(shape.size());
  const std::int64_t* extents = shape.data();
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    to[i] = step;
    step *= extents[i];
  }
}

/// Number of elements of a shape: the product of its entries, 1 for ().
inline std::int64_t element_count(const Shape& shape) noexcept {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

/// Strides, in elements, of a row-major array of this shape.
Strides row_major(const Shape& shape);

/// As NumPy prints a tuple: `()`, `(3,)`, `(2, 3)`.
std::string to_string(const Dims& dims);
std::ostream& operator<<(std::ostream& out, const Dims& dims);

}  // namespace wengert
