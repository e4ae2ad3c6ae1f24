#include "lib/ops/windows.hpp"

#include <algorithm>

#include "lib/core/fail.hpp"

namespace wengert {
namespace {

constexpr std::int64_t most = 0x7fffffff;  // of any option, so that no sum or product of them overflows
constexpr std::int64_t most_elements = std::int64_t{1} << 46;  // more than any tensor has

}  // namespace

bool Windows::pointwise() const noexcept {
  bool plain = taps() == 1;
  for (std::size_t d = 0; d < rank(); ++d)
    plain &= stride[d] == 1 && padding[d] == 0 && input[d] == output[d];
  return plain;
}

Dims per_dimension(const char* operation, const char* option, const Dims& told, std::size_t rank,
                   std::int64_t least) {
  if (told.size() != 1 && told.size() != rank)
    fail<ValueError>(operation, option, " must be one number, or one for each of ", rank,
                     " spatial dimensions: got ", told);
  for (const std::int64_t entry : told)
    if (entry < least) fail<ValueError>(operation, option, " must be ", least, " or more: got ", told);
  for (const std::int64_t entry : told)
    if (entry > most) fail<ValueError>(operation, option, " must be ", most, " or less: got ", told);
  return told.size() == rank ? told : Dims::filled(rank, told[0]);
}

Shape spatial_extents(const char* operation, const Shape& shape, std::size_t rank) {
  if (rank == 0 ? shape.size() < 3 : shape.size() != rank + 2) {
    static constexpr const char* layouts[] = {"(N, C, ...)", "(N, C, L)", "(N, C, H, W)", "(N, C, D, H, W)"};
    fail<ShapeError>(operation, "the input must be ", layouts[rank], ": got shape ", shape);
  }
  Shape extents;
  for (std::size_t i = 2; i < shape.size(); ++i) extents.push_back(shape[i]);
  return extents;
}

void require_possible(const char* operation, const char* what, const Shape& extents) {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents)
    if (__builtin_mul_overflow(count, std::max<std::int64_t>(extent, 1), &count) || count > most_elements)
      fail<ShapeError>(operation, what, " are too large: got ", extents);
}

Windows make_windows(const char* operation, const Shape& input, const Shape& kernel, const Dims& stride,
                     const Dims& padding, const Dims& dilation, bool ceil_mode) {
  const std::size_t rank = input.size();
  require_possible(operation, "the extents", input);
  Windows w{input,
            per_dimension(operation, "kernel", kernel, rank, 1),
            input,
            per_dimension(operation, "stride", stride, rank, 1),
            per_dimension(operation, "padding", padding, rank, 0),
            per_dimension(operation, "dilation", dilation, rank, 1)};
  for (std::size_t d = 0; d < rank; ++d) {
    const std::int64_t room = input[d] + 2 * w.padding[d] - w.dilation[d] * (w.kernel[d] - 1) - 1;
    if (room < 0) {
      Dims padded = input, wide = w.kernel;
      for (std::size_t i = 0; i < rank; ++i) {
        padded[i] += 2 * w.padding[i];
        wide[i] = w.dilation[i] * (w.kernel[i] - 1) + 1;
      }
      fail<ShapeError>(operation, "the window must fit into the padded input: got ", wide, " and ", padded);
    }
    std::int64_t& count = w.output[d];
    count = room / w.stride[d] + 1;
    if (ceil_mode && room % w.stride[d] != 0 && count * w.stride[d] < input[d] + w.padding[d]) ++count;
  }
  require_possible(operation, "the kernel's extents", w.kernel);
  require_possible(operation, "the extents of the result", w.output);
  return w;
}

}  // namespace wengert
