// Writes loss curves as an SVG picture: epochs to the right, the loss upward on a logarithmic axis.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Curve {
  std::string name, color;
  std::vector<double> values;  ///< positive; the first one belongs to epoch `first`
};

namespace loss_curve_detail {

inline std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}
/// Coordinates need no more than a tenth of a pixel.
inline std::string at(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}
inline std::string text(double x, double y, const std::string& content, const std::string& attributes) {
  return "  <text x=\"" + at(x) + "\" y=\"" + at(y) + "\" " + attributes + ">" + content + "</text>\n";
}

}  // namespace loss_curve_detail

/// Throws std::runtime_error where the file cannot be written.
inline void write_loss_curve(const std::string& path, const std::string& title,
                             const std::vector<Curve>& curves, int first = 1) {
  using namespace loss_curve_detail;
  // A picture of 640 x 440 with large letters: on a phone, at half the size, they can still be read.
  constexpr double left = 92, right = 612, top = 66, bottom = 366;
  double low = INFINITY, high = 0;
  std::size_t count = 2;
  for (const Curve& curve : curves) {
    for (const double value : curve.values) low = std::min(low, value), high = std::max(high, value);
    count = std::max(count, curve.values.size());
  }
  low /= 1.25, high *= 1.25;  // room below and above
  const double last = first + static_cast<double>(count) - 1;
  const auto x = [&](double epoch) { return left + (epoch - first) / (last - first) * (right - left); };
  const auto y = [&](double loss) {
    return bottom - std::log(loss / low) / std::log(high / low) * (bottom - top);
  };

  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 440\" role=\"img\"\n"
      "     font-family=\"system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif\" font-size=\"20\" "
      "fill=\"#374151\">\n"
      "  <title>" +
      title +
      "</title>\n"
      "  <rect width=\"640\" height=\"440\" fill=\"#ffffff\"/>\n";
  svg += text(left, 36, title, "font-size=\"24\" font-weight=\"600\" fill=\"#111827\"");

  // Ticks at 1, 2 and 5 times powers of ten; only at powers of ten where that would be crowded.
  const bool wide = std::log10(high / low) > 2.5;
  for (int power = -12; power <= 12; ++power)
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double value = digit * std::pow(10.0, power);
      if (value < low || value > high || (wide && digit != 1.0)) continue;
      svg += "  <path d=\"M" + at(left) + " " + at(y(value)) + "H" + at(right) + "\" stroke=\"#e5e7eb\"/>\n";
      svg += text(left - 10, y(value) + 7, number(value), "text-anchor=\"end\"");
    }
  const double step = [&] {
    for (const double candidate : {1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0, 250.0, 500.0})
      if ((last - first) / candidate <= 5) return candidate;
    return std::ceil((last - first) / 5);
  }();
  for (double epoch = std::ceil(first / step) * step; epoch <= last; epoch += step) {
    svg += "  <path d=\"M" + at(x(epoch)) + " " + at(bottom) + "v6\" stroke=\"#9ca3af\"/>\n";
    svg += text(x(epoch), bottom + 28, number(epoch), "text-anchor=\"middle\"");
  }
  svg += "  <path d=\"M" + at(left) + " " + at(bottom) + "H" + at(right) + "\" stroke=\"#9ca3af\"/>\n";
  svg += text((left + right) / 2, bottom + 58, "epoch", "text-anchor=\"middle\"");
  svg += "  <text transform=\"translate(22 " + at((top + bottom) / 2) +
         ") rotate(-90)\" text-anchor=\"middle\">loss (logarithmic)</text>\n";

  for (const Curve& curve : curves) {
    std::string points;
    for (std::size_t i = 0; i < curve.values.size(); ++i)
      points += at(x(first + static_cast<double>(i))) + "," + at(y(curve.values[i])) + " ";
    svg += "  <polyline fill=\"none\" stroke=\"" + curve.color +
           "\" stroke-width=\"3\" stroke-linejoin=\"round\" stroke-linecap=\"round\" points=\"" + points +
           "\"/>\n";
  }
  // Each curve's name stands at its end, above it; of two that end close together the lower one's below.
  for (const Curve& curve : curves) {
    const double end = y(curve.values.back());
    const bool below = std::any_of(curves.begin(), curves.end(), [&](const Curve& other) {
      return y(other.values.back()) < end && y(other.values.back()) > end - 40;
    });
    const double over = x(first + static_cast<double>(curve.values.size()) - 1);
    svg +=
        "  <circle cx=\"" + at(over) + "\" cy=\"" + at(end) + "\" r=\"5\" fill=\"" + curve.color + "\"/>\n";
    // First a white rim, so that no line runs through the letters, then the letters.
    const std::string bold = "text-anchor=\"end\" font-weight=\"600\" ";
    for (const std::string& ink :
         {std::string("stroke=\"#ffffff\" stroke-width=\"6\""), "fill=\"" + curve.color + "\""})
      svg += text(over, end + (below ? 30 : -16), curve.name, bold + ink);
  }
  std::ofstream file(path);
  file << svg << "</svg>\n";
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}
