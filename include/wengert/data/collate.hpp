// Batches of samples of different lengths: padded to one length, side by side.
#pragma once

#include <vector>

#include "wengert/data/loader.hpp"

namespace wengert::data {

struct PadSequencesOptions {
  double value = 0.0;       ///< what stands where a sequence has ended
  std::int64_t length = 0;  ///< of all results, at least that of the longest; 0: that of the longest
  bool left = false;        ///< the padding stands before the sequence instead of after it
};

/// Sequences side by side, and how long each was.
struct Padded {
  Tensor values;   ///< (n, length, ...)
  Tensor lengths;  ///< int64 (n,)
};

/// Sequences (length_i, ...) as one constant. Throws ValueError for an empty list or a `length` below the
/// longest, ShapeError where they differ in more than their first extent or have no dimension, DTypeError
/// where they differ in dtype.
Padded pad_sequences(const std::vector<Tensor>& sequences, const PadSequencesOptions& options = {},
                     Location where = {});

/// boolean (n, length): true where position j < lengths[i], for lengths int64 (n,) as pad_sequences gives
/// them. Throws ShapeError or DTypeError for other lengths, ValueError for a negative length.
Tensor sequence_mask(const Tensor& lengths, std::int64_t length, Location where = {});

struct CollateOptions {
  double value = 0.0;        ///< pads inputs
  double label_value = 0.0;  ///< pads labels
};

/// One batch of single samples: inputs of one shape are stacked, (...) -> (n, ...), sequences of different
/// lengths padded at the end; labels likewise. Throws as pad_sequences does. For a Loader over samples of
/// different lengths:
///
///     data::Loader loader(data::Source{count, [&](const std::vector<std::int64_t>& indices) {
///       std::vector<data::Batch> samples;
///       for (const auto i : indices) samples.push_back({sequence(i), label(i)});
///       return data::collate(samples);
///     }}, {.batch_size = 16, .workers = 2});
Batch collate(const std::vector<Batch>& samples, const CollateOptions& options = {}, Location where = {});

}  // namespace wengert::data
