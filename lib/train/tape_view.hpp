// The tape as a list for people: a line an entry, arcs from what is used to where it is used.
#pragma once

#include <string>
#include <vector>

#include "wengert/grad/trace.hpp"

namespace wengert::training {

/// HTML for the report: operations in the tape's order, each leaf just before its first use, a heading where
/// the scope changes. Of a long tape the beginning and the end are shown.
std::string tape_view(const std::vector<TraceNode>& nodes);

}  // namespace wengert::training
