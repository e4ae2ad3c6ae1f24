#include "wengert/core/shape.hpp"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "lib/core/memory.hpp"

namespace wengert {

std::int64_t* Dims::allocate_far(std::size_t count) {
  return static_cast<std::int64_t*>(memory::allocate_bytes(count * sizeof(std::int64_t)));
}
void Dims::release_far(std::int64_t* block, std::size_t count) noexcept {
  memory::release_bytes(block, count * sizeof(std::int64_t));
}

void Dims::copy_far(const Dims& other) {
  size_ = 0;  // in case there is no memory
  std::int64_t* to = allocate_far(other.size_);
  std::copy(other.begin(), other.end(), to);
  place_.far = to;
  size_ = other.size_;
}

void Dims::insert(std::size_t position, std::int64_t entry) {
  Dims result = filled(size_ + 1, entry);
  std::copy(begin(), begin() + position, result.begin());
  std::copy(begin() + position, end(), result.begin() + position + 1);
  *this = std::move(result);
}

void Dims::erase(std::size_t position) {
  Dims result = filled(size_ - 1, 0);
  std::copy(begin(), begin() + position, result.begin());
  std::copy(begin() + position + 1, end(), result.begin() + position);
  *this = std::move(result);
}

Strides row_major(const Shape& shape) {
  Strides strides;
  strides.set_row_major(shape);
  return strides;
}

std::ostream& operator<<(std::ostream& out, const Dims& dims) {
  out << '(';
  for (std::size_t i = 0; i < dims.size(); ++i) out << (i ? ", " : "") << dims[i];
  return out << (dims.size() == 1 ? ",)" : ")");
}

std::string to_string(const Dims& dims) {
  std::ostringstream out;
  out << dims;
  return out.str();
}

}  // namespace wengert
