// Derivatives as functions: Jacobians, Hessians, Newton's method, and derivatives of derivatives of any
// order.
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;
using Function = std::function<Tensor(const Tensor&)>;

const TensorOptions f64 = {.dtype = float64};
Tensor number(double value) { return full({}, value, f64); }
Tensor component(const Tensor& x, std::int64_t i) { return squeeze(slice(x, 0, i, i + 1)); }

// Rosenbrock's valley in any number of dimensions: its floor is curved, its only minimum is at 1, 1, 1 ...
Tensor rosenbrock(const Tensor& x) {
  const Tensor left = slice(x, 0, 0, -1), right = slice(x, 0, {.start = 1});
  return sum(100.0 * square(right - square(left)) + square(1.0 - left));
}

void first_derivatives() {
  std::printf("1. A gradient and a Jacobian\n");
  const Tensor x(xt::xarray<double>{-1.2, 1.0});
  const auto [value, gradient] = value_and_grad(rosenbrock, x);
  std::cout << "  Rosenbrock's function at " << x << ": " << value << ", its gradient: " << gradient << "\n";
  const auto from_polar = [](const Tensor& p) {
    const Tensor r = component(p, 0), angle = component(p, 1);
    return stack({r * cos(angle), r * sin(angle)});
  };
  const double r = 2.0, c = std::cos(0.5), s = std::sin(0.5);
  const Tensor J = jacobian(from_polar, Tensor(xt::xarray<double>{r, 0.5}));
  const Tensor closed(xt::xarray<double>{{c, -r * s}, {s, r * c}});
  std::cout << "  polar coordinates at r = 2, angle 0.5: the Jacobian is its closed form: "
            << allclose(J, closed, 0, 1e-15) << ", its determinant is r: " << det(J).item() << "\n";
}

void rows_and_columns() {
  std::printf("\n2. vjp combines the rows of the Jacobian, jvp its columns\n");
  const Tensor A = randn({3, 5}, f64), x = randn({5}, f64), t = randn({5}, f64), g = randn({3}, f64);
  const auto f = [&](const Tensor& v) { return sin(matmul(A, v)); };
  const auto [value, pullback] = vjp(f, x);
  const Tensor pulled = pullback(g), pushed = jvp(f, x, t).second, J = jacobian(f, x);
  std::cout << "  J: " << J.shape() << ", g J: " << pulled.shape() << ", J t: " << pushed.shape()
            << "\n  g J agrees: " << allclose(pulled, matmul(g, J), 1e-12, 1e-14)
            << ", J t agrees: " << allclose(pushed, matmul(J, t), 1e-12, 1e-14)
            << ", (g J) t = g (J t): " << allclose(sum(pulled * t), sum(g * pushed), 1e-12, 1e-14) << "\n";
}

void newton() {
  std::printf("\n3. Newton's method on Rosenbrock's function, with the Hessian\n");
  Tensor x(xt::xarray<double>{-1.2, 1.0});
  for (int step = 0; step < 20; ++step) {
    const auto [value, gradient] = value_and_grad(rosenbrock, x);
    std::printf("  step %d: f(x) = %.1e\n", step, value.item());
    if (max(abs(gradient)).item() < 1e-9) break;
    x = x - solve(hessian(rosenbrock, x), gradient);
  }
  std::cout << "  x = " << x << "\n";
}

/// Solves H d = b by conjugate gradients. H is a function: nobody needs its entries.
Tensor conjugate_gradients(const Function& H, const Tensor& b, double tolerance) {
  Tensor d = zeros_like(b), r = b, p = b;
  double rr = sum(r * r).item();
  const double enough = rr * tolerance * tolerance;
  for (std::int64_t i = 0; i < 2 * b.size() && rr > enough; ++i) {
    const Tensor Hp = H(p);
    const double curvature = sum(p * Hp).item();
    if (curvature <= 0) break;  // not a valley in this direction
    d = d + rr / curvature * p;
    r = r - rr / curvature * Hp;
    p = r + sum(r * r).item() / rr * p;
    rr = sum(r * r).item();
  }
  return d;
}

void newton_without_a_hessian() {
  std::printf("\n4. The same in 100 dimensions, with hvp only\n");
  Tensor x = 1.0 + 0.05 * sin(arange(100, f64));
  for (int step = 0; step < 20; ++step) {
    const auto [value, gradient] = value_and_grad(rosenbrock, x);
    std::printf("  step %d: f(x) = %.1e\n", step, value.item());
    if (max(abs(gradient)).item() < 1e-9) break;
    const Tensor d =
        conjugate_gradients([&](const Tensor& v) { return hvp(rosenbrock, x, v); }, gradient, 1e-10);
    if (step == 0)
      std::cout << "    the step agrees with that of a 100 x 100 Hessian: "
                << allclose(d, solve(hessian(rosenbrock, x), gradient), 0, 1e-8) << "\n";
    x = x - d;
  }
}

/// The n-th derivative of f: a function like f, so it can be differentiated again.
Function derivative(const Function& f, int n) {
  if (n == 0) return f;
  return [before = derivative(f, n - 1)](const Tensor& x) { return value_and_grad(before, x).second; };
}

void nested() {
  std::printf("\n5. The fifth derivative of tanh, by nesting\n");
  const Function fifth = derivative([](const Tensor& x) { return tanh(x); }, 5);
  std::printf("     x   by nesting   closed form\n");
  for (const double x : {-1.3, 0.0, 0.4, 2.0}) {
    const double t = std::tanh(x), u = 1 - t * t;
    std::printf("  %4.1f  %11.8f  %12.8f\n", x, fifth(number(x)).item(),
                u * (16 - 120 * t * t + 120 * t * t * t * t));
  }
}

void taylor() {
  std::printf("\n6. exp(sin(x)) around 0, from its derivatives there\n");
  const double known[] = {1, 1, 1.0 / 2, 0, -1.0 / 8, -1.0 / 15, -1.0 / 240, 1.0 / 90};
  const Tensor zero = parameter(number(0.0));
  Tensor nth = exp(sin(zero));
  double factorial = 1, series = 0, power = 1;
  std::printf("  n  coefficient        known  error of the series at 0.3\n");
  for (int n = 0; n < 8; ++n) {
    const double coefficient = nth.item() / factorial;
    series += coefficient * power;
    std::printf("  %d  %11.8f  %11.8f  %26.6f\n", n, coefficient, known[n], series - std::exp(std::sin(0.3)));
    nth = grad(nth, {zero}, {.create_graph = true})[0];
    factorial *= n + 1, power *= 0.3;
  }
}

void penalty() {
  std::printf("\n7. A loss that contains a derivative: noisy points, and a price on steepness\n");
  const Tensor x = reshape(linspace(-1, 1, 15, f64), {15, 1});
  const Tensor y = sin(3.0 * x) + 0.4 * randn({15, 1}, f64);
  for (const double price : {0.0, 0.01, 0.1}) {
    manual_seed(1);
    const std::vector<Tensor> p = {parameter(6.0 * randn({1, 16}, f64)), parameter(randn({16}, f64)),
                                   parameter(0.25 * randn({16, 1}, f64))};
    const auto net = [&](const Tensor& in) { return matmul(tanh(matmul(in, p[0]) + p[1]), p[2]); };
    // Each output depends on its own input only, so the gradient of their sum holds every slope.
    const auto steepness = [&] {
      return mean(square(
          value_and_grad([&](const Tensor& in) { return sum(net(in)); }, x, {.create_graph = true}).second));
    };
    if (price == 0)
      std::cout << "  the penalty's derivative in 48 parameters: " << gradcheck_leaves(p, steepness) << "\n"
                << "  price   mean squared: error on the points   slope   distance from sin(3 x)\n";
    optim::Adam optimizer(p, {.lr = 0.02});
    for (int step = 0; step < 500; ++step) {
      const Tensor loss = nn::mse_loss(net(x), y) + price * steepness();
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    std::printf("  %5.2f  %34.4f  %6.2f  %22.4f\n", price, nn::mse_loss(net(x), y).item(), steepness().item(),
                nn::mse_loss(net(x), sin(3.0 * x)).item());
  }
}

int main() {
  manual_seed(5);
  std::cout << std::boolalpha;
  first_derivatives();
  rows_and_columns();
  newton();
  newton_without_a_hessian();
  nested();
  taylor();
  penalty();
}
