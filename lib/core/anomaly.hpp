// What AnomalyMode looks at, and when.
#pragma once

#include <cstdint>

#include "lib/core/this_thread.hpp"
#include "wengert/core/anomaly.hpp"
#include "wengert/core/node.hpp"

namespace wengert {

/// Whether an AnomalyMode lives on this thread.
inline bool anomaly_mode() noexcept { return this_thread.anomaly; }
/// Throws ValueError if the node's value, just computed from its inputs, is where a NaN or infinity begins.
void check_value(const Node& node);
/// The same of the cotangent of the node's input i: `sum`, which may be empty, of `earlier` terms and what
/// the input's rule made of the cotangent g.
void check_cotangent(const Node& node, std::uint32_t i, const Tensor& g, const Tensor& earlier,
                     const Tensor& sum);

}  // namespace wengert
