// Penalties on parameters, values and derivatives: scalar tensors to add to a loss, `loss + 1e-4 *
// nn::l2(model.parameters())`; and what holds parameters without a penalty: max_norm, weight_norm,
// spectral_norm. lib/nn/regularizer.cpp lib/nn/regularizer_function.cpp lib/nn/regularizer_norm.cpp
#pragma once

#include <functional>
#include <vector>

#include "wengert/core/tensor.hpp"

namespace wengert::nn {

// Of lists of parameters each throws ValueError where there is no parameter, and DTypeError where their
// dtypes differ.

/// The sum of the parameters' absolute values; the derivative is 0 at 0.
Tensor l1(const std::vector<Tensor>& parameters, Location where = {});
/// The sum of the parameters' squares (not its root, and without a factor of one half).
Tensor l2(const std::vector<Tensor>& parameters, Location where = {});
/// l1_ratio * l1 + (1 - l1_ratio) * l2 (Zou and Hastie, "Regularization and variable selection via the
/// elastic net", 2005). Throws ValueError unless 0 <= l1_ratio <= 1.
Tensor elastic_net(const std::vector<Tensor>& parameters, double l1_ratio = 0.5, Location where = {});

struct GroupLassoOptions {
  std::int64_t axis =
      0;  ///< a group is what has one position along it: 0 of a Linear's weight are its outputs
  bool scale_by_size = true;  ///< times the root of a group's number of elements
};
/// The sum of the groups' 2-norms, which drives whole groups to 0 (Yuan and Lin, "Model selection and
/// estimation in regression with grouped variables", 2006); the derivative of a group of zeros is 0. Throws
/// IndexError for an axis that a parameter does not have.
Tensor group_lasso(const std::vector<Tensor>& parameters, const GroupLassoOptions& options = {},
                   Location where = {});
/// The sum over the parameters, as matrices w (first extent, others), of the squares of w w^T - I, or w^T w -
/// I where that is smaller: 0 where rows, or columns, are orthonormal (Bansal et al., "Can we gain more from
/// orthogonality regularizations in training deep networks?", 2018). Throws ShapeError for fewer than two
/// dimensions.
Tensor orthogonality(const std::vector<Tensor>& parameters, Location where = {});
/// The sum of the singular values of matrices (..., m, n), the convex stand-in for the rank (Fazel et al.,
/// 2001). Where values are 0 or equal the derivative is a subgradient, as svd() says. Throws ShapeError for
/// fewer than two dimensions.
Tensor nuclear_norm(const std::vector<Tensor>& parameters, Location where = {});

/// The mean over the rows of -sum(p log(p)), p = softmax(logits) along `axis`, in nats: added to a loss it
/// makes predictions sure (Grandvalet and Bengio, 2005), subtracted it keeps them from being too sure
/// (Pereyra et al., 2017). A logit of -inf counts as p = 0 and costs nothing. NaN over nothing. Throws
/// IndexError for an axis that logits do not have, DTypeError unless they are float32 or float64.
Tensor entropy(const Tensor& logits, std::int64_t axis = -1, Location where = {});

struct TotalVariationOptions {
  Axes axes = {-2, -1};    ///< along which neighbours are compared
  bool isotropic = false;  ///< of two axes: the length of the gradient in the plane, not the sum of its parts
};
/// The sum of |x[i + 1] - x[i]| along each of the axes (Rudin, Osher and Fatemi, "Nonlinear total variation
/// based noise removal algorithms", 1992); isotropic: of the root of the squared differences' sum, a
/// difference across the end being 0. Throws IndexError for an axis that x does not have, ValueError for no
/// axis and for isotropic with other than two, DTypeError unless x is float32 or float64.
Tensor total_variation(const Tensor& x, const TotalVariationOptions& options = {}, Location where = {});

struct ActivityOptions {
  double l1 = 0.0;
  double l2 = 0.01;
};
/// (l1 * sum(|x|) + l2 * sum(x^2)) / N for a layer's outputs x (N, ...). Throws ShapeError for a tensor
/// without dimensions, DTypeError unless it is float32 or float64.
Tensor activity(const Tensor& x, const ActivityOptions& options = {}, Location where = {});

/// A function of a batch (N, ...) whose derivatives are held down; samples must not depend on each other.
using BatchFunction = std::function<Tensor(const Tensor&)>;

struct GradientPenaltyOptions {
  double target = 1.0;     ///< the norm that is asked for
  bool one_sided = false;  ///< only norms above it cost
};
/// The mean over the samples of (|gradient of f at x_i| - target)^2, for f with one number for each sample,
/// (N) or (N, 1) (Gulrajani et al., "Improved training of Wasserstein GANs", 2017). It can be differentiated
/// in whatever f depends on, and in x. A gradient of 0 has norm 0 and no direction. Throws ShapeError for
/// another output.
Tensor gradient_penalty(const BatchFunction& f, const Tensor& x, const GradientPenaltyOptions& options = {},
                        Location where = {});
struct JacobianPenaltyOptions {
  std::int64_t projections = 0;  ///< random directions to estimate it by, without bias; 0: exactly, K passes
};
/// The mean over the samples of the squared Frobenius norm of f's Jacobian at x_i, for f (N, ...) -> (N, ...)
/// with K outputs a sample (Hoffman et al., "Robust learning with Jacobian regularization", 2019). It can be
/// differentiated as gradient_penalty. Throws ShapeError where f changes N, ValueError for negative
/// projections.
Tensor jacobian_penalty(const BatchFunction& f, const Tensor& x, const JacobianPenaltyOptions& options = {},
                        Location where = {});

struct MaxNormOptions {
  std::int64_t axis = 0;  ///< each slice at one position along it is held by itself
  double p = 2.0;         ///< of the norm
};
/// A projection, not a penalty, for after an optimizer's step: each slice of each leaf whose p-norm is above
/// `limit` is scaled down to it, by assign() (Srebro and Shraibman, 2005; Srivastava et al., "Dropout",
/// 2014). Throws ValueError unless limit >= 0 and p > 0, IndexError for an axis that a parameter does not
/// have, GraphError for what is not a leaf, DTypeError unless it is float32 or float64; then no leaf has
/// changed.
void max_norm(const std::vector<Tensor>& parameters, double limit, const MaxNormOptions& options = {});

/// g v / |v| with one norm for each position along `axis`, over all other dimensions: v's direction, g's
/// length (Salimans and Kingma, "Weight normalization", 2016). g has v's shape with ones but at `axis`. A
/// slice of zeros has no direction: NaN. Throws ShapeError for another g, IndexError for an axis that v does
/// not have.
Tensor weight_norm(const Tensor& v, const Tensor& g, std::int64_t axis = 0, Location where = {});

struct SpectralNormOptions {
  int iterations = 1;     ///< of the power method; 0: the vectors as they are
  double eps = 1e-12;     ///< the least length that is divided by
  std::int64_t axis = 0;  ///< whose positions are the rows of the matrix
};
struct SpectralNorm {
  Tensor weight;  ///< w / sigma
  Tensor sigma;   ///< u^T w v, an estimate of the largest singular value from below
  Tensor u;       ///< (rows), a constant: the vector to begin with the next time
};
/// w over its largest singular value as a matrix (rows, others), by the power method from a vector u (rows),
/// which need not have length 1 (Miyato et al., "Spectral normalization for generative adversarial networks",
/// 2018). The vectors are constants: gradients pass through w alone. In training keep the vector:
/// `buffer.assign(result.u)`. Throws ShapeError for another u or fewer than two dimensions of w, ValueError
/// for negative iterations.
SpectralNorm spectral_norm(const Tensor& w, const Tensor& u, const SpectralNormOptions& options = {},
                           Location where = {});

}  // namespace wengert::nn
