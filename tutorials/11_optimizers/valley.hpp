// Part 1: Rosenbrock's valley, and who finds the way through it with how many evaluations.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

/// Of the processor, so that other programs do not count.
inline double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// (1 - x)^2 + 100 (y - x^2)^2, a sum of two squares: a floor that bends along y = x^2 and hardly falls,
/// between walls a thousand times as steep. The least value, 0, is at (1, 1).
struct Valley {
  struct Place {
    double x, y, height;
  };
  Tensor point = parameter(xt::xtensor<double, 1>{-1.2, 1.0});
  std::vector<Place> seen = {};  // wherever the function was evaluated

  Tensor residuals() {
    const Tensor x = slice(point, 0, 0, 1), y = slice(point, 0, 1, 2);
    const Tensor both = concat({1.0 - x, 10.0 * (y - square(x))});
    seen.push_back({x.item(), y.item(), sum(square(both)).item()});
    return both;
  }
  Tensor height() { return sum(square(residuals())); }
};
using Path = std::vector<Valley::Place>;
constexpr double bottom = 1e-10;

/// Down the valley until the height is below `bottom`, with at most `most` evaluations of the function.
template <class Optimizer, class Options>
Path descend(const Options& options, std::size_t most, const optim::Schedule& schedule = {}) {
  constexpr bool squares =  // wants the residuals themselves
      std::is_same_v<Optimizer, optim::GaussNewton> || std::is_same_v<Optimizer, optim::LevenbergMarquardt>;
  constexpr bool measures = requires(Optimizer & o) {
    o.step([] { return Tensor(); });
  };
  Valley valley;
  Optimizer optimizer({valley.point}, options);
  const std::unique_ptr<optim::Scheduler> scheduler(schedule ? new optim::Scheduler(optimizer, schedule)
                                                             : nullptr);
  const auto there = [](const Valley::Place& place) { return place.height <= bottom; };
  while (valley.seen.size() < most) {
    const std::size_t before = valley.seen.size();
    if constexpr (squares) {
      optimizer.step([&] { return valley.residuals(); });
    } else if constexpr (measures) {
      optimizer.step([&] { return valley.height(); });
    } else {
      optimizer.zero_grad();
      valley.height().backward();
      optimizer.step();
    }
    if (scheduler) scheduler->step();
    const auto first =
        std::find_if(valley.seen.begin() + static_cast<std::ptrdiff_t>(before), valley.seen.end(), there);
    if (first != valley.seen.end()) {
      valley.seen.erase(first + 1, valley.seen.end());
      break;
    }
  }
  return valley.seen;
}

struct Descent {
  const char* name;
  std::function<Path(std::size_t most)> go;
  Path path = {};
};

inline std::vector<Descent> valley_descents() {
  using namespace optim;
  return {
      {"gradient descent, 0.002", [](std::size_t n) { return descend<SGD>(SGDOptions{.lr = 2e-3}, n); }},
      {"momentum 0.9, 0.002",
       [](std::size_t n) { return descend<SGD>(SGDOptions{.lr = 2e-3, .momentum = 0.9}, n); }},
      {"Nesterov 0.9, 0.001",
       [](std::size_t n) {
         return descend<SGD>(SGDOptions{.lr = 1e-3, .momentum = 0.9, .nesterov = true}, n);
       }},
      {"RMSprop, 0.0005", [](std::size_t n) { return descend<RMSprop>(RMSpropOptions{.lr = 5e-4}, n); }},
      {"Adam, 0.5", [](std::size_t n) { return descend<Adam>(AdamOptions{.lr = 0.5}, n); }},
      {"Lion, 0.003", [](std::size_t n) { return descend<Lion>(LionOptions{.lr = 3e-3}, n); }},
      {"Lion, 0.003 down to 0",
       [](std::size_t n) {
         return descend<Lion>(LionOptions{.lr = 3e-3}, n,
                              schedule::polynomial({.total_iters = static_cast<std::int64_t>(n)}));
       }},
      {"LBFGS", [](std::size_t n) { return descend<LBFGS>(LBFGSOptions{.tolerance_change = 0}, n); }},
      {"NewtonCG", [](std::size_t n) { return descend<NewtonCG>(NewtonCGOptions{}, n); }},
      {"GaussNewton", [](std::size_t n) { return descend<GaussNewton>(GaussNewtonOptions{}, n); }},
      {"LevenbergMarquardt",
       [](std::size_t n) { return descend<LevenbergMarquardt>(LevenbergMarquardtOptions{}, n); }},
  };
}

/// The valley from above, dark where it is deep, and ways through it: red, green, blue, each point and the
/// line to it.
inline void draw_valley(const std::string& path, const std::vector<const Path*>& ways) {
  constexpr std::size_t width = 480, height = 360;
  constexpr double left = -1.6, right = 1.6, low = -0.6, high = 1.8;
  xt::xtensor<float, 3> picture = xt::zeros<float>({height, width, std::size_t{3}});
  for (std::size_t i = 0; i < height; ++i)
    for (std::size_t j = 0; j < width; ++j) {
      const double x = left + (right - left) * (j + 0.5) / width,
                   y = high - (high - low) * (i + 0.5) / height;
      const double f = std::pow(1 - x, 2) + 100 * std::pow(y - x * x, 2);
      const double level = std::floor(2 * std::log10(f + 1e-3)) / 2;  // two steps for a power of ten
      for (std::size_t c = 0; c < 3; ++c) picture(i, j, c) = static_cast<float>(0.55 + 0.09 * level);
    }
  constexpr std::array<std::array<float, 3>, 3> colors = {
      {{1, 0.3f, 0.3f}, {0.3f, 1, 0.3f}, {0.4f, 0.7f, 1}}};
  for (std::size_t w = 0; w < ways.size(); ++w)
    for (std::size_t k = 0; k < ways[w]->size(); ++k) {
      const Valley::Place &to = (*ways[w])[k], &from = (*ways[w])[k == 0 ? 0 : k - 1];
      for (int t = 0; t <= 400; ++t) {
        const double x = from.x + (to.x - from.x) * t / 400, y = from.y + (to.y - from.y) * t / 400;
        const int j = static_cast<int>((x - left) / (right - left) * width),
                  i = static_cast<int>((high - y) / (high - low) * height);
        const int r = t == 400 ? 2 : 0;  // the point itself is a little square
        for (int di = -r; di <= r; ++di)
          for (int dj = -r; dj <= r; ++dj) {
            if (i + di < 0 || i + di >= int{height} || j + dj < 0 || j + dj >= int{width}) continue;
            for (std::size_t c = 0; c < 3; ++c)
              picture(static_cast<std::size_t>(i + di), static_cast<std::size_t>(j + dj), c) =
                  colors[w % 3][c];
          }
      }
    }
  io::save_png(path, Tensor(picture));
}

inline bool valley(std::size_t most) {
  std::printf(
      "1. Rosenbrock's valley from (-1.2, 1), height 24.2. The least height in so many evaluations:\n");
  std::printf("   %-24s %9s %9s %9s %9s   to %.0e     time\n", "", "10", "100", "1000", "10000", bottom);
  std::vector<Descent> descents = valley_descents();
  for (Descent& descent : descents) {
    const double start = seconds();
    descent.path = descent.go(most);
    const double spent = seconds() - start;
    const Path& path = descent.path;
    std::printf("   %-24s", descent.name);
    for (const std::size_t n : {10, 100, 1000, 10000}) {
      double least = INFINITY;
      for (std::size_t k = 0; k < std::min(n, path.size()); ++k) least = std::min(least, path[k].height);
      if (least <= bottom)
        std::printf(" %9s", "there");
      else
        std::printf(" %9.2g", least);
    }
    std::printf(path.back().height <= bottom ? "  %9zu" : "          -", path.size());
    std::printf("  %7.2f ms\n", 1e3 * spent);
  }
  draw_valley("valley.png", {&descents[1].path, &descents[4].path, &descents[8].path});
  const auto arrives = [&](std::size_t i) { return descents[i].path.back().height <= bottom; };
  const auto soon = [&](std::size_t i) { return arrives(i) && descents[i].path.size() <= 100; };
  return !arrives(0) && soon(7) && soon(8) && soon(9) && soon(10);
}
