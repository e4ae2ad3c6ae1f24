#include "wengert/optim/clip.hpp"

#include <doctest/doctest.h>

#include "nn/expect.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using expect::message;
using expect::near;
using expect::values;

namespace {

struct Two {
  Tensor a = parameter(xt::xarray<double>{0.0, 0.0}), b = parameter(xt::xarray<float>{0.0f}),
         c = parameter(xt::xarray<double>{0.0});
  std::vector<Tensor> all{a, b, c};
  Two() {
    sum(a * expect::tensor({3, -4})).backward();
    sum(12.0 * b).backward();
  }
};

}  // namespace

TEST_CASE("clip_grad_norm scales all gradients by one factor and returns the norm before") {
  Two t;
  CHECK(near(optim::clip_grad_norm(t.all, 6.5), 13.0));
  CHECK(near(t.a.grad(), {1.5, -2}, 1e-6));
  CHECK(near(t.b.grad(), {6}, 1e-6));
  CHECK(t.b.grad().dtype() == float32);
  CHECK(!t.c.has_grad());
  CHECK(near(optim::clip_grad_norm(t.all, 100.0), 6.5, 1e-6));
  CHECK(near(t.a.grad(), {1.5, -2}, 1e-6));
}

TEST_CASE("other norms") {
  CHECK(near(optim::clip_grad_norm(Two().all, 1e9, {.norm = 1.0}), 19.0));
  CHECK(near(optim::clip_grad_norm(Two().all, 1e9, {.norm = INFINITY}), 12.0));
  CHECK(near(optim::clip_grad_norm(Two().all, 1e9, {.norm = 3.0}), std::cbrt(27.0 + 64 + 1728), 1e-6));
  Two t;
  optim::clip_grad_norm(t.all, 1.0, {.norm = INFINITY});
  CHECK(near(t.b.grad(), {1}, 1e-6));
  CHECK(optim::clip_grad_norm({t.c}, 1.0) == 0.0);
}

TEST_CASE("a norm that is not finite is an error where that is wanted") {
  const Tensor p = parameter(xt::xarray<double>{1.0});
  sum(p * INFINITY).backward();
  CHECK(message<ValueError>([&] { optim::clip_grad_norm({p}, 1.0, {.error_if_nonfinite = true}); }) ==
        "[clip_grad_norm] the gradients must have a finite norm: got inf");
  CHECK(std::isinf(values(p.grad())[0]));
  CHECK(std::isinf(optim::clip_grad_norm({p}, 1.0)));
}

TEST_CASE("clip_grad_value holds each element") {
  Two t;
  optim::clip_grad_value(t.all, 3.5);
  CHECK(near(t.a.grad(), {3, -3.5}));
  CHECK(near(t.b.grad(), {3.5}));
}

TEST_CASE("limits must not be negative") {
  CHECK(message<ValueError>([] { optim::clip_grad_norm({}, -1.0); }) ==
        "[clip_grad_norm] max_norm must not be negative: got -1");
  CHECK(message<ValueError>([] { optim::clip_grad_norm({}, 1.0, {.norm = 0.0}); }) ==
        "[clip_grad_norm] norm must be positive: got 0");
  CHECK(message<ValueError>([] { optim::clip_grad_value({}, -1.0); }) ==
        "[clip_grad_value] max_value must not be negative: got -1");
}
