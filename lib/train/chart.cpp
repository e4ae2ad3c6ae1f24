#include "lib/train/chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace wengert::training {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Coordinates need no more than a tenth of a pixel.
std::string at(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  std::string result = text;
  if (result.ends_with(".0")) result.resize(result.size() - 2);
  return result == "-0" ? "0" : result;
}

/// Not more points than pixels: of each run of them the lowest and the highest, in their order.
std::vector<std::size_t> shown(const Series& series, std::size_t most) {
  std::vector<std::size_t> finite;
  for (std::size_t i = 0; i < series.y.size(); ++i)
    if (std::isfinite(series.y[i]) && std::isfinite(series.x[i])) finite.push_back(i);
  if (finite.size() <= most) return finite;
  std::vector<std::size_t> kept{finite.front()};
  const std::size_t runs = most / 2;
  for (std::size_t run = 0; run < runs; ++run) {
    const auto begin = finite.begin() + static_cast<std::ptrdiff_t>(run * finite.size() / runs);
    const auto end = finite.begin() + static_cast<std::ptrdiff_t>((run + 1) * finite.size() / runs);
    const auto [low, high] =
        std::minmax_element(begin, end, [&](auto a, auto b) { return series.y[a] < series.y[b]; });
    for (const auto i : {std::min(*low, *high), std::max(*low, *high)})
      if (i > kept.back()) kept.push_back(i);
  }
  if (kept.back() != finite.back()) kept.push_back(finite.back());
  return kept;
}

struct Range {
  double low = infinity, high = -infinity;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

}  // namespace

std::string short_number(double value, int digits) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char text[32];
  const double size = std::fabs(value);
  if (value == std::floor(value) && size < 1e9)
    std::snprintf(text, sizeof text, "%.0f", value);
  else if (size >= 1e6 || size < 1e-4)
    std::snprintf(text, sizeof text, "%.1e", value);
  else
    std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
  }
  return result;
}

std::vector<Tick> linear_ticks(double low, double high, int most) {
  const double rough = (high - low) / most, power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double digit : {1.0, 2.0, 2.5, 5.0})
    if (digit * power >= rough * (1 - 1e-9)) {
      step = digit * power;
      break;
    }
  std::vector<Tick> ticks;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i <= 2 * most && (first + i) * step <= high + 1e-9 * step; ++i) {
    const double value = (first + i) * step;
    ticks.push_back({value, short_number(std::fabs(value) < step * 1e-6 ? 0.0 : value)});
  }
  return ticks;
}

std::vector<Tick> log_ticks(double low, double high, int most) {
  const double decades = std::log10(high / low);
  const std::vector<double> digits =
      decades * 3 <= most ? std::vector<double>{1, 2, 5} : std::vector<double>{1};
  const int stride = digits.size() > 1 ? 1 : std::max(1, static_cast<int>(std::ceil(decades / most)));
  std::vector<Tick> ticks;
  for (int power = static_cast<int>(std::floor(std::log10(low))); power <= std::log10(high); ++power) {
    if (power % stride != 0) continue;
    for (const double digit : digits) {
      const double value = digit * std::pow(10.0, power);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      char text[32];
      std::snprintf(text, sizeof text, "%.3g", value);
      ticks.push_back({value, text});
    }
  }
  return ticks;
}

std::string line_chart(const std::vector<Series>& series, const ChartSize& size, const std::string& label) {
  Range x_range, y_range;
  for (const Series& one : series)
    for (const std::size_t i : shown(one, one.y.size())) x_range.add(one.x[i]), y_range.add(one.y[i]);
  // Values too far apart to be subtracted give no picture.
  if (!(y_range.low <= y_range.high) || !std::isfinite(y_range.high - y_range.low) ||
      !std::isfinite(x_range.high - x_range.low))
    return "";
  // Where an ordinary axis would press most of a curve flat.
  const auto lies_low = [&](const Series& one) {
    std::vector<double> values;
    for (const std::size_t i : shown(one, one.y.size())) values.push_back(one.y[i]);
    if (values.empty()) return false;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle < 0.2 * y_range.high;
  };
  const bool logarithmic =
      y_range.low > 0 && y_range.high / y_range.low > 20 && std::ranges::any_of(series, lies_low);
  if (logarithmic) {
    y_range.low /= 1.15, y_range.high *= 1.15;
  } else {
    const double size = std::max(std::fabs(y_range.low), std::fabs(y_range.high));
    const double span = y_range.high - y_range.low;
    const double room = span > std::max(size * 1e-9, 1e-280) ? span * 0.06 : std::max(size * 0.1, 1e-12);
    // A share stays within 0 and 1, and what is never negative does not seem to be.
    const bool share = y_range.low >= 0 && y_range.high <= 1;
    y_range.low = y_range.low >= 0 ? std::max(0.0, y_range.low - room) : y_range.low - room;
    y_range.high = share ? std::min(std::max(1.0, y_range.high), y_range.high + room) : y_range.high + room;
    if (!(y_range.high > y_range.low)) y_range.high += room;
  }
  if (const double size = std::max({std::fabs(x_range.low), std::fabs(x_range.high), 1.0});
      !(x_range.high - x_range.low > size * 1e-9))
    x_range.low -= 0.5 * size, x_range.high += 0.5 * size;

  const auto y_ticks =
      logarithmic ? log_ticks(y_range.low, y_range.high, 6) : linear_ticks(y_range.low, y_range.high, 5);
  std::size_t longest = 1;
  for (const Tick& tick : y_ticks) longest = std::max(longest, tick.text.size());
  const double left = 14 + 7.4 * static_cast<double>(longest), right = size.width - 12, top = 10,
               bottom = size.height - 42;
  const auto x = [&](double value) {
    return left + (value - x_range.low) / (x_range.high - x_range.low) * (right - left);
  };
  const auto y = [&](double value) {
    const double part = logarithmic ? std::log(value / y_range.low) / std::log(y_range.high / y_range.low)
                                    : (value - y_range.low) / (y_range.high - y_range.low);
    return bottom - part * (bottom - top);
  };

  std::string svg = "<svg viewBox=\"0 0 " + at(size.width) + " " + at(size.height) +
                    "\" role=\"img\" aria-label=\"" + escaped(label) + "\">";
  for (const Tick& tick : y_ticks) {
    svg += "<path class=\"grid\" d=\"M" + at(left) + " " + at(y(tick.value)) + "H" + at(right) + "\"/>";
    svg += "<text x=\"" + at(left - 8) + "\" y=\"" + at(y(tick.value) + 4.5) + "\" text-anchor=\"end\">" +
           tick.text + "</text>";
  }
  svg += "<path class=\"axis\" d=\"M" + at(left) + " " + at(bottom) + "H" + at(right) + "\"/>";
  for (const Tick& tick : linear_ticks(x_range.low, x_range.high, size.width < 450 ? 4 : 7)) {
    svg += "<path class=\"axis\" d=\"M" + at(x(tick.value)) + " " + at(bottom) + "v5\"/>";
    const bool edge = x(tick.value) > right - 12;
    svg += "<text x=\"" + at(edge ? right + 8 : x(tick.value)) + "\" y=\"" + at(bottom + 20) +
           "\" text-anchor=\"" + (edge ? "end" : "middle") + "\">" + tick.text + "</text>";
  }
  svg += "<text x=\"" + at((left + right) / 2) + "\" y=\"" + at(bottom + 37) +
         "\" text-anchor=\"middle\">step" + (logarithmic ? ", values on a logarithmic axis" : "") + "</text>";
  for (std::size_t s = 0; s < series.size(); ++s) {
    const Series& one = series[s];
    const std::string colour = "s" + std::to_string(s % 8);
    const auto points = shown(one, static_cast<std::size_t>(size.width));
    if (points.empty()) continue;
    std::string path;
    for (const std::size_t i : points)
      path += (path.empty() ? "" : " ") + at(x(one.x[i])) + "," + at(y(one.y[i]));
    if (points.size() > 1) svg += "<polyline class=\"" + colour + "\" points=\"" + path + "\"/>";
    svg += "<circle class=\"" + colour + "\" cx=\"" + at(x(one.x[points.back()])) + "\" cy=\"" +
           at(y(one.y[points.back()])) + "\" r=\"3.5\"/>";
  }
  return svg + "</svg>";
}

}  // namespace wengert::training
