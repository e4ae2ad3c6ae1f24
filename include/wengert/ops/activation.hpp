// Elementwise functions composed of the rows of elementwise.def, and functions that only change how a
// gradient goes back. Each takes tensors of any shape and is differentiable to any order away from its kinks.
// Several inputs are broadcast: ShapeError where their shapes do not allow it, DTypeError where dtypes
// differ. They take float32 and float64, where nothing else is said: DTypeError for int64.
// lib/ops/activation.cpp lib/ops/straight_through.cpp
#pragma once

#include "wengert/core/operand.hpp"

namespace wengert {

/// log(sigmoid(x)) = -log(1 + exp(-x)), without overflow.
Tensor log_sigmoid(const Tensor& x, Location where = {});
/// x where x > 0, else alpha (exp(x) - 1); the gradient at 0 is alpha (Clevert, Unterthiner and Hochreiter,
/// "Fast and accurate deep network learning by exponential linear units (ELUs)", 2016).
Tensor elu(const Tensor& x, double alpha = 1.0, Location where = {});
/// scale * elu(x, alpha) with the constants of Klambauer et al., "Self-normalizing neural networks", 2017:
/// 1.0507 and 1.6733.
Tensor selu(const Tensor& x, Location where = {});
/// x where x > 0, else alpha (exp(x / alpha) - 1) (Barron, "Continuously differentiable exponential linear
/// units", 2017). Throws ValueError for alpha = 0.
Tensor celu(const Tensor& x, double alpha = 1.0, Location where = {});
/// Which of the two formulas of gelu().
enum class GeluForm { erf, tanh };
/// x times the normal distribution's cumulative probability at x: x (1 + erf(x / sqrt(2))) / 2, or its
/// approximation x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 (Hendrycks and Gimpel, "Gaussian error
/// linear units (GELUs)", 2016).
Tensor gelu(const Tensor& x, GeluForm form = GeluForm::erf, Location where = {});
/// x sigmoid(x) (Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function
/// approximation in reinforcement learning", 2018).
Tensor silu(const Tensor& x, Location where = {});
/// x tanh(softplus(x)) (Misra, "Mish: a self regularized non-monotonic activation function", 2020).
Tensor mish(const Tensor& x, Location where = {});
/// x held within [low, high]; at a bound the gradient is 0. Throws ValueError unless low < high.
Tensor hardtanh(const Tensor& x, double low = -1.0, double high = 1.0, Location where = {});
/// min(max(x + 3, 0), 6) / 6; the gradient at -3 and 3 is 0.
Tensor hardsigmoid(const Tensor& x, Location where = {});
/// x hardsigmoid(x); the gradient at -3 is 0, at 3 it is 1 (Howard et al., "Searching for MobileNetV3",
/// 2019).
Tensor hardswish(const Tensor& x, Location where = {});
/// x / (1 + |x|).
Tensor softsign(const Tensor& x, Location where = {});
/// x - bound above bound, x + bound below -bound, else 0, also its gradient. Throws ValueError for a bound
/// below 0.
Tensor softshrink(const Tensor& x, double bound = 0.5, Location where = {});
/// x where |x| > bound, else 0, also its gradient. Throws ValueError for a bound below 0.
Tensor hardshrink(const Tensor& x, double bound = 0.5, Location where = {});
/// x - tanh(x).
Tensor tanhshrink(const Tensor& x, Location where = {});
/// x held within [0, 6]; at a bound the gradient is 0.
Tensor relu6(const Tensor& x, Location where = {});
/// x where x > bound, else `value`, with zero gradient.
Tensor threshold(const Tensor& x, double bound, double value, Location where = {});

/// log(exp(a) + exp(b)), without overflow; -inf, with zero gradients, where both are -inf, and inf where one
/// is.
Tensor logaddexp(const Operand& a, const Operand& b);
/// x log(y), and 0, with zero gradients, where x is 0 and log(y) is not finite, unless y is NaN.
Tensor xlogy(const Operand& x, const Operand& y);
/// a + t (b - a). Also int64.
Tensor lerp(const Operand& a, const Operand& b, const Operand& t);
/// (a - b)^2. Also int64.
Tensor squared_difference(const Operand& a, const Operand& b);

/// x itself, as a result of its own. Any dtype.
Tensor identity(const Tensor& x, Location where = {});
/// The value of x in memory of its own, which shares no bytes with x. The gradient passes unchanged. Any
/// dtype.
Tensor clone(const Tensor& x, Location where = {});
/// The value of x as a constant: no gradient goes back. Any dtype.
Tensor stop_gradient(const Tensor& x, Location where = {});
/// x, with the gradient multiplied by `factor` on its way back.
Tensor scale_gradient(const Tensor& x, double factor, Location where = {});
/// x, with the gradient's sign changed on its way back (Ganin and Lempitsky, "Unsupervised domain adaptation
/// by backpropagation", 2015), times `factor`.
Tensor reverse_gradient(const Tensor& x, double factor = 1.0, Location where = {});
/// The value of `hard` with the gradient of `soft` (Bengio et al., "Estimating or propagating gradients
/// through stochastic neurons", 2013): straight_through(round(x), x). Any dtype. Throws ShapeError unless
/// both have one shape, DTypeError where dtypes differ.
Tensor straight_through(const Tensor& hard, const Tensor& soft, Location where = {});

}  // namespace wengert
