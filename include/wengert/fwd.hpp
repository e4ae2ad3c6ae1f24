// Forward declarations, for headers that only name tensors.
// header-only
#pragma once

namespace wengert {

class Tensor;
class Operand;
class Error;
struct TensorOptions;
struct BackwardOptions;

}  // namespace wengert
