// What a user needs to add an operation from outside the library.
// header-only
#pragma once

#include "wengert/core/error.hpp"
#include "wengert/core/grad_mode.hpp"
#include "wengert/core/node.hpp"
#include "wengert/grad/laws.hpp"
#include "wengert/wengert.hpp"
