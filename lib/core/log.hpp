// The library's own log: to standard error, silent but for warnings unless WENGERT_LOG names another level
// ("debug", "info", "off").
#pragma once

#include <spdlog/spdlog.h>

namespace wengert {

spdlog::logger& library_log();

}  // namespace wengert
