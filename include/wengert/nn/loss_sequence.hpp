// Losses of sequences whose alignment with their target is not known.
#pragma once

#include "wengert/nn/loss_reduction.hpp"

namespace wengert::nn {

struct CtcOptions {
  std::int64_t blank = 0;      ///< the class that says nothing
  bool zero_infinity = false;  ///< a sequence without alignment costs 0, not infinity
  Reduction reduction = Reduction::mean;
};
/// Connectionist temporal classification (Graves et al., ICML 2006): -log of the summed probability of all
/// alignments of a sequence with its target, where classes may be repeated over time and blanks stand between
/// them. Computed by the paper's forward recursion in log space; gradients, of every order, are those of it
/// with respect to log_probabilities as free variables (of the logits before log_softmax they are PyTorch's).
///
/// log_probabilities (T, N, C); targets int64 (N, S), each row filled up with anything, or the targets one
/// after the other (sum of target_lengths,); input_lengths and target_lengths int64 (N), at most T and S. The
/// losses are (N); the mean divides each by the length of its target (an empty one counts as 1) and then by
/// N. A target without alignment, as one longer than its input, costs infinity, with gradient 0.
///
/// Throws ShapeError, DTypeError, IndexError for a label outside of [0, C) or that is blank, ValueError for a
/// length or blank out of range.
Tensor ctc_loss(const Tensor& log_probabilities, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CtcOptions& options = {}, Location where = {});

}  // namespace wengert::nn
