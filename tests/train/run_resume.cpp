// A run that is stopped in the middle of an epoch and goes on, bit for bit.
#include <doctest/doctest.h>

#include <cstring>
#include <optional>

#include "tests/io/folder.hpp"
#include "wengert/core/random.hpp"
#include "wengert/data/digits.hpp"
#include "wengert/data/loader.hpp"
#include "wengert/io/checkpoint.hpp"
#include "wengert/nn/dropout.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/activation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/optim/adam.hpp"
#include "wengert/train/early_stopping.hpp"

using namespace wengert;

namespace {

struct Network : nn::Module {
  nn::Linear first{64, 24}, second{24, 10};
  nn::Dropout drop{0.4};
  Tensor operator()(const Tensor& x) const { return second(drop(relu(first(x)))); }
  void visit(nn::Visitor& v) override { v("first", first), v("second", second), v("drop", drop); }
};

/// All that a process has when it trains. Dropout draws from the thread's stream, the transform from its own.
struct Training {
  Network model;
  optim::Adam optimizer{model.parameters(), {.lr = 3e-3, .amsgrad = true}};
  data::Loader batches;
  training::EarlyStopping stopping{{.patience = 100}};
  io::Checkpoint checkpoint;
  std::vector<double> losses;
  int steps = 0;

  explicit Training(std::int64_t workers)
      : batches(data::digits().take([] {
          std::vector<std::int64_t> some(170);
          for (std::size_t i = 0; i < some.size(); ++i) some[i] = static_cast<std::int64_t>(i);
          return some;
        }()),
                {.batch_size = 32, .seed = 9, .workers = workers, .transform = [](const data::Batch& batch) {
                   return data::Batch{batch.inputs + 0.05 * randn(batch.inputs.shape()), batch.labels};
                 }}) {
    checkpoint.add("model", model)
        .add("optimizer", optimizer)
        .add("loader", batches)
        .add("stopping", stopping);
    checkpoint.add_generator();
  }

  /// Trains to `last` steps in all; at step `save` the checkpoint is written.
  void run(int last, int save, const std::string& path) {
    while (steps < last)
      for (const auto& [inputs, labels] : batches) {
        const Tensor loss = nn::cross_entropy(model(inputs), labels);
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        losses.push_back(loss.item());
        stopping.add(loss.item());
        if (++steps == save) checkpoint.save(path, {{"steps", std::to_string(steps)}});
        if (steps == last) return;
      }
  }
};

bool same_bits(const io::State& a, const io::State& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    const auto found = b.find(name);
    if (found == b.end() || found->second.dtype() != tensor.dtype() ||
        found->second.shape() != tensor.shape())
      return false;
    const void *one = nullptr, *other = nullptr;
    const StorageRef held = detail::contiguous_storage(tensor, tensor.dtype(), one);
    const StorageRef kept = detail::contiguous_storage(found->second, tensor.dtype(), other);
    if (std::memcmp(one, other, static_cast<std::size_t>(tensor.size()) * item_size(tensor.dtype())) != 0)
      return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a run resumed from any step of its checkpoint ends with the same bits") {
  const tests::Folder folder;
  const std::string path = folder / "run.ckpt";
  // An epoch is 6 batches: in the middle of the first, at its last batch, after it, in the second.
  for (const int save : {3, 6, 7, 10}) {
    CAPTURE(save);
    manual_seed(4);
    Training whole(0);
    whole.run(16, save, path);
    const io::State generator = io::generator_state();

    manual_seed(1000);  // what a new process has
    Training resumed(2);
    const auto metadata = resumed.checkpoint.load(path);
    resumed.steps = std::stoi(metadata.at("steps"));
    CHECK(resumed.steps == save);
    resumed.run(16, -1, path);

    CHECK(std::vector<double>(whole.losses.begin() + save, whole.losses.end()) == resumed.losses);
    CHECK(same_bits(whole.model.state(), resumed.model.state()));
    CHECK(same_bits(whole.optimizer.state(), resumed.optimizer.state()));
    CHECK(same_bits(whole.stopping.state(), resumed.stopping.state()));
    CHECK(same_bits(generator, io::generator_state()));
    CHECK(!same_bits(io::load_checkpoint(path).parts.at("model"), resumed.model.state()));
  }
}
