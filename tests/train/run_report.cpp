// The report: one file with everything in it, well formed, whatever names and numbers it is given.
#include <doctest/doctest.h>

#include <cmath>
#include <xtensor/xtensor.hpp>

#include "lib/train/chart.hpp"
#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"
#include "wengert/nn/linear.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/train/run.hpp"

using namespace wengert;
using tests::Folder;
using tests::read_bytes;

namespace {

std::string report_of(training::Run& run) {
  run.write_report();
  return read_bytes(run.path("report.html"));
}
bool has(const std::string& page, const std::string& text) { return page.find(text) != std::string::npos; }

/// Checks that tags open and close as they should.
void check_nesting(const std::string& page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = page.find('>', at);
    REQUIRE(end != std::string::npos);
    const std::string tag = page.substr(at + 1, end - at - 1), name = tag.substr(0, tag.find_first_of(" \n"));
    if (name == "!doctype" || name == "meta" || name == "img" || tag.ends_with("/")) continue;
    if (name.starts_with("/")) {
      REQUIRE(!open.empty());
      REQUIRE(open.back() == name.substr(1));
      open.pop_back();
    } else {
      open.push_back(name);
    }
  }
  CHECK(open.empty());
}

std::vector<std::string> texts(const std::vector<training::Tick>& ticks) {
  std::vector<std::string> result;
  for (const auto& tick : ticks) result.push_back(tick.text);
  return result;
}

}  // namespace

TEST_CASE("report: all that a run can show, in one file that refers to no other") {
  const Folder folder;
  training::Run run(folder / "run", {{"a <b>", "x & \"y\""}}, {.title = "A <title>"});
  nn::Linear layer(4, 3);
  for (int step = 1; step <= 5; ++step) {
    run.log(step, {{"loss/training", 1.0 / step}, {"loss/held <out>", 2.0 / step}, {"accuracy", 0.1 * step}});
    const Tensor loss = sum(tanh(layer(ones({2, 4}))));
    if (step == 1) run.tape(loss, layer.named_parameters());
    loss.backward();
    run.log_gradients(step, layer.named_parameters());
  }
  training::ConfusionMatrix matrix(3);
  matrix.add(Tensor(xt::xtensor<int, 1>{0, 1, 1}), Tensor(xt::xtensor<int, 1>{0, 1, 2}));
  run.confusion(matrix, {"<cat>", "dog", "bird"});
  run.samples(zeros({2, 4, 4}), Tensor(xt::xtensor<int, 1>{0, 1}), Tensor(xt::xtensor<int, 1>{0, 2}),
              full({2}, 0.75), {"<cat>", "dog", "bird"});
  const std::string page = report_of(run);
  check_nesting(page);
  CHECK(has(page, "<h1>A &lt;title&gt;</h1>"));
  CHECK(has(page, "<dt>a &lt;b&gt;</dt><dd>x &amp; &quot;y&quot;</dd>"));
  CHECK(has(page, "held &lt;out&gt; <b>0.4</b>"));
  CHECK(has(page, "best 0.2, step 5"));
  CHECK(has(page, "Gradients by layer"));
  CHECK(has(page, "3 samples, 66.67&nbsp;% of them right."));
  CHECK(has(page, "data:image/png;base64,iVBORw0KGgo"));
  CHECK(has(page, "is dog"));
  CHECK(has(page, "&lt;cat&gt;"));
  CHECK(has(page, "<span class=\"what leafname\">weight</span><span class=\"dims\">(3, 4)</span>"));
  CHECK(has(page, "<b>linear</b>"));
  CHECK(has(page, "prefers-color-scheme:dark"));
  CHECK(has(page, "name=\"viewport\""));
  for (const char* outside : {"http:", "https:", "<script", "<link", "url(", "@import"}) {
    CAPTURE(outside);
    CHECK(!has(page, outside));
  }
}

TEST_CASE("report: nothing at all, one row, and numbers that are none") {
  const Folder folder;
  training::Run run(folder / "run");
  CHECK(has(report_of(run), "<h1>run</h1>"));
  run.log(1, {{"a", std::nan("")}, {"b", INFINITY}, {"c", 5.0}, {"d", 0.0}});
  std::string page = report_of(run);
  check_nesting(page);
  CHECK(!has(page, "<h2>a</h2>"));
  CHECK(!has(page, "<h2>b</h2>"));
  CHECK(has(page, "<h2>c</h2>"));
  run.log(2, {{"a", 1e300}, {"c", -1e-300}, {"d", 1e-320}, {"e", 1e308}});
  run.log(3, {{"a", -1e308}, {"e", -1e308}});
  page = report_of(run);
  check_nesting(page);
  for (const char* wrong : {">nan<", "\"nan", " nan", ",nan", "inf,", "inf\""}) CHECK(!has(page, wrong));
}

TEST_CASE("report: many rows and a long tape stay small") {
  const Folder folder;
  training::Run run(folder / "run");
  for (int i = 0; i < 3000; ++i) run.log(i, {{"loss", 1.0 + std::sin(i * 0.1)}});
  Tensor y = parameter(ones({}));
  for (int i = 0; i < 2000; ++i) y = sin(y);
  run.tape(y);
  const std::string page = report_of(run);
  check_nesting(page);
  CHECK(page.size() < 120'000);
  CHECK(has(page, "1761 entries between are not shown"));
}

TEST_CASE("ticks are round numbers") {
  using Texts = std::vector<std::string>;
  CHECK(texts(training::linear_ticks(0.82, 1.0, 5)) == Texts{"0.85", "0.9", "0.95", "1"});
  CHECK(texts(training::linear_ticks(0, 40, 5)) == Texts{"0", "10", "20", "30", "40"});
  CHECK(texts(training::linear_ticks(-1, 1, 5)) == Texts{"-1", "-0.5", "0", "0.5", "1"});
  CHECK(texts(training::log_ticks(0.009, 1.1, 6)) == Texts{"0.01", "0.1", "1"});
  CHECK(texts(training::log_ticks(0.09, 2.5, 6)) == Texts{"0.1", "0.2", "0.5", "1", "2"});
  CHECK(training::short_number(0.0661234) == "0.06612");
  CHECK(training::short_number(1e-5) == "1.0e-05");
  CHECK(training::short_number(1438) == "1438");
}
