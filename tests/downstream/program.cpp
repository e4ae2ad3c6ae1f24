// A user's program, built outside the project: fits a line by gradient descent, through xtensor arrays in and
// out.
#include <cmath>
#include <cstdio>
#include <wengert/wengert.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>

using namespace wengert;

int main() {
  const xt::xarray<float> inputs = xt::linspace<float>(-1.0f, 1.0f, 50).reshape({50, 1});
  const xt::xarray<float> targets = 3.0f * inputs - 0.5f;
  const Tensor x(inputs), y(targets);
  Tensor slope = parameter(xt::xarray<float>(xt::zeros<float>({1, 1})));
  Tensor offset = parameter(xt::xarray<float>(xt::zeros<float>({1})));
  optim::SGD optimizer({slope, offset}, {.lr = 0.5});
  double loss_value = 0;
  for (int step = 0; step < 100; ++step) {
    Tensor loss = nn::mse_loss(matmul(x, slope) + offset, y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    loss_value = loss.item();
  }
  const xt::xarray<float> fitted = slope.array<float>();
  std::printf("slope %.3f, offset %.3f, loss %.1e\n", fitted(0, 0), offset.item(), loss_value);

  bool reported = false;
  try {
    matmul(x, y);
  } catch (const Error&) {  // the library's type of error crosses its border
    reported = true;
  }
  const bool good = std::abs(fitted(0, 0) - 3) < 1e-3 && std::abs(offset.item() + 0.5) < 1e-3 && reported;
  return good ? 0 : 1;
}
