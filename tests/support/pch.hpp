// Compiled once for each folder of tests (meson's cpp_pch): what nearly all of them include, and half of the
// time that one took to compile. Each test still includes what it uses: clang's build (`tools/test --clang`)
// has no such header.
#include <doctest/doctest.h>

#include "wengert/core/tensor.hpp"
