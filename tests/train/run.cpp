#include "wengert/train/run.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <xtensor/xtensor.hpp>

#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/io/safetensors.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/nn/loss.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

using namespace wengert;
using tests::Folder;
using tests::read_bytes;

TEST_CASE("Run: configuration and metrics") {
  const Folder folder;
  training::Run run(folder / "a/b",
                    {{"lr", 2e-3}, {"epochs", 40}, {"model", "mlp"}, {"augment", true}, {"scale", 0.5f}});
  const auto config = nlohmann::json::parse(read_bytes(run.path("config.json")));
  CHECK(config ==
        nlohmann::json{{"lr", 2e-3}, {"epochs", 40}, {"model", "mlp"}, {"augment", true}, {"scale", 0.5}});
  run.log(1, {{"loss/training", 0.5}, {"loss/held out", 0.75}});
  CHECK(read_bytes(run.path("metrics.csv")) == "step,loss/training,\"loss/held out\"\n1,0.5,0.75\n");
  run.log(2, {{"loss/held out", 0.1}});
  run.log(2.5, {{"accuracy", 1.0 / 3.0}, {"loss/training", -INFINITY}});
  CHECK(read_bytes(run.path("metrics.csv")) ==
        "step,loss/training,\"loss/held out\",accuracy\n1,0.5,0.75,nan\n2,nan,0.1,nan\n"
        "2.5,-inf,nan,0.3333333333333333\n");
  CHECK_THROWS_WITH_AS(run.log(3, {{"step", 1}}),
                       "[log] a metric must have a name of one line that is not `step`: got \"step\"",
                       ValueError);
  CHECK_THROWS_WITH_AS(run.log(3, {{"", 1}}),
                       "[log] a metric must have a name of one line that is not `step`: got \"\"",
                       ValueError);
}

TEST_CASE("Run: a folder that holds a run is kept, replaced or gone on with") {
  const Folder folder;
  const std::string path = folder / "run";
  {
    training::Run run(path);
    for (int step = 1; step <= 4; ++step) run.log(step, {{"a,\"b\"", step * 0.5}});
  }
  folder.write("run/notes.txt", "mine");
  CHECK_THROWS_WITH_AS(training::Run{path},
                       ("[Run] the folder must not hold a run: got \"" + path +
                        "\". Did you mean {.replace = true} or {.resume = true}?")
                           .c_str(),
                       IoError);
  {
    training::Run run(path, {}, {.resume = true});
    run.rewind(2);
    run.log(3, {{"a,\"b\"", 9}});
    CHECK(read_bytes(run.path("metrics.csv")) == "step,\"a,\"\"b\"\"\"\n1,0.5\n2,1\n3,9\n");
    run.rewind(0);
    CHECK(!std::filesystem::exists(run.path("metrics.csv")));
  }
  training::Run run(path, {{"x", 1}}, {.replace = true});
  CHECK(!std::filesystem::exists(run.path("metrics.csv")));
  CHECK(read_bytes(run.path("notes.txt")) == "mine");
  CHECK_THROWS_WITH_AS(training::Run(path, {}, {.replace = true, .resume = true}),
                       "[Run] a run is replaced or resumed: got both", ValueError);
  CHECK_THROWS_WITH_AS(training::Run(folder / "x", {{"x", 1}, {"x", 2}}),
                       "[Run] a setting must have a name of its own: got \"x\" again", ValueError);
  CHECK_THROWS_WITH_AS(training::Run(folder / "x", {{"x", "\xFF"}}),
                       "[Run] names and texts of the configuration must be UTF-8", ValueError);
  CHECK(!std::filesystem::exists(folder / "x"));
  const std::string file = folder.write("file", "");
  CHECK_THROWS_AS(training::Run{file}, IoError);
  CHECK_THROWS_WITH_AS(
      training::Run{file + "/below"},
      ("[Run] the folder must be one that can be made: got \"" + file + "/below\" (Not a directory)").c_str(),
      IoError);
  folder.write("run/metrics.csv", "epoch,loss\n1,2\n");
  CHECK_THROWS_WITH_AS(
      training::Run(path, {}, {.resume = true}),
      ("[log] the first column must be `step`: got \"epoch\", in \"" + path + "/metrics.csv\"").c_str(),
      IoError);
}

TEST_CASE("Run: resumed without a configuration it keeps the one that it has") {
  const Folder folder;
  const std::string path = folder / "run";
  { training::Run(path, {{"rate", 0.5}, {"steps", 3}, {"name", "a\"b"}, {"on", true}}); }
  const std::string before = read_bytes(path + "/config.json");
  {
    training::Run run(path, {}, {.resume = true});
    CHECK(read_bytes(path + "/config.json") == before);
    run.log(1, {{"loss", 1}});
    run.write_report();
    const std::string report = read_bytes(path + "/report.html");
    for (const char* text : {"rate", "0.5", "steps", "a&quot;b", "yes"}) {
      CAPTURE(text);
      CHECK(report.find(text) != std::string::npos);
    }
  }
  { training::Run(path, {{"rate", 0.25}}, {.resume = true}); }
  CHECK(read_bytes(path + "/config.json") == "{\n  \"rate\": 0.25\n}\n");
  for (const auto& [wrong, message] :
       {std::pair{"[1]", "[Run] the configuration must be a JSON object: got \"" + path + "/config.json\""},
        std::pair{"{\"a\": [1]}", "[Run] settings must be texts, numbers or flags: got \"a\" in \"" + path +
                                      "/config.json\""}}) {
    folder.write("run/config.json", wrong);
    CHECK_THROWS_WITH_AS(training::Run(path, {}, {.resume = true}), message.c_str(), IoError);
    CHECK(read_bytes(path + "/config.json") == wrong);
  }
}

TEST_CASE("Run: metrics that cannot be written are an error, and not kept") {
  const Folder folder;
  training::Run run(folder / "run");
  run.log(1, {{"a", 1}});
  std::filesystem::remove(run.path("metrics.csv"));
  const std::string text =
      "[log] the file must be writable: got \"" + run.path("metrics.csv") + "\" (No such file or directory)";
  CHECK_THROWS_WITH_AS(run.log(2, {{"a", 2}}), text.c_str(), IoError);
  CHECK_THROWS_WITH_AS(run.log(2, {{"a", 2}, {"a", 3}}),
                       "[log] a metric must have a name of its own: got \"a\" again", ValueError);
  run.log(3, {{"b", 3}});  // a new column writes all of it
  CHECK(read_bytes(run.path("metrics.csv")) == "step,a,b\n1,1,nan\n3,nan,3\n");
  // A folder that cannot be removed has taken the file's place.
  std::filesystem::remove(run.path("metrics.csv"));
  std::filesystem::create_directories(run.path("metrics.csv") + "/x");
  CHECK_THROWS_WITH_AS(run.rewind(0),
                       ("[log] the file must be one that can be removed: got \"" + run.path("metrics.csv") +
                        "\" (Directory not empty)")
                           .c_str(),
                       IoError);
  std::filesystem::remove_all(run.path("metrics.csv"));
  run.log(4, {{"c", 4}});
  CHECK(read_bytes(run.path("metrics.csv")) == "step,a,b,c\n1,1,nan,nan\n3,nan,3,nan\n4,nan,nan,4\n");
}

TEST_CASE("Run: gradients by layer, and weights") {
  const Folder folder;
  training::Run run(folder / "run");
  nn::Linear layer(2, 1);
  run.log_gradients(1, layer.named_parameters());
  CHECK(!std::filesystem::exists(run.path("gradients.csv")));
  sum(layer(Tensor(xt::xtensor<float, 2>{{3, 4}}))).backward();
  run.log_gradients(1, layer.named_parameters());
  CHECK(read_bytes(run.path("gradients.csv")) == "step,weight,bias\n1,5,1\n");
  run.save_weights(layer.state());
  CHECK(io::load_safetensors(run.path("weights.safetensors")).size() == 2);
}

TEST_CASE("Run: samples that do not fit together") {
  const Folder folder;
  training::Run run(folder / "run");
  const Tensor labels = zeros({2}, {.dtype = int64});
  CHECK_THROWS_WITH_AS(
      run.samples(zeros({3, 8, 8}), labels, labels),
      "[samples] there must be a label, a prediction and a probability for each image: got (3, 8, 8), "
      "(2,), (2,) and none",
      ShapeError);
  CHECK_THROWS_WITH_AS(run.samples(zeros({2, 8, 8}), labels, zeros({2})),
                       "[samples] labels and predictions must be int64: got int64 and float32", DTypeError);
  CHECK_THROWS_AS(run.samples(zeros({2, 8, 8, 8}), labels, labels), ShapeError);
}
