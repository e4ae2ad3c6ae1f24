// Line charts as SVG, for the report.
#pragma once

#include <string>
#include <vector>

namespace wengert::training {

struct Series {
  std::string name;
  std::vector<double> x, y;  // NaN: no point there
};

struct ChartSize {
  double width, height;
};

/// Curves over the step. Colours are the page's classes `s0` to `s7`; a logarithmic axis where positive
/// values span more than a factor of 20 and a curve would lie flat at the bottom. An empty string where there
/// is no finite value.
std::string line_chart(const std::vector<Series>& series, const ChartSize& size, const std::string& label);

/// Positions of 3 to 7 round numbers in [low, high], and their texts.
struct Tick {
  double value;
  std::string text;
};
std::vector<Tick> linear_ticks(double low, double high, int most);
std::vector<Tick> log_ticks(double low, double high, int most);

/// "0.06612", "1.2e-05": so many digits that matter.
std::string short_number(double value, int digits = 4);
/// Text as it may stand in HTML.
std::string escaped(const std::string& text);

}  // namespace wengert::training
