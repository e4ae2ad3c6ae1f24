// Outputs and gradients are held to PyTorch's in tests/oracle/modules.cpp.
#include "wengert/nn/transformer.hpp"

#include <doctest/doctest.h>

#include "nn/derivatives.hpp"
#include "nn/expect.hpp"
#include "wengert/core/random.hpp"
#include "wengert/nn/functional.hpp"
#include "wengert/nn/sequential.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/random.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& entry : module.named_parameters()) names.push_back(entry.name);
  return names;
}
using Names = std::vector<std::string>;

const nn::TransformerLayerOptions small{.dim_feedforward = 3, .dropout = 0.0, .dtype = float64};
Tensor drawn(const Shape& shape) { return parameter(randn(shape, {.dtype = float64})); }

}  // namespace

TEST_CASE("parameters have PyTorch's names") {
  CHECK(names(nn::TransformerEncoderLayer(4, 2)) ==
        Names{"self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
              "self_attn.out_proj.bias", "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
              "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"});
  const nn::TransformerDecoderLayer decoder(4, 2);
  const auto of_decoder = names(decoder);
  CHECK(of_decoder.size() == 18);
  CHECK(of_decoder[4] == "multihead_attn.in_proj_weight");
  CHECK(of_decoder[17] == "norm3.bias");
  CHECK(decoder.linear1.weight.shape() == Shape{2048, 4});
}

TEST_CASE("an encoder layer is its formula, the norm before or after") {
  manual_seed(1);
  const Tensor x = drawn({3, 2, 4});
  nn::TransformerLayerOptions options = small;
  const nn::TransformerEncoderLayer after(4, 2, options);
  Tensor h = after.norm1(x + after.self_attn(x, x, x).output);
  CHECK(near(after(x), values(after.norm2(h + after.linear2(relu(after.linear1(h)))))));
  options.norm_first = true;
  options.activation = nn::TransformerActivation::gelu;
  const nn::TransformerEncoderLayer before(4, 2, options);
  const Tensor n = before.norm1(x);
  h = x + before.self_attn(n, n, n).output;
  CHECK(near(before(x), values(h + before.linear2(gelu(before.linear1(before.norm2(h)))))));
}

TEST_CASE("a decoder layer attends to itself, then to the memory") {
  manual_seed(2);
  const Tensor x = drawn({3, 2, 4}), memory = drawn({5, 2, 4});
  const nn::TransformerDecoderLayer layer(4, 2, small);
  const Tensor a = layer.norm1(x + layer.self_attn(x, x, x, {.causal = true}).output);
  const Tensor b = layer.norm2(a + layer.multihead_attn(a, memory, memory).output);
  CHECK(near(layer(x, memory, {.causal = true}),
             values(layer.norm3(b + layer.linear2(relu(layer.linear1(b)))))));
}

TEST_CASE("what a mask hides does not count") {
  manual_seed(3);
  const Tensor x = drawn({3, 2, 4}), memory = drawn({5, 2, 4});
  const nn::TransformerEncoderLayer encoder(4, 2, small);
  const nn::TransformerDecoderLayer decoder(4, 2, small);
  const auto head = [](const Tensor& y) { return values(slice(y, 0, 0, 2)); };
  const auto changed_end = [](const Tensor& y) {  // another last element
    const std::int64_t last = y.shape()[0] - 1;
    return concat({slice(y, 0, 0, last), slice(y, 0, last, last + 1) + 1.0});
  };
  CHECK(near(head(encoder(changed_end(x), {.causal = true})), head(encoder(x, {.causal = true}))));
  CHECK(!near(head(encoder(changed_end(x))), head(encoder(x))));
  const Tensor hide = Tensor(xt::xarray<bool>{{false, false, true}, {false, false, true}});
  CHECK(near(head(encoder(changed_end(x), {.key_padding_mask = hide})),
             head(encoder(x, {.key_padding_mask = hide}))));
  const Tensor upper = triu(ones({3, 3}), 1) == 1.0;
  CHECK(near(encoder(x, {.mask = upper}), values(encoder(x, {.causal = true}))));
  const Tensor of_memory = tile(Tensor(xt::xarray<bool>{{false, false, false, false, true}}), {2, 1});
  CHECK(near(decoder(x, changed_end(memory), {.memory_key_padding_mask = of_memory}),
             values(decoder(x, memory, {.memory_key_padding_mask = of_memory}))));
  const Tensor last = tile(Tensor(xt::xarray<bool>{{false, false, false, false, true}}), {3, 1});
  CHECK(near(decoder(x, changed_end(memory), {.memory_mask = last}),
             values(decoder(x, memory, {.memory_mask = last}))));
  CHECK(near(decoder(x, memory, {.mask = upper}), values(decoder(x, memory, {.causal = true}))));
  CHECK(near(head(decoder(changed_end(x), memory, {.key_padding_mask = hide})),
             head(decoder(x, memory, {.key_padding_mask = hide}))));
  CHECK(!near(decoder(x, changed_end(memory)), values(decoder(x, memory))));
}

TEST_CASE("in training what each part adds is dropped, and what is inside it") {
  manual_seed(6);
  nn::TransformerLayerOptions options = small;
  options.dropout = 0.4;
  const nn::TransformerEncoderLayer encoder(4, 2, options);
  const nn::TransformerDecoderLayer decoder(4, 2, options);
  const Tensor x = drawn({3, 2, 4}), memory = drawn({5, 2, 4});
  const auto drop = [](const Tensor& y) { return nn::dropout(y, 0.4); };
  manual_seed(7);
  const Tensor a = encoder(x), b = decoder(x, memory);
  manual_seed(7);  // the same draws
  Tensor h = encoder.norm1(x + drop(encoder.self_attn(x, x, x).output));
  CHECK(near(a, values(encoder.norm2(h + drop(encoder.linear2(drop(relu(encoder.linear1(h)))))))));
  h = decoder.norm1(x + drop(decoder.self_attn(x, x, x).output));
  h = decoder.norm2(h + drop(decoder.multihead_attn(h, memory, memory).output));
  CHECK(near(b, values(decoder.norm3(h + drop(decoder.linear2(drop(relu(decoder.linear1(h)))))))));
  for (const nn::MultiheadAttention* part : {&encoder.self_attn, &decoder.self_attn, &decoder.multihead_attn})
    CHECK(values((*part)(x, x, x).weights) != values((*part)(x, x, x).weights));
}

TEST_CASE("dropout acts in training only, and a layer stands in a Sequential") {
  manual_seed(4);
  nn::Sequential net{nn::PositionalEncoding(), nn::TransformerEncoderLayer(4, 2, {.dim_feedforward = 3})};
  const Tensor x = randn({3, 2, 4});
  CHECK(values(net(x)) != values(net(x)));
  net.eval();
  CHECK(values(net(x)) == values(net(x)));
  CHECK(net.named_parameters()[0].name == "1.self_attn.in_proj_weight");
}

TEST_CASE("derivatives of transformer layers hold, to second order") {
  manual_seed(5);
  nn::TransformerLayerOptions options = small;
  options.activation = nn::TransformerActivation::gelu;
  options.dim_feedforward = 2;
  const Tensor x = drawn({2, 1, 2}), memory = drawn({2, 1, 2});
  for (const bool norm_first : {false, true}) {
    options.norm_first = norm_first;
    const nn::TransformerEncoderLayer encoder(2, 1, options);
    CHECK(expect::wrong_derivatives(encoder, {x}, [&](const auto& in) { return encoder(in[0]); }) == "");
    const nn::TransformerDecoderLayer decoder(2, 1, options);
    CHECK(expect::wrong_derivatives(decoder, {x, memory},
                                    [&](const auto& in) { return decoder(in[0], in[1]); }) == "");
  }
}

TEST_CASE("positions are sines and cosines of falling frequency") {
  nn::PositionalEncoding encoding({.dropout = 0.0});
  const Tensor y = encoding(zeros({3, 4}, {.dtype = float64}));
  std::vector<double> expected;
  for (int t = 0; t < 3; ++t)
    for (const double f : {1.0, 0.01}) {
      expected.push_back(std::sin(t * f));
      expected.push_back(std::cos(t * f));
    }
  CHECK(near(y, expected));
  const auto rows = values(encoding(ones({3, 2, 4}, {.dtype = float64})));  // (L, N, E)
  CHECK(near(rows[8], 1 + std::sin(1)));
  CHECK(near(rows[12], 1 + std::sin(1)));
  const nn::PositionalEncoding turned({.dropout = 0.0, .batch_first = true});
  CHECK(near(values(turned(zeros({2, 3, 4}, {.dtype = float64})))[16], std::sin(1)));
  CHECK(encoding(zeros({2, 3})).shape() == Shape{2, 3});  // a sine more than cosines
  CHECK(encoding.state().empty());
  // In float32, too, positions far on are exact to its precision.
  const auto far = values(slice(encoding(zeros({5001, 2})), 0, 5000, 5001));
  CHECK(near(far, {std::sin(5000.0), std::cos(5000.0)}, 1e-7));
}

TEST_CASE("what does not fit is named") {
  CHECK(message<ShapeError>([] { nn::PositionalEncoding()(zeros({3})); }) ==
        "[PositionalEncoding] x must be (L, N, E) or (L, E): got (3,)");
  CHECK(message<ValueError>([] { nn::PositionalEncoding({.dropout = 2}); }) ==
        "[PositionalEncoding] dropout must lie within [0, 1]: got 2");
  CHECK(message<ValueError>([] { nn::TransformerEncoderLayer(4, 3); }) ==
        "[MultiheadAttention] the heads must divide the extent: got 3 heads for 4");
  CHECK(message<ShapeError>([] {
          nn::TransformerEncoderLayer(4, 2)(zeros({3, 2, 5}));
        }) ==
        "[TransformerEncoderLayer: MultiheadAttention] query, key and value must be (L, N, E), (S, N, K) and "
        "(S, "
        "N, V) with E, K, V = 4, 4, 4, or all without N: got (3, 2, 5), (3, 2, 5) and (3, 2, 5)");
}
