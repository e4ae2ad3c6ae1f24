// Every operation that a module records bears the line of the user who called it.
#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "support/recorded_at.hpp"
#include "wengert/nn/activation.hpp"
#include "wengert/nn/attention.hpp"
#include "wengert/nn/convolution.hpp"
#include "wengert/nn/dropout.hpp"
#include "wengert/nn/embedding.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/functional_attention.hpp"
#include "wengert/nn/normalization.hpp"
#include "wengert/nn/pooling.hpp"
#include "wengert/nn/recurrent.hpp"
#include "wengert/nn/sequential.hpp"
#include "wengert/nn/transformer.hpp"

using namespace wengert;

#define CHECK_RECORDED_HERE(call) CHECK(support::recorded_at(__FILE__, __LINE__, call) > 0)

namespace {

const Tensor x = ones({3, 2, 4}, {.requires_grad = true}),
             image = ones({2, 2, 5, 5}, {.requires_grad = true});
const Tensor hide = Tensor(xt::xarray<bool>{{false, false, true}, {false, false, true}});

}  // namespace

TEST_CASE("operations in layers as functions bear the caller's line") {
  CHECK_RECORDED_HERE(nn::glu(x));
  CHECK_RECORDED_HERE(nn::feature_dropout(x));
  CHECK_RECORDED_HERE(nn::alpha_dropout(x));
  CHECK_RECORDED_HERE(nn::scaled_dot_product_attention(x, x, x, {.causal = true, .dropout = 0.1}));
  CHECK_RECORDED_HERE(nn::Bilinear(4, 4, 2)(x, x));
}

TEST_CASE("operations in modules bear the caller's line") {
  CHECK_RECORDED_HERE(nn::Conv1d(2, 2, 3)(x));
  CHECK_RECORDED_HERE(nn::ConvTranspose1d(2, 2, 3)(x));
  const nn::Sequential net{nn::Conv2d(2, 3, 3),
                           nn::BatchNorm2d(3),
                           nn::PReLU(3),
                           nn::InstanceNorm2d(3),
                           nn::GroupNorm(1, 3),
                           nn::GELU(),
                           nn::ConvTranspose2d(3, 2, 3),
                           nn::MaxPool2d(2),
                           nn::Upsample({.scale = {2}}),
                           nn::AvgPool2d(2),
                           nn::AdaptiveAvgPool2d(2),
                           nn::SELU(),
                           nn::AlphaDropout(),
                           nn::FeatureDropout()};
  CHECK_RECORDED_HERE(net(image));
  const nn::Sequential line{nn::PositionalEncoding(), nn::LayerNorm({4}), nn::RMSNorm({4}), nn::GLU(),
                            nn::MaxPool1d(1),         nn::AvgPool1d(1)};
  CHECK_RECORDED_HERE(line(x));
  const nn::Sequential room{nn::BatchNorm3d(1), nn::InstanceNorm3d(1), nn::MaxPool3d(1), nn::AvgPool3d(2),
                            nn::AdaptiveAvgPool3d(2)};
  CHECK_RECORDED_HERE(room(reshape(image, {2, 1, 2, 5, 5})));
  CHECK_RECORDED_HERE(nn::AdaptiveAvgPool1d(2)(x));
  CHECK_RECORDED_HERE(nn::Embedding(3, 2, {.padding_idx = 1})(expect::labels({0, 1})));
}

TEST_CASE("operations in recurrent networks and transformers bear the caller's line") {
  const nn::RecurrentOptions deep{
      .num_layers = 2, .batch_first = true, .dropout = 0.5, .bidirectional = true};
  CHECK_RECORDED_HERE(nn::LSTM(4, 2, deep)(x).output);
  CHECK_RECORDED_HERE(nn::LSTM(4, 2, deep)(x).c);
  CHECK_RECORDED_HERE(nn::GRU(4, 2, deep)(x).output);
  CHECK_RECORDED_HERE(nn::RNN(4, 2)(x).h);
  const nn::MultiheadAttention attention(4, 2, {.dropout = 0.5});
  CHECK_RECORDED_HERE(attention(x, x, x, {.key_padding_mask = hide, .causal = true}).output);
  CHECK_RECORDED_HERE(attention(x, x, x).weights);
  CHECK_RECORDED_HERE(nn::TransformerEncoderLayer(4, 2)(x));
  CHECK_RECORDED_HERE(nn::TransformerDecoderLayer(4, 2)(x, x));
}
