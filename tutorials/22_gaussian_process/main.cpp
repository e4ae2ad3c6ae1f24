// Gaussian processes: what data say about a kernel's parameters, and predictions with their uncertainty.
// Usage: gaussian_process [--data FOLDER] [--quick]
// FOLDER, or $WENGERT_DATA, holds timeseries/sunspots.csv; --quick needs no data and makes a series itself.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>
#include <xtensor/xadapt.hpp>

using namespace wengert;

const TensorOptions f64 = {.dtype = float64};
constexpr double pi = std::numbers::pi;

/// A covariance as a function of the distance of two inputs and of positive parameters p (k), the last of
/// which is the deviation of the noise. The logarithms of the parameters are learned.
struct Kernel {
  std::string name;
  std::vector<double> start;
  std::function<Tensor(const Tensor& distance, const Tensor& p)> covariance;
};

Tensor at(const Tensor& p, std::int64_t i) { return squeeze(slice(p, 0, i, i + 1)); }

/// p[i]^2 exp(-d^2 / (2 p[i + 1]^2)): smooth, and forgotten beyond the length p[i + 1].
Tensor bell(const Tensor& d, const Tensor& p, std::int64_t i) {
  return square(at(p, i)) * exp(-0.5 * square(d / at(p, i + 1)));
}
/// p[i]^2 exp(-|d| / p[i + 1]): as rough as a random walk.
Tensor rough(const Tensor& d, const Tensor& p, std::int64_t i) {
  return square(at(p, i)) * exp(-abs(d) / at(p, i + 1));
}
/// 1 at every multiple of the period p[i], and the lower in between the smaller p[i + 1] is.
Tensor cycle(const Tensor& d, const Tensor& p, std::int64_t i) {
  return exp(-2.0 * square(sin(pi * d / at(p, i)) / at(p, i + 1)));
}

/// a[i] - b[j], (m, n).
Tensor distances(const Tensor& a, const Tensor& b) { return unsqueeze(a, 1) - unsqueeze(b, 0); }

/// A series that a Gaussian process explains: K = L L', K with the noise on its diagonal.
struct Process {
  const Kernel& kernel;
  Tensor theta;    // logarithms of the parameters (k)
  Tensor x, y;     // (n)
  Tensor L, half;  // (n, n), and L^-1 y

  Process(const Kernel& k, const Tensor& logarithms, const Tensor& inputs, const Tensor& values)
      : kernel(k), theta(logarithms), x(inputs), y(values) {
    const Tensor p = exp(theta);
    L = cholesky(kernel.covariance(distances(x, x), p) + square(at(p, -1 + p.size())) * eye(x.size(), f64));
    half = solve_triangular(L, y);
  }

  /// log p(y): what is not explained, and what the explanation could have explained beside it.
  Tensor evidence() const {
    return -0.5 * sum(square(half)) - sum(log(diagonal(L))) -
           0.5 * static_cast<double>(x.size()) * std::log(2 * pi);
  }

  struct Prediction {
    Tensor mean, deviation;  // of a measurement, noise included
  };
  Prediction predict(const Tensor& at_x) const {
    const Tensor p = exp(theta), V = solve_triangular(L, kernel.covariance(distances(x, at_x), p));
    const Tensor prior = kernel.covariance(zeros_like(at_x), p) + square(at(p, p.size() - 1));
    return {matmul(half, V), sqrt(prior - sum(square(V), {0}))};
  }
};

Tensor logarithms(const std::vector<double>& values) {
  return log(Tensor(xt::xarray<double>(xt::adapt(values))));
}

/// The parameters with the largest evidence, from `theta` on: the way up by Adam.
Tensor learn(const Kernel& kernel, const Tensor& start, const Tensor& x, const Tensor& y, int steps) {
  const Tensor theta = parameter(start);
  optim::Adam optimizer({theta}, {.lr = 0.1, .betas = {0.9, 0.99}, .maximize = true});
  for (int step = 0; step < steps; ++step) {
    optimizer.set_lr(0.1 * 0.5 * (1 + std::cos(pi * step / steps)));
    optimizer.zero_grad();
    Process(kernel, theta, x, y).evidence().backward();
    optimizer.step();
  }
  return theta.detach();
}

const Kernel smooth = {
    "one smooth curve", {1.0, 1.0, 0.3}, [](const Tensor& d, const Tensor& p) { return bell(d, p, 0); }};

/// A draw: L times independent normal numbers.
Tensor draw(const Kernel& kernel, const Tensor& theta, const Tensor& x) {
  return matmul(Process(kernel, theta, x, zeros_like(x)).L, randn(x.shape(), f64));
}

// 1. The evidence, three ways.

bool derivatives() {
  std::printf("1. The logarithm of the evidence of 40 numbers, and its derivative\n");
  manual_seed(1);
  const Tensor x = 10.0 * rand({40}, f64), theta = logarithms({1.5, 0.8, 0.2});
  const Tensor y = draw(smooth, theta, x);
  const auto evidence = [&](const Tensor& t) { return Process(smooth, t, x, y).evidence(); };
  const auto [value, gradient] = value_and_grad(evidence, theta);

  // Each number as predicted from those before it: the product of their densities is the density of all.
  double chain = 0;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    double mean = 0, deviation = std::hypot(1.5, 0.2);
    if (i > 0) {
      const auto next =
          Process(smooth, theta, slice(x, 0, 0, i), slice(y, 0, 0, i)).predict(slice(x, 0, i, i + 1));
      mean = next.mean.item(), deviation = next.deviation.item();
    }
    const double z = (slice(y, 0, i, i + 1).item() - mean) / deviation;
    chain += -0.5 * z * z - std::log(deviation) - 0.5 * std::log(2 * pi);
  }
  std::printf("   by cholesky %.10f, number after number %.10f\n", value.item(), chain);

  // 1/2 trace((a a' - K^-1) dK/dtheta), a = K^-1 y: the textbook's, with dK/dtheta a Jacobian.
  const auto covariance = [&](const Tensor& t) {
    const Tensor p = exp(t);
    return smooth.covariance(distances(x, x), p) + square(at(p, 2)) * eye(x.size(), f64);
  };
  const Tensor inverse = inv(covariance(theta)), a = matmul(inverse, y);
  const Tensor formula = 0.5 * einsum("ij,jik->k", {outer(a, a) - inverse, jacobian(covariance, theta)});
  const double apart = max(abs(formula / gradient - 1.0)).item();
  const GradcheckReport report =
      gradcheck([&](const std::vector<Tensor>& in) { return evidence(in[0]); }, {theta}, {.order = 2});
  std::printf("   derivative: backward() and the textbook's trace agree: %s; with differences, twice: %s\n",
              apart < 1e-8 ? "yes" : "no", report.ok() ? "yes" : report.problem.c_str());
  return std::abs(value.item() - chain) < 1e-8 && apart < 1e-8 && report.ok();
}

// 2. Known parameters, found again.

bool recovery(int series, int steps) {
  std::printf("\n2. %d series of 100 numbers drawn with known parameters, learned from each\n", series);
  manual_seed(2);
  const std::vector<double> known = {1.5, 0.8, 0.2};
  const Tensor truth = logarithms(known);
  xt::xarray<double> estimates = xt::zeros<double>({series, 3});
  double within[2] = {}, covered = 0, more = 0;
  for (int s = 0; s < series; ++s) {
    const Tensor everywhere = 10.0 * rand({200}, f64), all = draw(smooth, truth, everywhere);
    const Tensor x = slice(everywhere, 0, 0, 100), y = slice(all, 0, 0, 100);
    const Tensor theta = learn(smooth, logarithms(smooth.start), x, y, steps);
    const auto evidence = [&](const Tensor& t) { return Process(smooth, t, x, y).evidence(); };
    const Tensor deviation = sqrt(diagonal(inv(-hessian(evidence, theta))));
    const auto z = ((theta - truth) / deviation).array<double>();
    const auto found = exp(theta).array<double>();
    for (std::size_t i = 0; i < 3; ++i) {
      estimates(static_cast<std::size_t>(s), i) = found(i);
      within[0] += std::abs(z(i)) < 1, within[1] += std::abs(z(i)) < 2;
    }
    more += evidence(theta).item() - evidence(truth).item();
    const Process process(smooth, theta, x, y);
    const auto [mean, spread] = process.predict(slice(everywhere, 0, 100, 200));
    covered += wengert::mean((abs(slice(all, 0, 100, 200) - mean) < 1.96 * spread).astype(float64)).item();
  }
  const Tensor all(estimates);
  const auto middle = mean(all, {0}).array<double>(), spread = wengert::std(all, {0}).array<double>();
  const char* names[] = {"deviation", "length", "noise"};
  for (std::size_t i = 0; i < 3; ++i)
    std::printf("   %-10s known %.2f   learned %.3f +- %.3f\n", names[i], known[i], middle(i), spread(i));
  std::printf("   the evidence is larger than at the truth by %.2f on average (3 parameters: 1.5)\n",
              more / series);
  std::printf("   within 1 and 2 deviations by the Hessian: %.0f %% and %.0f %% (68 and 95)\n",
              100 * within[0] / (3 * series), 100 * within[1] / (3 * series));
  std::printf("   new numbers within their 95 %% interval: %.1f %%\n", 100 * covered / series);
  return std::abs(covered / series - 0.95) < 0.03 && std::abs(middle(1) - 0.8) < 0.1 && more > 0;
}

// 3. Sunspots, one number a year. Their roots are taken: large numbers vary more than small ones.

struct Series {
  std::string name;
  Tensor x, y;  // years, and root of the number less the mean of those that are known, (n)
  std::int64_t known;
};

Series series(std::string name, const Tensor& years, const Tensor& roots) {
  const std::int64_t known = years.size() - 30;
  return {std::move(name), years, roots - mean(slice(roots, 0, 0, known)), known};
}

Series sunspots(const std::string& path) {
  const Tensor table = data::read_csv(path, {.header = true});
  return series("Sunspots, 1700 to 2008", squeeze(slice(table, 1, 0, 1)),
                sqrt(squeeze(slice(table, 1, 1, 2))));
}

const std::vector<Kernel> kernels = {
    {"smooth", {3, 3, 1}, [](const Tensor& d, const Tensor& p) { return bell(d, p, 0); }},
    {"rough", {3, 10, 1}, [](const Tensor& d, const Tensor& p) { return rough(d, p, 0); }},
    {"cycle for ever",
     {3, 11, 1, 1},
     [](const Tensor& d, const Tensor& p) { return square(at(p, 0)) * cycle(d, p, 1); }},
    {"smooth * cycle",
     {3, 30, 11, 1, 1},
     [](const Tensor& d, const Tensor& p) { return bell(d, p, 0) * cycle(d, p, 2); }},
    {"rough * cycle",
     {3, 30, 11, 1, 1},
     [](const Tensor& d, const Tensor& p) { return rough(d, p, 0) * cycle(d, p, 2); }},
    {"rough * cycle + trend",
     {3, 30, 11, 1, 2, 60, 1},
     [](const Tensor& d, const Tensor& p) { return rough(d, p, 0) * cycle(d, p, 2) + bell(d, p, 4); }},
};

/// A draw with the fifth kernel: a cycle of 11 years whose beats are forgotten within 30.
Series drawn(std::int64_t n) {
  manual_seed(3);
  const Tensor years = arange(static_cast<double>(n), f64);
  return series("No data with --quick: a series drawn with rough * cycle", years,
                draw(kernels[4], logarithms({3, 30, 11, 1.4, 0.2}), years));
}

double rms(const Tensor& x) { return std::sqrt(mean(square(x)).item()); }
double inside(const Tensor& error, const Tensor& deviation) {
  return 100 * mean((abs(error) < 1.96 * deviation).astype(float64)).item();
}

/// The last 30 years, each predicted when the one before is known.
Process::Prediction year_by_year(const Kernel& kernel, const Tensor& theta, const Series& s) {
  std::vector<Tensor> means, deviations;
  for (std::int64_t i = s.known; i < s.x.size(); ++i) {
    const Process process(kernel, theta, slice(s.x, 0, 0, i), slice(s.y, 0, 0, i));
    const auto [mean, deviation] = process.predict(slice(s.x, 0, i, i + 1));
    means.push_back(mean), deviations.push_back(deviation);
  }
  return {concat(means), concat(deviations)};
}

/// y[i] from y[i - 1] and y[i - 2], by least squares (Yule, "On a method of investigating periodicities in
/// disturbed series, with special reference to Wolfer's sunspot numbers", 1927).
Tensor autoregression(const Series& s) {
  const auto rows = [&](std::int64_t begin, std::int64_t end) {
    return stack({slice(s.y, 0, begin - 1, end - 1), slice(s.y, 0, begin - 2, end - 2)}, 1);
  };
  return matmul(rows(s.known, s.x.size()), lstsq(rows(2, s.known), slice(s.y, 0, 2, s.known)));
}

void chart(const Series& s, const Process::Prediction& far) {
  const Tensor held = slice(s.y, 0, s.known, s.x.size());
  const auto year = slice(s.x, 0, s.known, s.x.size()).array<double>(), truth = held.array<double>(),
             middle = far.mean.array<double>(), deviation = far.deviation.array<double>();
  std::printf("   all 30 from the years before: 95 %% interval, its middle |, what was measured o\n");
  for (std::size_t i = 0; i < 30; i += 2) {
    std::string line(61, ' ');
    const auto place = [](double v) { return static_cast<std::size_t>(std::clamp(30 + 3 * v, 0.0, 60.0)); };
    for (std::size_t k = place(middle(i) - 1.96 * deviation(i)); k <= place(middle(i) + 1.96 * deviation(i));
         ++k)
      line[k] = '-';
    line[place(middle(i))] = '|';
    line[place(truth(i))] = 'o';
    std::printf("   %4.0f  %s\n", year(i), line.c_str());
  }
}

bool forecast(const Series& s, int steps) {
  std::printf("\n3. %s: the last 30 are predicted\n", s.name.c_str());
  const Tensor x = slice(s.x, 0, 0, s.known), y = slice(s.y, 0, 0, s.known),
               later = slice(s.x, 0, s.known, s.x.size());
  const Tensor held = slice(s.y, 0, s.known, s.x.size());
  std::printf("   %-24s  log evidence    next year  in 95 %%     30 years  in 95 %%\n",
              "error (root mean square)");
  double best = -INFINITY, near = 0;
  const Kernel* chosen = nullptr;
  Tensor theta;
  for (const Kernel& kernel : kernels) {
    const Tensor learned = learn(kernel, logarithms(kernel.start), x, y, steps);
    const Process process(kernel, learned, x, y);
    const auto far = process.predict(later), next = year_by_year(kernel, learned, s);
    const double evidence = process.evidence().item(), error = rms(held - next.mean);
    std::printf("   %-24s  %12.2f   %10.2f   %4.0f %%   %10.2f   %4.0f %%\n", kernel.name.c_str(), evidence,
                error, inside(held - next.mean, next.deviation), rms(held - far.mean),
                inside(held - far.mean, far.deviation));
    if (evidence > best + 1) best = evidence, near = error, chosen = &kernel, theta = learned;
  }
  const double pair = rms(held - autoregression(s)),
               same = rms(held - slice(s.y, 0, s.known - 1, s.x.size() - 1));
  std::printf("   %-24s  %12s   %10.2f\n", "Yule's two years", "", pair);
  std::printf("   %-24s  %12s   %10.2f\n", "as last year", "", same);
  std::printf("   %-24s  %12s   %10s   %6s   %10.2f\n", "the mean", "", "", "", rms(held));
  std::printf("   chosen by its evidence: %s; its parameters:", chosen->name.c_str());
  for (const double v : exp(theta).array<double>()) std::printf(" %.2f", v);
  std::printf("\n");
  chart(s, Process(*chosen, theta, x, y).predict(later));
  return chosen->name == "rough * cycle" && near < same && near < pair;
}

int main(int argc, char** argv) {
  bool quick = false;
  const char* variable = std::getenv("WENGERT_DATA");
  std::string folder = variable ? variable : ".";
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0)
      quick = true;
    else if (std::strcmp(argv[i], "--data") == 0 && i + 1 < argc)
      folder = argv[++i];
    else
      return std::fprintf(stderr, "Usage: gaussian_process [--data FOLDER] [--quick]\n"), 2;
  }
  const std::string path = folder + "/timeseries/sunspots.csv";
  if (!quick && !std::ifstream(path)) {
    std::fprintf(
        stderr,
        "There is no %s.\nName the folder that holds it, by --data FOLDER or in $WENGERT_DATA. The sunspot "
        "numbers are part of statsmodels; with Debian:\n\n"
        "    sudo apt-get install python3-statsmodels\n    mkdir -p data/timeseries\n"
        "    cp /usr/lib/python3/dist-packages/statsmodels/datasets/sunspots/sunspots.csv data/timeseries\n\n"
        "then --data data. With --quick no data are needed.\n",
        path.c_str());
    return 2;
  }
  bool holds = derivatives();
  holds = recovery(quick ? 8 : 40, 100) && holds;
  holds = forecast(quick ? drawn(130) : sunspots(path), quick ? 100 : 300) && holds;
  return holds ? 0 : 1;  // a test relies on it
}
