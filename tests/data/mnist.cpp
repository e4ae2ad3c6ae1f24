#include "wengert/data/mnist.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/data/environment.hpp"
#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"

using namespace wengert;
using tests::Folder;

namespace {

std::string header(int dimensions, unsigned char count) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(dimensions),
                    '\0', '\0', '\0',   static_cast<char>(count)};
  for (int i = 1; i < dimensions; ++i) bytes += std::string("\0\0\0\x1C", 4);
  return bytes;
}

void write_part(const Folder& folder, const std::string& part, unsigned char count) {
  folder.write(part + "-images-idx3-ubyte", header(3, count) + std::string(count * 784u, '\xFF'));
  folder.write(part + "-labels-idx1-ubyte", header(1, count) + std::string(count, '\x05'));
}

}  // namespace

TEST_CASE("mnist: from a folder") {
  const Folder folder;
  write_part(folder, "train", 3);
  write_part(folder, "t10k", 2);
  const auto [train, test] = data::mnist(folder / "");
  CHECK(train.inputs.shape() == Shape{3, 1, 28, 28});
  CHECK(train.inputs.dtype() == float32);
  CHECK(train.inputs.array<float>()(2, 0, 27, 27) == 1.0f);
  CHECK(train.labels.array<std::int64_t>()(2) == 5);
  CHECK(test.size() == 2);
  CHECK(data::fashion_mnist(folder / "").test.size() == 2);
}

TEST_CASE("mnist: files that are missing or do not fit together") {
  const Folder folder;
  const std::string place = folder / "";
  const auto refused = [&](const std::string& text) {
    CHECK_THROWS_WITH_AS(data::mnist(place), ("[mnist] " + text).c_str(), IoError);
  };
  refused("the folder must hold the four IDX files: found no \"train-images-idx3-ubyte\" or .gz, in \"" +
          place + "\"");
  write_part(folder, "train", 3);
  write_part(folder, "t10k", 2);
  folder.write("t10k-labels-idx1-ubyte", header(1, 1) + "\x05");
  refused("there must be a label for each of 2 images: got (1,), in \"" + folder / "t10k-labels-idx1-ubyte" +
          "\"");
  folder.write("t10k-labels-idx1-ubyte", header(1, 2) + "\x05\x0A");
  refused("a label must be from 0 to 9: got 10 for image 1, in \"" + folder / "t10k-labels-idx1-ubyte" +
          "\"");
  folder.write("t10k-labels-idx1-ubyte", std::string("\0\0\x0D\1\0\0\0\2\0\0\0\0\0\0\0\0", 16));
  refused("labels must be integers: got float32, in \"" + folder / "t10k-labels-idx1-ubyte" + "\"");
  write_part(folder, "t10k", 2);
  folder.write("train-images-idx3-ubyte", header(2, 1) + std::string(28, 'x'));
  refused("images must be (n, 28, 28): got (1, 28), in \"" + folder / "train-images-idx3-ubyte" + "\"");
  const tests::Environment variable("WENGERT_DATA", place);
  CHECK_THROWS_WITH_AS(data::mnist(),
                       ("[locate] the data must be there: found no \"mnist\" in \"" + place +
                        "\" (WENGERT_DATA). MNIST is four files, train-images-idx3-ubyte.gz and the like, in "
                        "a folder `mnist` there.")
                           .c_str(),
                       IoError);
}

TEST_CASE("fashion_mnist: the package's files, where it is installed" *
          doctest::skip(!std::filesystem::exists("/usr/share/datasets/fashion-mnist"))) {
  const auto [train, test] = data::fashion_mnist();
  CHECK(train.inputs.shape() == Shape{60000, 1, 28, 28});
  CHECK(test.inputs.shape() == Shape{10000, 1, 28, 28});
  std::vector<int> counts(10);
  for (const std::int64_t label : test.labels.array<std::int64_t>())
    ++counts[static_cast<std::size_t>(label)];
  CHECK(counts == std::vector<int>(10, 1000));
  CHECK(data::fashion_mnist_classes().at(static_cast<std::size_t>(train.labels.array<std::int64_t>()(0))) ==
        "Ankle boot");
}
