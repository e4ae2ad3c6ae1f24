// Gradients of sigmoid networks as four widespread tutorials derive them by hand, each in its own steps and
// with its own names of variables. Beside the wrong ones stands what repairs them.
#pragma once

#include <vector>

#include <wengert/wengert.hpp>

#include "claims.hpp"

namespace derivations {

using wengert::matmul;
using wengert::reshape;
using wengert::sigmoid;
using wengert::sum;
using wengert::Tensor;
using wengert::transpose;

/// The derivative of the sigmoid in terms of its value: right for a = sigmoid(z), wrong for z itself.
inline Tensor sigmoid_derivative(const Tensor& a) { return a * (1.0 - a); }

// --- "Functions": A1 = sigmoid(X W1 + b1), A2 = sigmoid(A1 W2 + b2), rows are samples
// ---------------------------

inline Gradients two_layers(const Tensor& X, const Tensor& y, const Tensor& A1, const Tensor& A2,
                            const Tensor& W2) {
  const double m = static_cast<double>(X.shape()[0]);
  const Tensor dZ2 = A2 - y;
  const Tensor dW2 = (1 / m) * matmul(transpose(A1), dZ2);
  const Tensor db2 = (1 / m) * sum(dZ2, {0});
  const Tensor dZ1 = matmul(dZ2, transpose(W2)) * sigmoid_derivative(A1);
  const Tensor dW1 = (1 / m) * matmul(transpose(X), dZ1);
  const Tensor db1 = (1 / m) * sum(dZ1, {0});
  return {dW1, db1, dW2, db2};
}

// --- "One layer": A = sigmoid(X W + b), the loss is mean((Y - A)^2)
// ----------------------------------------------

struct OneLayerRepairs {
  bool at_a = false, no_added_terms = false, chained = false, of_the_mean = false;
};

inline Gradients one_layer(const Tensor& X, const Tensor& Y, const Tensor& W, const Tensor& b,
                           const OneLayerRepairs& repaired = {}) {
  const Tensor Z = matmul(X, W) + b, A = sigmoid(Z);
  Tensor dZ = A - Y;
  if (repaired.chained) dZ = dZ * sigmoid_derivative(A);  // dZ = dA times the sigmoid's derivative
  if (repaired.of_the_mean) dZ = 2.0 / static_cast<double>(Y.size()) * dZ;
  Tensor dW = matmul(transpose(X), dZ);
  Tensor db = sum(dZ, {0}, true);
  if (!repaired.no_added_terms) {
    const Tensor dA_prev = dZ * sigmoid_derivative(repaired.at_a ? A : Z);
    dW = dW + matmul(dA_prev, transpose(X));
    db = db + sum(dA_prev, {0}, true);
  }
  return {dW, reshape(db, b.shape())};  // db has a dimension more than b there; broadcasting hides it
}

// --- "Class": h = sigmoid(W1 x + b1), output = sigmoid(W2 h + b2), columns are samples
// ---------------------------

/// backward() there uses variables that only forward() has; here it has them. It adds to the parameters what
/// it computes, so the gradient it claims is that with a minus.
inline Gradients network_class(const Tensor& x, const Tensor& W1, const Tensor& b1, const Tensor& W2,
                               const Tensor& b2) {
  const Tensor hidden_layer_input = matmul(W1, x) + b1, hidden_layer_output = sigmoid(hidden_layer_input);
  const Tensor output_layer_input = matmul(W2, hidden_layer_output) + b2,
               output = sigmoid(output_layer_input);
  const Tensor output_gradient = output - output_layer_input;  // no target anywhere
  const Tensor output_delta = matmul(transpose(W2), output_gradient);
  const Tensor hidden_layer_delta = matmul(transpose(W2), output_delta);
  const Tensor hidden_layer_gradient =
      sigmoid(hidden_layer_input);  // the value, not the derivative; never used
  return {-matmul(transpose(x), hidden_layer_delta), -sum(hidden_layer_delta, {0}),
          -matmul(transpose(hidden_layer_output), output_delta), -sum(output_delta, {0})};
}

/// The same names, for the loss mean((output - target)^2).
inline Gradients network_class_repaired(const Tensor& x, const Tensor& target, const Tensor& W1,
                                        const Tensor& b1, const Tensor& W2, const Tensor& b2) {
  const Tensor hidden_layer_output = sigmoid(matmul(W1, x) + b1);
  const Tensor output = sigmoid(matmul(W2, hidden_layer_output) + b2);
  const Tensor output_gradient = 2.0 / static_cast<double>(target.size()) * (output - target);
  const Tensor output_delta = output_gradient * sigmoid_derivative(output);
  const Tensor hidden_layer_gradient = sigmoid_derivative(hidden_layer_output);
  const Tensor hidden_layer_delta = matmul(transpose(W2), output_delta) * hidden_layer_gradient;
  return {matmul(hidden_layer_delta, transpose(x)), sum(hidden_layer_delta, {0}),
          matmul(output_delta, transpose(hidden_layer_output)), sum(output_delta, {0})};
}

// --- "Class with sizes": of the same kind, its sizes given by name
// -----------------------------------------------

/// What it subtracts from its four parameters. Sizes there stand where data is meant, and two attributes do
/// not exist under their names; here data and attributes are passed in. Throws ShapeError where shapes do not
/// fit.
inline Gradients class_with_sizes(const Tensor& inputs, const Tensor& target,
                                  const Tensor& weights_input_hidden, const Tensor& bias_hidden,
                                  const Tensor& weights_hidden_output, const Tensor& bias_output) {
  const double hidden_layer_size = static_cast<double>(bias_hidden.size());
  const double outputs = static_cast<double>(bias_output.size());
  const Tensor z1 = matmul(weights_input_hidden, inputs) + bias_hidden, a1 = sigmoid(z1);
  const Tensor m1 = matmul(a1, weights_input_hidden) + bias_hidden;  // the first layer's parameters once more
  const Tensor z2 = matmul(m1, weights_hidden_output) + bias_output, a2 = sigmoid(z2);
  const Tensor output_errors = a2 - target;
  const Tensor delta1 = outputs * output_errors;
  const Tensor ddelta1 = delta1 * sigmoid(z1);
  const Tensor delta2 = matmul(hidden_layer_size * a1, delta1);
  const Tensor ddelta2 = delta2 * weights_hidden_output * (1.0 - sigmoid(z2));
  const Tensor delta3 = matmul(hidden_layer_size * a2, output_errors);
  const Tensor ddelta3 = delta3 * weights_hidden_output * (1.0 - sigmoid(z2));
  return {ddelta1, ddelta2, ddelta3, ddelta3};
}

/// The function it computes, to compare with.
inline Tensor class_with_sizes_output(const Tensor& inputs, const std::vector<Tensor>& p) {
  const Tensor a1 = sigmoid(matmul(p[0], inputs) + p[1]);
  return sigmoid(matmul(matmul(a1, p[0]) + p[1], p[2]) + p[3]);
}

}  // namespace derivations
