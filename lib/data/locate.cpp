#include "wengert/data/locate.hpp"

#include <cstdlib>
#include <filesystem>

#include "lib/core/fail.hpp"
#include "lib/io/file.hpp"

namespace wengert::data {

std::string locate(const std::string& name, const LocateOptions& options) {
  constexpr const char* operation = "locate";
  const char* environment = std::getenv("WENGERT_DATA");
  const std::string hint = options.hint.empty() ? "" : " " + options.hint;
  std::string folder = options.directory;
  if (folder.empty() && environment) folder = environment;
  if (folder.empty())
    fail<IoError>(operation, "there must be a folder of data: got none for ", io::quote(name),
                  ". Did you mean to set WENGERT_DATA or to pass --data FOLDER?", hint);
  const std::filesystem::path path = std::filesystem::path(folder) / name;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    fail<IoError>(operation, "the data must be there: found no ", io::quote(name), " in ", io::quote(folder),
                  options.directory.empty() ? " (WENGERT_DATA)." : ".", hint);
  return path.string();
}

}  // namespace wengert::data
