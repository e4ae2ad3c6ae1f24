// Networks that learn pictures without labels: through a bottleneck, out of noise, and as a distribution to
// draw new ones from. Usage: autoencoder [--quick] [--data FOLDER]
//   --quick: digits only, fewer epochs; otherwise Fashion-MNIST, too
//   --data: the folder of Fashion-MNIST's four files, where Debian's package dataset-fashion-mnist is not
//   installed
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <wengert/wengert.hpp>

using namespace wengert;

/// Pictures as rows of pixels from 0 to 1, and how a network for them is built and trained.
struct Task {
  std::string name;
  data::Split pictures;
  std::int64_t side, hidden, code;  // extents: of a picture, of the hidden layers, of the code
  int epochs;
  std::int64_t batch;
};

/// pixels -> hidden -> code -> hidden -> pixels.
struct Autoencoder : nn::Module {
  nn::Linear in, pack, unpack, out;

  Autoencoder(std::int64_t pixels, std::int64_t hidden, std::int64_t code)
      : in(pixels, hidden), pack(hidden, code), unpack(code, hidden), out(hidden, pixels) {}
  Tensor encode(const Tensor& x) const { return pack(relu(in(x))); }
  Tensor decode(const Tensor& z) const { return out(relu(unpack(z))); }
  Tensor operator()(const Tensor& x) const { return decode(encode(x)); }
  void visit(nn::Visitor& v) override {
    v("in", in);
    v("pack", pack);
    v("unpack", unpack);
    v("out", out);
  }
};

/// The same without nonlinearities: two matrices.
struct LinearAutoencoder : nn::Module {
  nn::Linear pack, out;

  LinearAutoencoder(std::int64_t pixels, std::int64_t code) : pack(pixels, code), out(code, pixels) {}
  Tensor operator()(const Tensor& x) const { return out(pack(x)); }
  void visit(nn::Visitor& v) override {
    v("pack", pack);
    v("out", out);
  }
};

/// A code that is a distribution: for each picture a mean and a variance in each of its dimensions.
struct Variational : nn::Module {
  nn::Linear in, mean, log_variance, unpack, out;

  struct Code {
    Tensor mean, log_variance;
    /// A draw that can be differentiated: all that is random in it does not depend on the weights.
    Tensor draw() const { return mean + exp(0.5 * log_variance) * randn(mean.shape()); }
    /// The divergence of Kullback and Leibler from the standard normal distribution, (n,).
    Tensor divergence() const {
      return 0.5 * sum(square(mean) + exp(log_variance) - 1.0 - log_variance, {1});
    }
    /// The logarithm of the density at z, (n,).
    Tensor log_density(const Tensor& z) const {
      constexpr double log_2pi = 1.8378770664093453;
      return -0.5 * sum(square(z - mean) * exp(-log_variance) + log_variance + log_2pi, {1});
    }
  };

  Variational(std::int64_t pixels, std::int64_t hidden, std::int64_t code)
      : in(pixels, hidden),
        mean(hidden, code),
        log_variance(hidden, code),
        unpack(code, hidden),
        out(hidden, pixels) {}
  Code encode(const Tensor& x) const {
    const Tensor h = relu(in(x));
    return {mean(h), log_variance(h)};
  }
  Tensor decode(const Tensor& z) const { return out(relu(unpack(z))); }  // logits of the pixels
  void visit(nn::Visitor& v) override {
    v("in", in);
    v("mean", mean);
    v("log_variance", log_variance);
    v("unpack", unpack);
    v("out", out);
  }
};

/// log p(x | z) of pictures of black and white pixels, (n,).
Tensor log_likelihood(const Variational& model, const Tensor& x, const Tensor& z) {
  return -sum(nn::binary_cross_entropy_with_logits(model.decode(z), x, {.reduction = nn::Reduction::none}),
              {1});
}

/// The evidence lower bound of log p(x), (n,).
Tensor bound(const Variational& model, const Tensor& x) {
  const Variational::Code code = model.encode(x);
  return log_likelihood(model, x, code.draw()) - code.divergence();
}

/// A tighter one by `draws` draws of the code (Burda, Grosse and Salakhutdinov, "Importance weighted
/// autoencoders", 2016): log mean of p(x | z) p(z) / q(z | x). For draws without end it is log p(x).
Tensor tighter_bound(const Variational& model, const Tensor& x, int draws) {
  const Variational::Code code = model.encode(x), prior{zeros_like(code.mean), zeros_like(code.mean)};
  std::vector<Tensor> weights;
  for (int i = 0; i < draws; ++i) {
    const Tensor z = code.draw();
    weights.push_back(log_likelihood(model, x, z) + prior.log_density(z) - code.log_density(z));
  }
  return logsumexp(stack(weights, 1), {1}) - std::log(draws);
}

/// Adam, with steps that go to 0 like a cosine.
void learn(const nn::Module& model, const Task& task, int epochs, const std::string& name,
           const std::function<Tensor(const Tensor& x)>& loss_of) {
  data::Loader batches(task.pictures.train, {.batch_size = task.batch, .drop_last = true});
  optim::Adam optimizer(model.parameters(), {.lr = 2e-3});
  optim::Scheduler scheduler(optimizer, optim::schedule::cosine({.t_max = epochs * batches.size()}));
  training::Progress progress(epochs, {.interval = epochs});
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    training::Mean mean;
    for (const auto& [x, labels] : batches) {
      const Tensor loss = loss_of(x);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      scheduler.step();
      mean.add(loss.item());
    }
    char text[120];
    std::snprintf(text, sizeof text, "%s, epoch %2d/%d   loss %.4f", name.c_str(), epoch, epochs,
                  mean.value());
    progress.show(epoch, text);
  }
}

double mse(const Tensor& a, const Tensor& b) { return nn::mse_loss(a, b).item(); }

/// Rows of pictures (n, pixels) below one another, each pixel a square of a few.
void save_rows(const std::string& path, const std::vector<Tensor>& rows, std::int64_t side,
               std::int64_t columns) {
  const std::int64_t size = side < 16 ? 5 : 2;
  const Tensor pictures = reshape(concat(rows), {-1, side, side});
  io::save_png(path, io::image_grid(repeat(repeat(pictures, size, 1), size, 2),
                                    {.columns = columns, .padding = 2, .background = 0.4}));
  std::printf("   -> %s\n", std::filesystem::absolute(path).c_str());
}

// 1. A bottleneck.

struct Plane {
  Tensor center, axes;  // (pixels,), and (k, pixels) of length 1 at right angles
};
/// Where the first k principal components lie.
Plane principal(const Tensor& x, std::int64_t k) {
  const Tensor center = mean(x, {0});
  return {center, slice(svd(x - center).vh, 0, 0, k)};
}
Tensor project(const Plane& plane, const Tensor& x) {
  return plane.center + matmul(matmul(x - plane.center, transpose(plane.axes)), plane.axes);
}

bool bottleneck(const Task& task, int epochs) {
  const Tensor &x = task.pictures.train.inputs, &held_out = task.pictures.test.inputs;
  const std::int64_t pixels = x.shape()[1];
  std::printf("\n1. %s through a bottleneck: mean squared error of a pixel on held-out pictures\n",
              task.name.c_str());
  struct Row {
    std::int64_t code;
    double pca, linear, deep, linear_known, pca_known;
  };
  std::vector<Row> rows;
  for (const std::int64_t code : {2, 8}) {
    LinearAutoencoder flat(pixels, code);
    Autoencoder deep(pixels, task.hidden, code);
    optim::LBFGS whole(flat.parameters());  // all pictures at once: the least there is, not near it
    for (int step = 0; step < 20; ++step) whole.step([&] { return nn::mse_loss(flat(x), x); });
    learn(deep, task, epochs, "deep, code of " + std::to_string(code),
          [&](const Tensor& b) { return nn::mse_loss(deep(b), b); });
    const NoGrad guard;
    const Plane plane = principal(x, code);
    rows.push_back({code, mse(project(plane, held_out), held_out), mse(flat(held_out), held_out),
                    mse(deep(held_out), held_out), mse(flat(x), x), mse(project(plane, x), x)});
  }
  std::printf("   code  principal components  linear autoencoder     deep   training: components  linear\n");
  bool holds = true;
  for (const Row& r : rows) {
    std::printf("   %4d  %20.4f  %18.4f  %7.4f  %21.4f  %6.4f\n", static_cast<int>(r.code), r.pca, r.linear,
                r.deep, r.pca_known, r.linear_known);
    // No linear map can do better than the components, and training must come near to them.
    holds = holds && r.linear_known > 0.999 * r.pca_known && r.linear_known < 1.01 * r.pca_known &&
            r.deep < r.pca;
  }
  return holds;
}

// 2. Out of noise.

bool denoise(const Task& task) {
  const double noise = 0.5;
  const Tensor &x = task.pictures.train.inputs, &clean = task.pictures.test.inputs;
  const std::int64_t pixels = x.shape()[1];
  std::printf("\n2. %s out of noise of standard deviation %.1f\n", task.name.c_str(), noise);
  Autoencoder model(pixels, task.hidden, 2 * task.code);
  learn(model, task, task.epochs, "denoising",
        [&](const Tensor& b) { return nn::mse_loss(model(b + noise * randn(b.shape())), b); });

  const NoGrad guard;
  const Tensor noisy = clean + noise * randn(clean.shape()), cleaned = model(noisy);
  // The best that is linear: with the covariance C of clean pixels, center + C (C + noise^2 I)^-1 (noisy -
  // center).
  const Tensor center = mean(x, {0}), apart = x - center,
               covariance = matmul(transpose(apart), apart) / static_cast<double>(x.shape()[0]);
  const Tensor wiener =
      center + matmul(noisy - center, solve(covariance + noise * noise * eye(pixels), covariance));
  const double before = mse(noisy, clean), linear = mse(wiener, clean), after = mse(cleaned, clean);
  std::printf("   error of a pixel: noisy %.4f, best linear filter %.4f, autoencoder %.4f\n", before, linear,
              after);
  const auto first = [](const Tensor& t) { return slice(t, 0, 0, 12); };
  save_rows("autoencoder_denoised_" + task.name + ".png",
            {first(clean), first(noisy), first(wiener), first(cleaned)}, task.side, 12);
  return after < linear && linear < before;
}

// 3. As a distribution.

/// Black and white: each pixel is ink with its own value for probability.
Tensor inked(const Tensor& x) { return bernoulli(x); }

bool variational(const Task& task) {
  const Tensor &x = task.pictures.train.inputs, &held_out = task.pictures.test.inputs;
  const std::int64_t pixels = x.shape()[1];
  std::printf("\n3. %s as a distribution\n", task.name.c_str());
  Variational model(pixels, task.hidden, task.code), plane(pixels, task.hidden, 2);
  learn(model, task, task.epochs, "code of " + std::to_string(task.code),
        [&](const Tensor& b) { return -mean(bound(model, inked(b))); });
  learn(plane, task, task.epochs, "code of 2",
        [&](const Tensor& b) { return -mean(bound(plane, inked(b))); });

  const NoGrad guard;
  const Tensor grey = slice(held_out, 0, 0, std::min<std::int64_t>(1000, held_out.shape()[0])),
               test = inked(grey);
  // Who knows how often each pixel is ink, and no more; who knows the grey picture, and not how the coins
  // fell.
  const auto expected = [](const Tensor& ink, const Tensor& p) {
    return mean(sum(xlogy(ink, p) + xlogy(1.0 - ink, 1.0 - p), {1})).item();
  };
  const double alone = expected(test, clip(mean(x, {0}), 1e-4, 1 - 1e-4)), coins = expected(grey, grey);
  std::printf(
      "   log p(x) in nats, mean of %d held-out pictures: pixels one by one %.2f, the grey known %.2f\n",
      static_cast<int>(test.shape()[0]), alone, coins);
  bool holds = true;
  for (const Variational* m : {&plane, &model}) {
    const Variational::Code code = m->encode(test);
    const double lower = mean(bound(*m, test)).item(), tighter = mean(tighter_bound(*m, test, 100)).item();
    // The closed form against the mean of log q(z | x) - log p(z) over draws.
    const Variational::Code prior{zeros_like(code.mean), zeros_like(code.mean)};
    training::Mean drawn;
    for (int i = 0; i < 100; ++i) {
      const Tensor z = code.draw();
      drawn.add(mean(code.log_density(z) - prior.log_density(z)).item());
    }
    const double divergence = mean(code.divergence()).item();
    std::printf("   code of %2d: bound %.2f, of that divergence %.2f (by draws %.2f); by 100 draws %.2f\n",
                static_cast<int>(code.mean.shape()[1]), lower, divergence, drawn.value(), tighter);
    holds = holds && alone < lower && lower < tighter && tighter < coins &&
            std::abs(drawn.value() - divergence) < 0.02 * divergence;
  }

  const auto pictures = [&](const Variational& m, const Tensor& z) { return sigmoid(m.decode(z)); };
  save_rows("autoencoder_drawn_" + task.name + ".png", {pictures(model, randn({60, task.code}))}, task.side,
            12);
  // From one picture to another: the means of their codes, and between.
  std::vector<Tensor> ways;
  for (std::int64_t i = 0; i < 5; ++i) {
    const Tensor from = model.encode(slice(held_out, 0, 2 * i, 2 * i + 1)).mean,
                 to = model.encode(slice(held_out, 0, 2 * i + 1, 2 * i + 2)).mean,
                 t = reshape(linspace(0, 1, 12), {12, 1});
    ways.push_back(pictures(model, from + t * (to - from)));
  }
  save_rows("autoencoder_between_" + task.name + ".png", ways, task.side, 12);
  // The whole plane of two numbers: a grid of even probability under the normal distribution.
  const Tensor u = std::sqrt(2.0) * erfinv(linspace(-0.95, 0.95, 15));
  const Tensor rows = reshape(repeat(u, 15, 0), {-1, 1}), columns = reshape(tile(u, {15}), {-1, 1});
  save_rows("autoencoder_plane_" + task.name + ".png", {pictures(plane, concat({columns, rows}, 1))},
            task.side, 15);
  return holds;
}

data::Split flat(data::Split split) {
  for (data::Dataset* part : {&split.train, &split.test}) part->inputs = flatten(part->inputs, 1);
  return split;
}

int main(int argc, char** argv) try {
  bool quick = false;
  std::string folder;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--data") == 0 && i + 1 < argc) folder = argv[++i];
  }
  std::vector<Task> tasks = {
      {"digits", data::stratified_split(data::digits(), 0.2, 1), 8, 128, 8, quick ? 30 : 300, 64}};
  if (quick)
    std::printf("--quick: digits only\n");
  else
    tasks.push_back({"clothes", flat(data::fashion_mnist(folder)), 28, 256, 20, 6, 128});
  manual_seed(1);
  bool holds = true;
  for (const Task& task : tasks) {
    if (task.side == 8) holds = bottleneck(task, quick ? 60 : 300) && holds;
    holds = denoise(task) && holds;
    holds = variational(task) && holds;
  }
  return holds ? 0 : 1;  // a test relies on it
} catch (const IoError& error) {
  std::fprintf(stderr, "%s\nWith --quick, Fashion-MNIST is not needed.\n", error.what());
  return 2;
}
