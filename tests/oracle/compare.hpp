// Compares Wengert with what an independent implementation computed: tools/oracle/generate writes a file for
// each family, a table here says which call of Wengert answers to which name in it. No case and no entry may
// be without its other half.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace oracle {

using wengert::Tensor;
using Tensors = std::vector<Tensor>;

/// How far a value may be from the oracle's: |got - expected| <= absolute + relative * |expected|.
struct Bound {
  double relative = 1e-9;
  double absolute = 1e-12;
  const char* reason = "";  ///< why it is looser than that
};

struct Entry {
  /// `call` takes the case's inputs and returns a Tensor, or several.
  template <class F>
  Entry(std::string call_name, F call, Bound bound_of_call = {})
      : name(std::move(call_name)), bound(bound_of_call) {
    run = [call](const Tensors& x) -> Tensors {
      if constexpr (std::is_same_v<decltype(call(x)), Tensor>)
        return {call(x)};
      else
        return call(x);
    };
  }

  std::string name;
  std::function<Tensors(const Tensors&)> run;
  Bound bound;
};

/// Runs every case of tests/oracle/FAMILY.safetensors: values, gradients and second derivatives.
void check_family(const std::string& family, const std::vector<Entry>& table);

/// The fixed numbers in (-2, 2) that outputs are contracted with; as in tools/oracle/recording.py.
Tensor weights(const wengert::Shape& shape, std::uint64_t salt);

/// Empty if `got` has the dtype, the shape and the elements of `expected` (NaN equals NaN); else what is
/// wrong first.
std::string difference(const Tensor& got, const Tensor& expected, const Bound& bound);

}  // namespace oracle
