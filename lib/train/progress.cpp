#include "wengert/train/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "lib/core/fail.hpp"

namespace wengert::training {
namespace {

/// What fits on a terminal's line: one that is broken into two could not be written over.
std::string fitted(std::string line, std::FILE* terminal) {
  winsize size{};
  if (::ioctl(::fileno(terminal), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return line;
  std::size_t columns = 0, at = 0;
  for (; at < line.size(); ++at)
    if ((static_cast<unsigned char>(line[at]) & 0xC0) != 0x80 && ++columns >= size.ws_col) break;
  line.resize(at);
  return line;
}

}  // namespace

Progress::Progress(std::int64_t steps, const ProgressOptions& options)
    : steps_(steps),
      interval_(options.interval != 0 ? options.interval : std::max<std::int64_t>(1, steps / 10)),
      out_(options.out),
      started_(Clock::now()),
      live_(::isatty(::fileno(options.out)) != 0) {
  if (steps <= 0) fail<ValueError>("Progress", "there must be a step: got ", steps);
  if (options.interval < 0)
    fail<ValueError>("Progress", "the interval must not be negative: got ", options.interval);
}

Progress::~Progress() {
  if (open_) std::fputs("\n", out_);
}

void Progress::show(std::int64_t done, const std::string& text) {
  const bool last = done >= steps_;
  const double left =
      seconds() / static_cast<double>(std::max<std::int64_t>(done, 1)) * static_cast<double>(steps_ - done);
  const std::string time = last ? "done" : duration(left) + " left";
  if (live_)
    std::fprintf(out_, "\r\x1b[K%s%s", fitted("  " + text + "  " + time, out_).c_str(), last ? "\n" : "");
  else if (done % interval_ == 0 || last || done == 1)
    std::fprintf(out_, "  %s  %s\n", text.c_str(), time.c_str());
  std::fflush(out_);
  open_ = live_ && !last;
}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

std::string duration(double seconds) {
  if (std::isnan(seconds)) return "? s";
  char text[64];
  const auto whole = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 1e12)));
  if (seconds < 9.95)
    std::snprintf(text, sizeof text, "%.1f s", std::max(seconds, 0.0));
  else if (whole < 60)
    std::snprintf(text, sizeof text, "%lld s", whole);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%lld min %lld s", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld h %lld min", whole / 3600, whole / 60 % 60);
  return text;
}

}  // namespace wengert::training
