// Where data is that is not part of the library.
#pragma once

#include <string>

namespace wengert::data {

struct LocateOptions {
  std::string directory = "";  ///< where it is looked for, as a program's `--data` says; "": in $WENGERT_DATA
  std::string hint = "";       ///< how it is had, for the error: "It is part of the package ..."
};

/// The path of a file or folder `name` ("mnist", "tinyshakespeare/input.txt") in options.directory or else in
/// the folder that the environment's WENGERT_DATA names. Throws IoError where it is not there, which says
/// where it was looked for and how to say where it is.
std::string locate(const std::string& name, const LocateOptions& options = {});

}  // namespace wengert::data
