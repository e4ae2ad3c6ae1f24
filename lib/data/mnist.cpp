#include "wengert/data/mnist.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"
#include "wengert/data/idx.hpp"
#include "wengert/data/locate.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::data {
namespace {

namespace fs = std::filesystem;
constexpr const char* debian_folder = "/usr/share/datasets/fashion-mnist";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string file_of(const char* operation, const std::string& folder, const std::string& name) {
  for (const char* ending : {"", ".gz"})
    if (const fs::path path = fs::path(folder) / (name + ending); is_there(path)) return path.string();
  fail<IoError>(operation, "the folder must hold the four IDX files: found no ", io::quote(name),
                " or .gz, in ", io::quote(folder));
}

Dataset read_part(const char* operation, const std::string& folder, const std::string& part, Location where) {
  const std::string images = file_of(operation, folder, part + "-images-idx3-ubyte");
  const std::string labels = file_of(operation, folder, part + "-labels-idx1-ubyte");
  const Tensor pixels = read_idx(images, {.dtype = float32, .scale = 1.0 / 255.0}, where);
  if (pixels.ndim() != 3 || pixels.shape()[1] != 28 || pixels.shape()[2] != 28)
    fail<IoError>(operation, "images must be (n, 28, 28): got ", pixels.shape(), ", in ", io::quote(images));
  const Tensor classes = read_idx(labels, {}, where);
  if (classes.shape() != Shape{pixels.shape()[0]})
    fail<IoError>(operation, "there must be a label for each of ", pixels.shape()[0], " images: got ",
                  classes.shape(), ", in ", io::quote(labels));
  const void* data = nullptr;
  const StorageRef held = detail::contiguous_storage(classes, classes.dtype(), data);
  if (classes.dtype() != int64)
    fail<IoError>(operation, "labels must be integers: got ", classes.dtype(), ", in ", io::quote(labels));
  const auto* label = static_cast<const std::int64_t*>(data);
  const auto* wrong = std::find_if(label, label + classes.size(), [](auto c) { return c < 0 || c > 9; });
  if (wrong != label + classes.size())
    fail<IoError>(operation, "a label must be from 0 to 9: got ", *wrong, " for image ", wrong - label,
                  ", in ", io::quote(labels));
  return dataset(unsqueeze(pixels, 1, where), classes, where);
}

Split read_both(const char* operation, const std::string& folder, Location where) {
  return {.train = read_part(operation, folder, "train", where),
          .test = read_part(operation, folder, "t10k", where)};
}

}  // namespace

Split mnist(const std::string& directory, Location where) {
  const std::string folder =
      !directory.empty()
          ? directory
          : locate("mnist",
                   {.hint = "MNIST is four files, train-images-idx3-ubyte.gz and the like, in a folder "
                            "`mnist` there."});
  return read_both("mnist", folder, where);
}

Split fashion_mnist(const std::string& directory, Location where) {
  constexpr const char* operation = "fashion_mnist";
  const char* environment = std::getenv("WENGERT_DATA");
  std::string folder = directory;
  if (folder.empty() && environment && is_there(fs::path(environment) / "fashion-mnist"))
    folder = (fs::path(environment) / "fashion-mnist").string();
  if (folder.empty() && is_there(debian_folder)) folder = debian_folder;
  if (folder.empty())
    fail<IoError>(
        operation, "the data must be there: found no ", io::quote(debian_folder),
        ". Did you mean to install it (apt-get install dataset-fashion-mnist) or to pass its folder?");
  return read_both(operation, folder, where);
}

const std::vector<std::string>& fashion_mnist_classes() {
  static const std::vector<std::string> classes{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                                "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  return classes;
}

}  // namespace wengert::data
