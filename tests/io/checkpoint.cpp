#include "wengert/io/checkpoint.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/core/random.hpp"
#include "wengert/io/safetensors.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/random.hpp"
#include "wengert/ops/selection.hpp"
#include "wengert/optim/adam.hpp"
#include "wengert/optim/sgd.hpp"

using namespace wengert;
using tests::Folder;
using tests::read_bytes;

namespace {

/// A part with a value of its own, that refuses a state on demand.
struct Counter {
  std::int64_t count = 0;
  bool refuses = false;
  io::State state() const { return {{"count", full({}, static_cast<double>(count), {.dtype = int64})}}; }
  void load(const io::State& state) {
    if (refuses) throw ValueError("[Counter] it must not refuse: it does");
    count = static_cast<std::int64_t>(state.at("count").item());
  }
};

}  // namespace

TEST_CASE("Checkpoint: parts there and back, with metadata") {
  const Folder folder;
  const std::string path = folder / "run.ckpt";
  Counter a{5}, b{7};
  manual_seed(UINT64_MAX - 3);
  rand({100});
  const RandomKey position = random_state();
  io::Checkpoint checkpoint;
  checkpoint.add("a", a).add("b", b).add_generator();
  checkpoint.save(path, {{"steps", "12"}});
  a.count = b.count = 0;
  manual_seed(1);
  CHECK(checkpoint.load(path) == std::map<std::string, std::string>{{"steps", "12"}});
  CHECK(a.count == 5);
  CHECK(b.count == 7);
  CHECK(random_state().key == position.key);
  CHECK(random_state().counter == position.counter);
  const auto file = io::load_checkpoint(path);
  CHECK(file.parts.at("b").at("count").item() == 7.0);
  CHECK(file.metadata.at("steps") == "12");
  CHECK(io::load_safetensors(path).at("a/count").item() == 5.0);  // others can read it, too
}

TEST_CASE("Checkpoint: a part without values") {
  const Folder folder;
  io::save_checkpoint(folder / "a", {{"empty", {}}, {"x", {{"y/z", ones({2})}}}});
  const auto file = io::load_checkpoint(folder / "a");
  CHECK(file.parts.at("empty").empty());
  CHECK(file.parts.at("x").at("y/z").size() == 2);
}

TEST_CASE("Checkpoint: a refusal changes nothing, in any part") {
  const Folder folder;
  const std::string path = folder / "run.ckpt";
  Counter first{1}, last{2};
  nn::Linear model(2, 3);
  optim::Adam optimizer(model.parameters());
  io::Checkpoint checkpoint;
  checkpoint.add("counter", first)
      .add("model", model)
      .add("optimizer", optimizer)
      .add("last", last)
      .add_generator();
  checkpoint.save(path);
  const Tensor before = zeros({3, 2});
  model.weight.assign(before);
  optimizer.set_lr(0.5);
  first.count = 9;
  manual_seed(77);
  last.refuses = true;
  CHECK_THROWS_WITH_AS(
      checkpoint.load(path),
      ("[load_checkpoint] the file must fit the program: [Counter] it must not refuse: it does, in \"" +
       path + "\", part \"last\"")
          .c_str(),
      IoError);
  CHECK(allclose(model.weight, before, 0.0, 0.0));
  CHECK(optimizer.lr() == 0.5);
  CHECK(first.count == 9);
  CHECK(random_state().key == 77);

  nn::Linear larger(2, 4);
  io::Checkpoint other;
  other.add("counter", first)
      .add("model", larger)
      .add("optimizer", optimizer)
      .add("last", last)
      .add_generator();
  CHECK_THROWS_AS(other.load(path), IoError);
  CHECK(first.count == 9);
  io::Checkpoint fewer;
  fewer.add("model", model).add("schedule", first);
  CHECK_THROWS_WITH_AS(fewer.load(path),
                       ("[load_checkpoint] the file must have the checkpoint's parts: missing 'schedule'; "
                        "unknown 'counter'; unknown "
                        "'generator'; unknown 'last'; unknown 'optimizer', in \"" +
                        path + "\"")
                           .c_str(),
                       IoError);
}

TEST_CASE("Checkpoint: names and metadata it refuses") {
  Counter a;
  io::Checkpoint checkpoint;
  CHECK_THROWS_WITH_AS(checkpoint.add("a/b", a),
                       "[Checkpoint] a part must have a name without a slash: got \"a/b\"", ValueError);
  CHECK_THROWS_WITH_AS(checkpoint.add("", a),
                       "[Checkpoint] a part must have a name without a slash: got \"\"", ValueError);
  checkpoint.add("a", a);
  CHECK_THROWS_WITH_AS(checkpoint.add("a", a),
                       "[Checkpoint] a part must have a name of its own: got \"a\" again", ValueError);
  const Folder folder;
  CHECK_THROWS_WITH_AS(checkpoint.save(folder / "a", {{"wengert", "1"}}),
                       "[save_checkpoint] metadata must not use the name wengert, the file's own",
                       ValueError);
  CHECK_THROWS_WITH_AS(checkpoint.save(folder / "a", {{"x", "\xFF"}}),
                       "[save_checkpoint] names and metadata must be UTF-8", ValueError);
  CHECK(folder.count() == 0);
  CHECK_THROWS_WITH_AS(
      io::load_generator({{"key", zeros({})}}),
      "[load_generator] the state must be 'key' and 'counter', one int64 each: got something else",
      ValueError);
}

TEST_CASE("load_checkpoint: files that are none") {
  const Folder folder;
  const std::string path = folder / "a";
  const auto refused = [&](const std::string& law) {
    CHECK_THROWS_WITH_AS(io::load_checkpoint(path),
                         ("[load_checkpoint] " + law + ", in \"" + path + "\"").c_str(), IoError);
  };
  io::save_safetensors(path, {{"x", ones({2})}});
  refused("the file must be a checkpoint of this library: got no mark");
  io::save_safetensors(path, {{"x", ones({2})}}, {{"wengert", "checkpoint 9"}});
  refused("the file must be a checkpoint of this library: got \"checkpoint 9\"");
  io::save_safetensors(path, {{"x", ones({2})}}, {{"wengert", "checkpoint 1"}, {"wengert.parts", "x"}});
  refused("a name must begin with its part: got \"x\"");
  folder.write("a", std::string("\0\0\0\0\0\0\0\x10{}", 10));  // a header of 2^60 bytes
  refused(
      "the header must fit in the file and in 100000000 bytes: got a length of 1152921504606846976 in a file "
      "of 10 bytes");
  Counter counter{4};
  io::Checkpoint checkpoint;
  checkpoint.add("a", counter).add_generator();
  checkpoint.save(path);
  const std::string whole = read_bytes(path);
  counter.count = 1;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    folder.write("a", whole.substr(0, length));
    CHECK_THROWS_AS(checkpoint.load(path), IoError);
    CHECK(counter.count == 1);
  }
}

TEST_CASE("Checkpoint: a full disk or a killed process leaves the old file") {
  const Folder folder;
  const std::string path = folder / "run.ckpt";
  io::save_checkpoint(path, {{"a", {{"x", full({1000}, 1.0)}}}});
  const std::string before = read_bytes(path);
  {
    void (*handler)(int) = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{}, small{};
    getrlimit(RLIMIT_FSIZE, &limit);
    small = {4096, limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK_THROWS_AS(io::save_checkpoint(path, {{"a", {{"x", full({100000}, 2.0)}}}}), IoError);
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, handler);
  }
  CHECK(read_bytes(path) == before);
  CHECK(folder.count() == 1);
  CHECK_THROWS_AS(io::save_checkpoint("/dev/full", {}), IoError);

  // A process that writes one checkpoint after the other is killed at some moment of it, many times.
  const Tensor twos = full({200000}, 2.0), threes = full({200000}, 3.0);
  for (int i = 0; i < 12; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      while (true) {
        io::save_checkpoint(path, {{"a", {{"x", twos}}}});
        io::save_checkpoint(path, {{"a", {{"x", threes}}}});
      }
    }
    REQUIRE(child > 0);
    ::usleep(static_cast<useconds_t>(500 + 700 * i));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const Tensor x = io::load_checkpoint(path).parts.at("a").at("x");
    const double first = static_cast<double>(x.array<float>()(0));
    CHECK(allclose(x, full(x.shape(), first), 0.0, 0.0));
  }
}
