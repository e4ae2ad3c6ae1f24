// Derivatives through a solver: of a swing, of six hidden springs, of a control, and of a law that is not
// known. Usage: simulation [--quick]     (--quick: fewer steps of learning in the last two parts)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

const TensorOptions f64 = {.dtype = float64};

/// One step of the classical Runge-Kutta method for y' = f(y): an ordinary function of tensors.
template <class F>
Tensor rk4(const F& f, const Tensor& y, double h) {
  const Tensor k1 = f(y), k2 = f(y + 0.5 * h * k1), k3 = f(y + 0.5 * h * k2), k4 = f(y + h * k3);
  return y + h / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
}

// 1. A mass on a spring: the answer is known, and so is its derivative.

bool oscillator() {
  std::printf(
      "1. A mass on a spring of stiffness k, let go at 1: where is it at time 5, and how does that depend on "
      "k?\n");
  std::printf("   steps  error of x  error of dx/dk  smaller by\n");
  const double k = 2.0, t = 5.0, w = std::sqrt(k);
  const double x = std::cos(w * t), slope = -t / (2 * w) * std::sin(w * t);
  double before = 0, slope_before = 0;
  bool holds = true;
  for (const int steps : {25, 50, 100, 200}) {
    const auto position = [&](const Tensor& stiffness) {
      const auto law = [&](const Tensor& y) {
        return concat({slice(y, 0, 1, 2), -stiffness * slice(y, 0, 0, 1)});
      };
      Tensor y(xt::xarray<double>{1.0, 0.0});
      for (int i = 0; i < steps; ++i) y = rk4(law, y, t / steps);
      return sum(slice(y, 0, 0, 1));
    };
    const auto [value, gradient] = value_and_grad(position, full({}, k, f64));
    const double error = std::abs(value.item() - x), slope_error = std::abs(gradient.item() - slope);
    std::printf("   %5d    %8.2e        %8.2e", steps, error, slope_error);
    if (before > 0) {
      std::printf("  %4.1f and %4.1f", before / error, slope_before / slope_error);
      holds = holds && before / error > 13 && slope_before / slope_error > 13;
    }
    std::printf("\n");
    before = error, slope_before = slope_error;
  }
  return holds;
}

// 2. Five masses in a row between two walls, six springs: which, if only two of the masses can be seen?

constexpr std::int64_t masses = 5;

struct Springs {
  Tensor stiffness;  // (6)
  Tensor operator()(const Tensor& y) const {
    const Tensor x = slice(y, 0, 0, masses), v = slice(y, 0, masses, 2 * masses), wall = zeros({1}, f64);
    const Tensor tension = stiffness * (concat({x, wall}) - concat({wall, x}));
    return concat({v, slice(tension, 0, 1, masses + 1) - slice(tension, 0, 0, masses)});
  }
};

/// The positions of the first and the last mass, 0.3 apart, after a push to the first: (60).
Tensor observe(const Tensor& stiffness) {
  const Springs law{stiffness};
  Tensor y = concat({zeros({masses}, f64), ones({1}, f64), zeros({masses - 1}, f64)});
  std::vector<Tensor> seen;
  for (int i = 0; i < 30; ++i) {
    for (int k = 0; k < 3; ++k) y = rk4(law, y, 0.1);
    seen.push_back(concat({slice(y, 0, 0, 1), slice(y, 0, masses - 1, masses)}));
  }
  return concat(seen);
}

double rms(const Tensor& x) { return std::sqrt(mean(square(x)).item()); }

/// The p that makes the residual's squares least, from p on: each step solves the linearized problem, damped
/// (Levenberg, 1944; Marquardt, 1963).
template <class F>
Tensor least_squares(const F& residual, Tensor p) {
  Tensor r = residual(p);
  double damping = 1e-2;
  for (int step = 0; step < 50; ++step) {
    const Tensor J = jacobian(residual, p), Jt = transpose(J);
    const Tensor next = p - solve(matmul(Jt, J) + damping * eye(p.size(), f64), matmul(Jt, r));
    const Tensor there = residual(next);
    const double gain = 1 - rms(there) / rms(r);
    damping *= gain > 0 ? 0.1 : 10;
    if (gain > 0) p = next, r = there;
    if (std::abs(gain) < 1e-6 || damping > 1e6) break;
  }
  return p;
}

void print_springs(const char* what, const Tensor& stiffness, double error) {
  std::printf("   %-30s", what);
  for (const double k : stiffness.array<double>()) std::printf(" %6.3f", k);
  std::printf("   %.4f\n", error);
}

bool springs() {
  std::printf(
      "\n2. Five masses between two walls: six springs from the positions of two masses, measured to "
      "0.001\n");
  std::printf("   %-30s %41s   error\n", "", "stiffness of each spring               ");
  const Tensor truth(xt::xarray<double>{1.0, 2.0, 0.5, 1.5, 3.0, 0.8});
  manual_seed(1);
  const Tensor measured = observe(truth) + 1e-3 * randn({60}, f64);
  // The logarithms are sought, so that no stiffness becomes negative.
  const auto residual = [&](const Tensor& p) { return observe(exp(p)) - measured; };
  Tensor p;
  for (int start = 1; start <= 10; ++start) {
    p = least_squares(residual, start == 1 ? zeros({6}, f64) : 0.5 * randn({6}, f64));
    print_springs(start == 1 ? "found from all springs at 1" : "found from a random start", exp(p),
                  rms(residual(p)));
    if (rms(residual(p)) < 0.002) break;  // as near as the measurements are
  }
  print_springs("the truth", truth, rms(residual(log(truth))));
  return max(abs(exp(p) / truth - 1.0)).item() < 0.05;
}

// 3. A pendulum that hangs, and a motor too weak to lift it.

constexpr int intervals = 60;
constexpr double interval = 0.25, strongest = 0.35;  // gravity's torque is sin(angle), at most 1

/// Angle (0: hanging) and speed at the end of each interval, (intervals, 2), for a torque in each.
Tensor swing(const Tensor& torque) {
  Tensor y = zeros({2}, f64);
  std::vector<Tensor> states;
  for (int i = 0; i < intervals; ++i) {
    const Tensor u = slice(torque, 0, i, i + 1);
    const auto law = [&](const Tensor& s) {
      const Tensor angle = slice(s, 0, 0, 1), speed = slice(s, 0, 1, 2);
      return concat({speed, u - sin(angle) - 0.05 * speed});
    };
    for (int k = 0; k < 3; ++k) y = rk4(law, y, interval / 3);
    states.push_back(y);
  }
  return stack(states);
}

bool pendulum(int steps) {
  std::printf(
      "\n3. A pendulum and a motor with %.2f of the torque that would hold it level: upright in %.0f, and at "
      "rest\n",
      strongest, intervals * interval);
  manual_seed(3);
  const Tensor c = parameter(0.1 * randn({intervals}, f64));
  const auto torque = [&] { return strongest * tanh(c); };
  const auto cost = [&] {
    const Tensor last = slice(swing(torque()), 0, -4, intervals), angle = slice(last, 1, 0, 1),
                 speed = slice(last, 1, 1, 2);
    return mean(1.0 + cos(angle) + 0.5 * square(speed)) + 0.005 * mean(square(torque()));
  };
  const GradcheckReport report = gradcheck_leaves({c}, cost);
  std::printf("   the derivative in %d torques, through %d steps of the solver: %s\n", intervals,
              3 * intervals, report.ok() ? "agrees with differences" : report.problem.c_str());
  optim::Adam optimizer({c}, {.lr = 0.1});
  for (int step = 0; step <= steps; ++step) {
    optimizer.set_lr(0.1 * 0.5 * (1 + std::cos(std::numbers::pi * step / (steps + 1))));
    const Tensor loss = cost();
    if (step % (steps / 4) == 0) std::printf("   step %3d, cost %.4f\n", step, loss.item());
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  const NoGrad guard;
  const auto states = swing(torque()).array<double>(), u = torque().array<double>();
  std::printf("   time  torque   angle  height, from hanging to upright\n");
  for (std::size_t i = 3; i < intervals; i += 4) {
    const double height = (1 - std::cos(states(i, 0))) / 2;
    std::string line(41, ' ');
    line.front() = line.back() = '|';
    line[static_cast<std::size_t>(std::lround(height * 40))] = 'o';
    std::printf("   %4.0f  %6.2f  %5.0f°  %s\n", static_cast<double>(i + 1) * interval, u(i),
                states(i, 0) * 180 / std::numbers::pi, line.c_str());
  }
  return report.ok() && cost().item() < 0.1;
}

// 4. A neural ODE (Chen et al., 2018): the law itself is a network, learned from what it does.

struct Law : nn::Module {
  nn::Linear hidden{2, 32}, output{32, 2};
  Tensor operator()(const Tensor& y) const { return output(tanh(hidden(y))); }
  void visit(nn::Visitor& v) override {
    v("hidden", hidden);
    v("output", output);
  }
};

Tensor true_law(const Tensor& y) {  // a pendulum with friction, which the network is not told
  const Tensor angle = slice(y, 1, 0, 1), speed = slice(y, 1, 1, 2);
  return concat({speed, -sin(angle) - 0.1 * speed}, 1);
}

/// The states (samples, 2) after 0, 1, ... steps of 0.1.
template <class F>
std::vector<Tensor> follow(const F& law, Tensor y, int steps) {
  std::vector<Tensor> states = {y};
  for (int i = 0; i < steps; ++i) states.push_back(y = rk4(law, y, 0.1));
  return states;
}

/// `n` states with energies below that of the upright pendulum.
Tensor starts(std::int64_t n) { return concat({uniform({n, 1}, -1.8, 1.8), uniform({n, 1}, -0.8, 0.8)}, 1); }

bool neural_ode(int epochs) {
  std::printf(
      "\n4. A law of motion from 40 noisy paths of 5 time units; the network sees positions and speeds "
      "only\n");
  manual_seed(1);
  constexpr int length = 50, window = 10;
  std::vector<Tensor> paths = follow(true_law, starts(40), length);
  for (Tensor& state : paths) state = state + 0.01 * randn(state.shape());
  // Short pieces: errors have no time to grow, and all of them are one batch.
  std::vector<Tensor> first, later;
  for (int begin = 0; begin + window <= length; begin += window)
    first.push_back(paths[static_cast<std::size_t>(begin)]);
  for (int i = 1; i <= window; ++i) {
    std::vector<Tensor> parts;
    for (int begin = 0; begin + window <= length; begin += window)
      parts.push_back(paths[static_cast<std::size_t>(begin + i)]);
    later.push_back(concat(parts));
  }
  const Tensor y0 = concat(first), target = stack(later);

  Law law;
  optim::Adam optimizer(law.parameters(), {.lr = 0.01});
  for (int epoch = 0; epoch <= epochs; ++epoch) {
    optimizer.set_lr(0.01 * 0.5 * (1 + std::cos(std::numbers::pi * epoch / (epochs + 1))));
    std::vector<Tensor> states = follow(law, y0, window);
    states.erase(states.begin());
    const Tensor loss = nn::mse_loss(stack(states), target);
    if (epoch % (epochs / 4) == 0) std::printf("   epoch %4d, mean squared error %.6f\n", epoch, loss.item());
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }

  const NoGrad guard;
  const Tensor fresh = starts(20);
  const std::vector<Tensor> real = follow(true_law, fresh, 200), learned = follow(law, fresh, 200);
  std::printf("   20 new starts: error of the state (root mean square) after a time of\n   ");
  for (const int t : {1, 5, 10, 20}) std::printf("  %6d", t);
  std::printf("\n   ");
  double last = 0;
  for (const std::size_t i : {10, 50, 100, 200})
    std::printf("  %6.3f", last = std::sqrt(nn::mse_loss(learned[i], real[i]).item()));
  std::printf("   the network\n   ");
  for (const std::size_t i : {10, 50, 100, 200})
    std::printf("  %6.3f", std::sqrt(mean(square(real[i])).item()));
  std::printf("   a pendulum at rest, for comparison\n");
  return last < 0.3;
}

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  bool holds = oscillator();
  holds = springs() && holds;
  holds = pendulum(quick ? 200 : 400) && holds;
  holds = neural_ode(quick ? 200 : 3000) && holds;
  return holds ? 0 : 1;  // a test relies on it
}
