// All losses: what a prediction costs, as a tensor to call backward() on. Composed of primitive operations,
// so each has every higher derivative. Shapes are compared, never broadcast: (N, 1) against (N) is an error.
// header-only
#pragma once

#include "wengert/nn/loss_classification.hpp"
#include "wengert/nn/loss_embedding.hpp"
#include "wengert/nn/loss_margin.hpp"
#include "wengert/nn/loss_reduction.hpp"
#include "wengert/nn/loss_regression.hpp"
#include "wengert/nn/loss_sequence.hpp"
