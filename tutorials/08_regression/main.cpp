// Linear regression by descent, with every penalty, each held against the answer that mathematics has.
// Usage: regression [--quick]     (--quick: one split instead of five in the last part)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

const TensorOptions f64 = {.dtype = float64};

/// What the columns of a table must be moved and divided by to have mean 0 and deviation 1.
struct Scale {
  Tensor mean, deviation;
  explicit Scale(const Tensor& x) : mean(wengert::mean(x, {0})), deviation(wengert::std(x, {0})) {}
  Tensor operator()(const Tensor& x) const { return (x - mean) / deviation; }
};

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

// 1. The simplest model is one number for everybody.

/// The number c with the least mean loss, by descent with ever smaller steps.
double best_constant(const Tensor& y, const std::function<Tensor(const Tensor&, const Tensor&)>& loss) {
  const Tensor c = parameter(full({}, 0.0, f64));
  optim::SGD optimizer({c}, {.lr = 1.0});
  for (int step = 0; step < 4000; ++step) {
    optimizer.set_lr(step < 2000 ? 0.4 : 0.4 * std::pow(0.99, (step - 2000) / 4.0));
    optimizer.zero_grad();
    loss(broadcast_to(c, y.shape()), y).backward();
    optimizer.step();
  }
  return c.item();
}

bool constants(const Tensor& y) {
  std::printf("1. One number for all: the squared error finds the mean, the absolute error a median\n");
  // Ten patients whose label was written down with a zero too many.
  const Tensor spoiled = y * (1.0 + 9.0 * (arange(static_cast<double>(y.size())) < 10.0).astype(float64));
  bool holds = true;
  for (const auto& [name, values] : {std::pair{"as they are", y}, {"ten spoiled", spoiled}}) {
    const auto squared = [](const Tensor& p, const Tensor& t) { return nn::mse_loss(p, t); };
    const auto absolute = [](const Tensor& p, const Tensor& t) { return nn::l1_loss(p, t); };
    const double by_square = best_constant(values, squared), by_absolute = best_constant(values, absolute);
    const auto sorted = sort(values).array<double>();
    const double low = sorted(y.size() / 2 - 1), high = sorted(y.size() / 2);
    std::printf("   %s: mse_loss %.2f (mean %.2f), l1_loss %.1f (medians %.0f to %.0f)\n", name, by_square,
                mean(values).item(), by_absolute, low, high);
    holds = holds && std::abs(by_square - mean(values).item()) < 1e-6 && by_absolute > low - 0.1 &&
            by_absolute < high + 0.1;
  }
  return holds;
}

// 2. Least squares.

bool least_squares(const Tensor& X, const Tensor& y) {
  std::printf("\n2. Least squares, ten columns: descent against lstsq(X, y)\n");
  const Tensor closed = lstsq(X, y);
  const auto loss = [&](const Tensor& w) { return nn::mse_loss(matmul(X, w), y); };
  const Tensor H = hessian(loss, zeros({10}, f64));
  const auto eigenvalues = eigh(H).eigenvalues.array<double>();
  const double largest = eigenvalues(9), smallest = eigenvalues(0);
  std::printf("   curvature of the loss: from %.4f to %.2f, so a condition of %.0f\n", smallest, largest,
              largest / smallest);

  const double root = std::sqrt(smallest / largest), heavy = std::pow((1 - root) / (1 + root), 2);
  const Tensor plain = parameter(zeros({10}, f64)), rolling = parameter(zeros({10}, f64));
  optim::SGD descent({plain}, {.lr = 1 / largest});
  // The step and the momentum that are best for a quadratic (Polyak, 1964).
  optim::SGD momentum({rolling},
                      {.lr = 4 / std::pow(std::sqrt(largest) + std::sqrt(smallest), 2), .momentum = heavy});
  std::printf("   largest distance of a coefficient      step 0        10       100      1000\n");
  std::string lines[2] = {"   descent, step 1 / curvature     ", "   the same, with a momentum       "};
  for (int step = 0; step <= 1000; ++step) {
    for (int which = 0; which < 2; ++which) {
      optim::SGD& optimizer = which == 0 ? descent : momentum;
      const Tensor& w = which == 0 ? plain : rolling;
      if (step == 0 || step == 10 || step == 100 || step == 1000) {
        char text[32];
        std::snprintf(text, sizeof text, "  %8.1e", distance(w, closed));
        lines[which] += text;
      }
      optimizer.zero_grad();
      loss(w).backward();
      optimizer.step();
    }
  }
  std::printf("%s\n%s\n", lines[0].c_str(), lines[1].c_str());
  const Tensor start = randn({10}, f64);
  const Tensor newton = start - solve(H, value_and_grad(loss, start).second);
  std::printf("   one step of Newton's method from anywhere is exact: %s\n",
              distance(newton, closed) < 1e-8 ? "yes" : "no");
  return distance(rolling, closed) < 1e-8 && distance(newton, closed) < 1e-8;
}

// 3. to 5. Penalties. The loss is mean((X w - y)^2) + price * (ratio |w|_1 + (1 - ratio) |w|_2^2).

struct Penalty {
  double price = 0.0;
  double ratio = 0.0;  // 0: l2 (ridge), 1: l1 (lasso), between: elastic net
};

Tensor soft_threshold(const Tensor& w, double t) { return relu(w - t) - relu(-w - t); }

/// The minimum by accelerated proximal descent (Beck and Teboulle, "A fast iterative shrinkage-thresholding
/// algorithm", 2009): a step down the smooth part, which the tape differentiates, then |w| is minimized
/// exactly.
Tensor minimize(const Tensor& X, const Tensor& y, const Penalty& p, Tensor w, int steps = 3000) {
  const Tensor gram = 2.0 / static_cast<double>(X.shape()[0]) * matmul(transpose(X), X);
  const double lr = 1 / (max(eigh(gram).eigenvalues).item() + 2 * p.price * (1 - p.ratio));
  const auto smooth = [&](const Tensor& v) {
    return nn::mse_loss(matmul(X, v), y) + p.price * (1 - p.ratio) * nn::l2({v});
  };
  Tensor ahead = w;
  double t = 1;
  for (int step = 0; step < steps; ++step) {
    const Tensor next =
        soft_threshold(ahead - lr * value_and_grad(smooth, ahead).second, lr * p.price * p.ratio);
    // Begin anew where the momentum points uphill (O'Donoghue and Candes, 2015).
    if (sum((ahead - next) * (next - w)).item() > 0) t = 1;
    const double later = (1 + std::sqrt(1 + 4 * t * t)) / 2;
    const Tensor move = next - w;
    ahead = next + (t - 1) / later * move;
    t = later, w = next;
    if (max(abs(move)).item() < 1e-11) break;
  }
  return w;
}

/// How far w is from the conditions of the minimum: with the gradient g of the smooth part and l = price *
/// ratio, g = -l sign(w) where w is not 0, and |g| <= l where it is.
double violation(const Tensor& X, const Tensor& y, const Penalty& p, const Tensor& w) {
  const auto smooth = [&](const Tensor& v) {
    return nn::mse_loss(matmul(X, v), y) + p.price * (1 - p.ratio) * nn::l2({v});
  };
  const Tensor g = value_and_grad(smooth, w).second;
  const double l = p.price * p.ratio;
  return max(where(w == 0.0, relu(abs(g) - l), abs(g + l * sign(w)))).item();
}

int count(const Tensor& w) { return static_cast<int>(count_nonzero(w).item()); }

void print_row(double price, const Tensor& w) {
  std::printf("   %8.3f", price);
  for (const double value : w.array<double>()) {
    if (value == 0)
      std::printf("      .");
    else
      std::printf(" %6.1f", value);
  }
}

void print_head() {
  std::printf("   %8s", "price");
  for (const char* name : {"age", "sex", "bmi", "bp", "chol", "ldl", "hdl", "ratio", "trigl", "gluc"})
    std::printf(" %6s", name);
}

bool ridge(const Tensor& X, const Tensor& y) {
  std::printf(
      "\n3. l2 (ridge): every coefficient shrinks. Against the solution of (X'X / n + price I) w = X'y / "
      "n\n");
  print_head();
  std::printf("  distance\n");
  const double n = static_cast<double>(X.shape()[0]);
  bool holds = true;
  for (const double price : {0.0, 0.01, 0.1, 1.0, 10.0}) {
    const Tensor closed =
        solve(matmul(transpose(X), X) / n + price * eye(10, f64), matmul(transpose(X), y) / n);
    const Tensor w = minimize(X, y, {price, 0.0}, zeros({10}, f64));
    print_row(price, w);
    std::printf("   %s\n", distance(w, closed) < 1e-8 ? "< 1e-8" : "more");
    holds = holds && distance(w, closed) < 1e-8;
  }
  return holds;
}

bool lasso(const Tensor& X, const Tensor& y, const std::vector<std::string>& names) {
  const double n = static_cast<double>(X.shape()[0]);
  const double most = 2 / n * max(abs(matmul(transpose(X), y))).item();
  std::printf("\n4. l1 (lasso): coefficients leave one by one, all at price 2 max|X'y| / n = %.2f\n", most);
  print_head();
  std::printf("  conditions\n");
  bool holds = true;
  Tensor w = zeros({10}, f64);
  for (const double price : {0.0, 0.3, 2.0, 5.0, 15.0, 50.0, most * 1.001}) {
    w = minimize(X, y, {price, 1.0}, zeros({10}, f64));
    const bool met = violation(X, y, {price, 1.0}, w) < 1e-7;
    print_row(price, w);
    std::printf("   %s\n", met ? "< 1e-7" : "more");
    holds = holds && met;
  }
  holds = holds && count(w) == 0;

  // The whole path downward, each solution the start of the next.
  std::vector<std::int64_t> order;
  w = zeros({10}, f64);
  for (double price = most; price > most * 1e-4; price *= 0.97) {
    w = minimize(X, y, {price, 1.0}, w);
    const auto values = w.array<double>();
    for (std::int64_t i = 0; i < 10; ++i)
      if (values(i) != 0 && std::ranges::find(order, i) == order.end()) order.push_back(i);
  }
  std::printf("   they come in as:");
  for (const std::int64_t i : order)
    std::printf(" %s%s", names[static_cast<std::size_t>(i)].c_str(), i == order.back() ? "\n" : ",");
  holds = holds && order == std::vector<std::int64_t>{2, 8, 3, 6, 1, 9, 4, 7, 5, 0};

  // Descending the whole loss, corner and all, comes near but does not arrive.
  const Tensor v = parameter(zeros({10}, f64));
  optim::Adam optimizer({v}, {.lr = 0.1});
  for (int step = 0; step < 5000; ++step) {
    optimizer.zero_grad();
    (nn::mse_loss(matmul(X, v), y) + 5.0 * nn::l1({v})).backward();
    optimizer.step();
  }
  const Tensor exact = minimize(X, y, {5.0, 1.0}, zeros({10}, f64));
  std::printf(
      "   at price 5 Adam has %d coefficients that are not 0, the proximal step %d; they are %.2f apart\n",
      count(v), count(exact), distance(v, exact));
  return holds && count(v) == 10;
}

bool elastic_net(const Tensor& X, const Tensor& y) {
  std::printf("\n5. Elastic net: columns of one length and at right angles have closed forms\n");
  const double n = static_cast<double>(X.shape()[0]);
  const Tensor Q = std::sqrt(n) * qr(X).q, z = matmul(transpose(Q), y) / n;
  bool holds = true;
  for (const double ratio : {0.0, 0.5, 1.0}) {
    double worst = 0;
    for (const double price : {0.1, 1.0, 10.0, 30.0})
      worst = std::max(worst, distance(minimize(Q, y, {price, ratio}, zeros({10}, f64)),
                                       soft_threshold(z, price * ratio / 2) / (1 + price * (1 - ratio))));
    std::printf("   ratio %.1f: soft(z, price ratio / 2) / (1 + price (1 - ratio)), four prices: %s\n", ratio,
                worst < 1e-8 ? "< 1e-8" : "more");
    holds = holds && worst < 1e-8;
  }

  std::printf("   a column that is there twice (bmi, again as age), price 2\n");
  const Tensor bmi = slice(X, 1, 2, 3);
  const Tensor twice = concat({bmi, slice(X, 1, 1, 10)}, 1);
  for (const double ratio : {1.0, 0.5}) {
    const Tensor start = 30.0 * squeeze(slice(eye(10, f64), 0, 0, 1));
    const Tensor w = minimize(twice, y, {2.0, ratio}, start, 20000);
    const auto values = w.array<double>();
    std::printf("   ratio %.1f, from (30, 0): the two get %.2f and %.2f\n", ratio, values(0), values(2));
    holds = holds && (std::abs(values(0) - values(2)) < 1e-6) == (ratio < 1);
  }
  return holds;
}

// 6. What it is good for.

/// The columns, their squares and their products in pairs.
Tensor with_products(const Tensor& x) {
  std::vector<Tensor> columns = {x};
  for (std::int64_t i = 0; i < 10; ++i)
    for (std::int64_t j = i; j < 10; ++j)
      if (i != 1 || j != 1)  // sex is 1 or 2: its square says nothing new
        columns.push_back(slice(x, 1, i, i + 1) * slice(x, 1, j, j + 1));
  return concat(columns, 1);
}

struct Columns {
  Tensor train, test;
};

/// The columns to predict from, scaled by what is known of them in training.
Columns prepare(const data::Dataset& train, const data::Dataset& test, bool products) {
  const Scale scale(train.inputs.astype(float64));
  const Tensor X = scale(train.inputs.astype(float64)), T = scale(test.inputs.astype(float64));
  if (!products) return {X, T};
  const Scale again(with_products(X));
  return {again(with_products(X)), again(with_products(T))};
}

struct Fit {
  double error;  // on the test part
  int kept;
};
Fit fit(const data::Dataset& train, const data::Dataset& test, bool products, const Penalty& penalty) {
  const auto [X, T] = prepare(train, test, products);
  const Tensor y = train.labels.astype(float64), average = mean(y);
  const Tensor w = minimize(X, y - average, penalty, zeros({X.shape()[1]}, f64), 1000);
  return {std::sqrt(nn::mse_loss(matmul(T, w) + average, test.labels.astype(float64)).item()), count(w)};
}

/// The price that does best on a quarter of the training part. The test part has no say in it.
double choose_price(const data::Dataset& train, bool products, double ratio) {
  const auto [rest, validation] = train.split(0.25, 1);
  double best = 0, least = INFINITY;
  for (double price = 0.01; price < 40; price *= 2) {
    const double error = fit(rest, validation, products, {price, ratio}).error;
    if (error < least) least = error, best = price;
  }
  return best;
}

bool held_out(const data::Table& diabetes, int splits) {
  std::printf("\n6. Error on a held-out fifth (root mean square), mean of %d split%s\n", splits,
              splits == 1 ? "" : "s");
  double guess = 0, unpenalized = 0, penalized = 0;
  for (int seed = 1; seed <= splits; ++seed) {
    const auto [train, test] = diabetes.split(0.2, static_cast<std::uint64_t>(seed));
    guess += std::sqrt(mean(square(test.labels - mean(train.labels))).item()) / splits;
  }
  std::printf("   %-45s %6.2f\n", "the mean for everybody", guess);
  struct Model {
    const char* name;
    double ratio;  // -1: no penalty
  };
  for (const bool products : {false, true})
    for (const Model& model :
         {Model{"least squares", -1}, {"ridge", 0}, {"elastic net, ratio 0.5", 0.5}, {"lasso", 1}}) {
      double error = 0, kept = 0;
      for (int seed = 1; seed <= splits; ++seed) {
        const auto [train, test] = diabetes.split(0.2, static_cast<std::uint64_t>(seed));
        Penalty penalty;
        if (model.ratio >= 0) penalty = {choose_price(train, products, model.ratio), model.ratio};
        const Fit result = fit(train, test, products, penalty);
        error += result.error / splits, kept += static_cast<double>(result.kept) / splits;
      }
      std::printf("   %s columns, %-33s %6.2f   %4.1f coefficients\n", products ? "64" : "10", model.name,
                  error, kept);
      if (products && model.ratio < 0) unpenalized = error;
      if (products && model.ratio == 1) penalized = error;
    }
  return penalized < unpenalized;
}

int main(int argc, char** argv) {
  manual_seed(1);
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  const data::Table diabetes = data::diabetes();
  const Tensor inputs = diabetes.inputs.astype(float64), labels = diabetes.labels.astype(float64);
  // Columns of mean 0 and deviation 1, labels of mean 0: no intercept is needed, and prices mean the same for
  // all.
  const Tensor X = Scale(inputs)(inputs), y = labels - mean(labels);
  bool holds = constants(labels);
  holds = least_squares(X, y) && holds;
  holds = ridge(X, y) && holds;
  holds = lasso(X, y, diabetes.features) && holds;
  holds = elastic_net(X, y) && holds;
  holds = held_out(diabetes, quick ? 1 : 5) && holds;
  return holds ? 0 : 1;  // a test relies on it
}
