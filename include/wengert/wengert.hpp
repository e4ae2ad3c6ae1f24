// Everything a program that builds and trains models needs.
// header-only
#pragma once

// A tensor is made from any xtensor expression.
#include <xtensor/xarray.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xtensor.hpp>

// clang-format off: by layer
#include "wengert/core/backward.hpp"
#include "wengert/core/error.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/operand.hpp"
#include "wengert/core/random.hpp"
#include "wengert/core/scope.hpp"
#include "wengert/core/storage.hpp"
#include "wengert/core/tensor.hpp"
#include "wengert/data/csv.hpp"
#include "wengert/data/dataset.hpp"
#include "wengert/data/digits.hpp"
#include "wengert/data/loader.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/grad/gradcheck.hpp"
#include "wengert/grad/transforms.hpp"
#include "wengert/io/safetensors.hpp"
#include "wengert/nn/activation.hpp"
#include "wengert/nn/dropout.hpp"
#include "wengert/nn/flatten.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/initializer.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/nn/module.hpp"
#include "wengert/nn/regularizer.hpp"
#include "wengert/nn/sequential.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/convolution.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/cumulative.hpp"
#include "wengert/ops/custom.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/factorization.hpp"
#include "wengert/ops/indexing.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/order.hpp"
#include "wengert/ops/pooling.hpp"
#include "wengert/ops/products.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/ops/shape.hpp"
#include "wengert/optim/adam.hpp"
#include "wengert/optim/clip.hpp"
#include "wengert/optim/optimizer.hpp"
#include "wengert/optim/sgd.hpp"
// clang-format on
