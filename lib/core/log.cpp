#include "lib/core/log.hpp"

#include <cstdlib>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>

namespace wengert {

spdlog::logger& library_log() {
  // Not registered with spdlog, whose registry is the program's, and never destroyed.
  static spdlog::logger& log = *[] {
    auto* logger = new spdlog::logger("wengert", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    const char* level = std::getenv("WENGERT_LOG");
    logger->set_level(level ? spdlog::level::from_str(level) : spdlog::level::warn);
    return logger;
  }();
  return log;
}

}  // namespace wengert
