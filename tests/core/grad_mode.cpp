// NoGrad and EnableGrad nest, per thread, and end with an exception.
#include "wengert/core/grad_mode.hpp"

#include <stdexcept>
#include <thread>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;

TEST_CASE("guards nest") {
  CHECK(grad_enabled());
  {
    const NoGrad off;
    CHECK(!grad_enabled());
    {
      const EnableGrad on;
      CHECK(grad_enabled());
      const NoGrad off_again;
      CHECK(!grad_enabled());
    }
    CHECK(!grad_enabled());
    bool elsewhere = false;
    std::thread([&] { elsewhere = grad_enabled(); }).join();
    CHECK(elsewhere);
  }
  CHECK(grad_enabled());
  CHECK_THROWS([] {
    const NoGrad off;
    throw std::runtime_error("out");
  }());
  CHECK(grad_enabled());
}

TEST_CASE("what is not recorded wants no gradient and holds no inputs") {
  const Tensor x = support::leaf({1, 2, 3});
  const std::int64_t nodes = memory_stats().live_nodes;
  const NoGrad off;
  const Tensor y = exp(sin(x) * 2.0);
  CHECK(!y.requires_grad());
  y.array<double>();  // computed now, if it was deferred
  CHECK(memory_stats().live_nodes == nodes + 1);
  CHECK(parameter(y).requires_grad());
}
