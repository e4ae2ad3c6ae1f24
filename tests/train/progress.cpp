#include "wengert/train/progress.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "wengert/core/error.hpp"

using namespace wengert;

namespace {

/// What a run of `steps` steps prints to a file.
std::string printed(std::int64_t steps, std::int64_t interval) {
  std::FILE* file = std::tmpfile();
  training::Progress progress(steps, {.interval = interval, .out = file});
  for (std::int64_t step = 1; step <= steps; ++step) progress.show(step, "step " + std::to_string(step));
  std::rewind(file);
  std::string text;
  for (int c; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("Progress: off a terminal, a plain line now and then") {
  CHECK(printed(5, 2) ==
        "  step 1  0.0 s left\n  step 2  0.0 s left\n  step 4  0.0 s left\n  step 5  done\n");
  CHECK(printed(1, 0) == "  step 1  done\n");
  const std::string many = printed(1000, 0);
  CHECK(std::count(many.begin(), many.end(), '\n') == 11);
  CHECK(many.find("\x1b") == std::string::npos);
}

namespace {
/// What a terminal of twenty columns shows of so many of two steps.
std::string shown(int steps) {
  int host = -1, terminal = -1;
  winsize size{};
  size.ws_col = 20;
  size.ws_row = 5;
  REQUIRE(::openpty(&host, &terminal, nullptr, nullptr, &size) == 0);
  std::FILE* file = ::fdopen(terminal, "w");
  {
    training::Progress progress(2, {.out = file});
    if (steps > 0) progress.show(1, "größer and longer than the line");
    if (steps > 1) progress.show(2, "two");
  }
  std::fputs("|\n", file);
  std::fflush(file);
  // A terminal hands on what it has so far, which may be less than everything.
  std::string text;
  pollfd waiting{host, POLLIN, 0};
  while (!text.ends_with("|\r\n") && ::poll(&waiting, 1, 5000) > 0) {
    char part[200];
    const auto count = ::read(host, part, sizeof part);
    if (count <= 0) break;
    text.append(part, static_cast<std::size_t>(count));
  }
  std::fclose(file);
  ::close(host);
  return text;
}
}  // namespace

TEST_CASE("Progress: on a terminal, one line that is written over and fits, and ends where the run does") {
  const std::string first = "\r\x1b[K  größer and longer";
  CHECK(shown(2) == first + "\r\x1b[K  two  done\r\n|\r\n");
  CHECK(shown(1) == first + "\r\n|\r\n");
  CHECK(shown(0) == "|\r\n");
}

TEST_CASE("Progress: what it refuses") {
  CHECK_THROWS_WITH_AS(training::Progress(0), "[Progress] there must be a step: got 0", ValueError);
  CHECK_THROWS_WITH_AS(training::Progress(1, {.interval = -1}),
                       "[Progress] the interval must not be negative: got -1", ValueError);
}

TEST_CASE("duration") {
  CHECK(training::duration(NAN) == "? s");
  CHECK(training::duration(0.04) == "0.0 s");
  CHECK(training::duration(9.94) == "9.9 s");
  CHECK(training::duration(9.96) == "10 s");
  CHECK(training::duration(59.7) == "1 min 0 s");
  CHECK(training::duration(200) == "3 min 20 s");
  CHECK(training::duration(3600 * 2 + 300) == "2 h 5 min");
  CHECK(training::duration(-1) == "0.0 s");
  CHECK(!training::duration(INFINITY).empty());
}
