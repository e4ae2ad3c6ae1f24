// Operations on shapes against PyTorch.
#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/shape.hpp"

using namespace wengert;
using oracle::Entry;
using In = oracle::Tensors;

namespace {

/// The square of what a call gives, so that there is a second derivative.
template <class F>
Entry squared(const char* name, F call) {
  return {name, [call](const In& x) { return square(call(x[0])); }};
}
template <class F>
Entry all_squared(const char* name, F call) {
  return {name, [call](const In& x) {
            In parts = call(x[0]);
            for (Tensor& part : parts) part = square(part);
            return parts;
          }};
}

}  // namespace

TEST_CASE("operations on shapes agree with PyTorch") {
  oracle::check_family(
      "structure",
      {
          {"reshape",
           [](const In& x) {
             return reshape(x[0], {4, -1});
           }},
          {"reshape.squared",
           [](const In& x) {
             return square(reshape(x[0], {4, -1}));
           }},
          {"flatten", [](const In& x) { return flatten(x[0]); }},
          {"flatten.1", [](const In& x) { return flatten(x[0], 1); }},
          {"squeeze", [](const In& x) { return squeeze(x[0]); }},
          {"squeeze.2", [](const In& x) { return squeeze(x[0], 2); }},
          {"unsqueeze.0", [](const In& x) { return unsqueeze(x[0], 0); }},
          {"unsqueeze.-1", [](const In& x) { return unsqueeze(x[0], -1); }},
          {"transpose", [](const In& x) { return transpose(x[0]); }},
          {"permute",
           [](const In& x) {
             return permute(x[0], {2, 0, 1});
           }},
          {"permute.squared",
           [](const In& x) {
             return square(permute(x[0], {2, 0, 1}));
           }},
          {"permute.negative",
           [](const In& x) {
             return permute(x[0], {-1, 1, 0});
           }},
          {"broadcast_to",
           [](const In& x) {
             return broadcast_to(x[0], {5, 2, 3, 4});
           }},
          {"broadcast_to.squared",
           [](const In& x) {
             return square(broadcast_to(x[0], {5, 2, 3, 4}));
           }},
          {"concat.0", [](const In& x) { return concat(x, 0); }},
          {"concat.-1", [](const In& x) { return concat(x, -1); }},
          {"concat.squared", [](const In& x) { return square(concat(x, 0)); }},
          {"stack.0", [](const In& x) { return stack(x, 0); }},
          {"stack.1", [](const In& x) { return stack(x, 1); }},
          {"stack.-1", [](const In& x) { return stack(x, -1); }},
          {"slice", [](const In& x) { return slice(x[0], 1, 1, 3); }},
          {"slice.step",
           [](const In& x) {
             return slice(x[0], 2, {0, SliceRange::to_end, 2});
           }},
          {"slice.step.squared",
           [](const In& x) {
             return square(slice(x[0], 2, {0, SliceRange::to_end, 2}));
           }},
          {"slice.negative", [](const In& x) { return slice(x[0], 1, {-2}); }},
          {"slice.back",
           [](const In& x) {
             return slice(x[0], 2, {-1, SliceRange::to_end, -2});
           }},
          {"slice.back.squared",
           [](const In& x) {
             return square(slice(x[0], 2, {-1, SliceRange::to_end, -2}));
           }},
          {"slice.empty", [](const In& x) { return slice(x[0], 1, 2, 1); }},
          squared("flip", [](const Tensor& x) { return flip(x); }),
          squared("flip.1", [](const Tensor& x) { return flip(x, 1); }),
          squared("roll",
                  [](const Tensor& x) {
                    return roll(x, {1, -2}, {0, 2});
                  }),
          squared("roll.all", [](const Tensor& x) { return roll(x, 5); }),
          squared("tile",
                  [](const Tensor& x) {
                    return tile(x, {2, 1, 3});
                  }),
          squared("tile.more",
                  [](const Tensor& x) {
                    return tile(x, {2, 1, 2, 1});
                  }),
          squared("repeat", [](const Tensor& x) { return repeat(x, 3, 1); }),
          squared("repeat.counts",
                  [](const Tensor& x) {
                    return repeat(x, {2, 0, 1}, 1);
                  }),
          squared("pad",
                  [](const Tensor& x) {
                    return pad(x, {{0, 0}, {1, 2}, {0, 3}}, {.value = -1.5});
                  }),
          squared("pad.reflect",
                  [](const Tensor& x) {
                    return pad(x, {{0, 0}, {0, 0}, {1, 2}, {3, 2}}, {.mode = PadMode::reflect});
                  }),
          squared("pad.replicate",
                  [](const Tensor& x) {
                    return pad(x, {{0, 0}, {0, 0}, {0, 5}, {3, 2}}, {.mode = PadMode::replicate});
                  }),
          all_squared("split", [](const Tensor& x) { return split(x, 3, 2); }),
          all_squared("split.sizes",
                      [](const Tensor& x) {
                        return split(x, {1, 0, 3}, 2);
                      }),
          all_squared("chunk", [](const Tensor& x) { return chunk(x, 3, 2); }),
          squared("diagonal", [](const Tensor& x) { return diagonal(x); }),
          squared("diagonal.offset", [](const Tensor& x) { return diagonal(x, 1, -1, -2); }),
          squared("diag",
                  [](const Tensor& x) {
                    return diag(reshape(slice(x, 0, 0, 1), {3, 4}), -1);
                  }),
          squared("diag.vector", [](const Tensor& x) { return diag(slice(flatten(x), 0, 0, 4), 2); }),
          squared("tril", [](const Tensor& x) { return tril(x); }),
          squared("tril.above", [](const Tensor& x) { return tril(x, 1); }),
          squared("triu", [](const Tensor& x) { return triu(x); }),
          squared("triu.below", [](const Tensor& x) { return triu(x, -1); }),
      });
}
