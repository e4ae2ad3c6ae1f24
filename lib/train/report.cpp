#include "lib/train/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "lib/train/chart.hpp"
#include "lib/train/style.hpp"
#include "lib/train/tape_view.hpp"
#include "wengert/train/progress.hpp"

namespace wengert::training {
namespace {

std::string base64(const std::string& bytes) {
  constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned value = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      value = value << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? letters[value >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string decimals(double value, int count) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", count, value);
  return text;
}

std::string card(const std::string& title, const std::string& content, bool full = false) {
  return "<section class=\"card" + std::string(full ? " full" : "") + "\"><h2>" + escaped(title) + "</h2>" +
         content + "</section>\n";
}

/// Metrics that share a picture: those of one name before the slash.
struct Group {
  std::string name;
  std::vector<Series> series;
};

std::vector<Group> groups_of(const Table& table) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const std::string& column = table.columns()[i];
    const std::size_t slash = column.find('/');
    const std::string name = column.substr(0, slash);
    auto found = std::ranges::find(groups, name, &Group::name);
    if (found == groups.end()) found = groups.insert(groups.end(), Group{name, {}});
    found->series.push_back(
        {slash == std::string::npos ? "" : column.substr(slash + 1), table.steps(), table.values(i)});
  }
  return groups;
}

double last_of(const std::vector<double>& values) {
  for (std::size_t i = values.size(); i-- > 0;)
    if (std::isfinite(values[i])) return values[i];
  return std::numeric_limits<double>::quiet_NaN();
}

std::string charts(const Report& report, std::size_t& count) {
  std::string page;
  for (const Group& group : groups_of(report.metrics)) {
    const std::string wide = line_chart(group.series, {520, 300}, group.name);
    if (wide.empty()) continue;
    ++count;
    std::string legend;
    for (std::size_t s = 0; s < group.series.size(); ++s)
      legend += "<span><i class=\"k" + std::to_string(s % 8) + "\"></i>" +
                escaped(group.series[s].name.empty() ? "at the end" : group.series[s].name) + " <b>" +
                short_number(last_of(group.series[s].y)) + "</b></span>";
    page += card(group.name, "<div class=\"legend\">" + legend +
                                 "</div><div class=\"chart\"><div class=\"wide\">" + wide +
                                 "</div><div class=\"narrow\">" +
                                 line_chart(group.series, {338, 250}, group.name) + "</div></div>");
  }
  return page;
}

/// The last value of every metric, and the best one where it is known which side is better.
std::string tiles(const Report& report) {
  std::string page;
  const auto tile = [&](const std::string& name, const std::string& value, const std::string& below) {
    page += "<div class=\"tile\"><div class=\"name\">" + escaped(name) + "</div><div class=\"value\">" +
            escaped(value) + "</div><div class=\"best\">" + escaped(below) + "</div></div>";
  };
  for (std::size_t i = 0; i < report.metrics.columns().size() && i < 7; ++i) {
    std::string name = report.metrics.columns()[i];
    const bool down = name.find("loss") != std::string::npos || name.find("error") != std::string::npos;
    const bool up = name.find("accuracy") != std::string::npos || name.find("f1") != std::string::npos;
    const auto values = report.metrics.values(i);
    std::size_t best = values.size();
    for (std::size_t k = 0; k < values.size(); ++k)
      if (std::isfinite(values[k]) &&
          (best == values.size() || (up ? values[k] > values[best] : values[k] < values[best])))
        best = k;
    if (best == values.size()) continue;
    if (const std::size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, ", ");
    tile(name, short_number(last_of(values)),
         up || down ? "best " + short_number(values[best], 3) + ", step " +
                          short_number(report.metrics.steps()[best])
                    : "");
  }
  if (report.seconds > 0)
    tile("time", duration(report.seconds), std::to_string(report.metrics.steps().size()) + " rows logged");
  return page.empty() ? "" : "<div class=\"tiles\">" + page + "</div>\n";
}

std::string config(const Report& report) {
  if (report.config.empty()) return "";
  std::string list;
  for (const auto& [name, value] : report.config)
    list += "<div><dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd></div>";
  return card("Configuration", "<dl>" + list + "</dl>", true);
}

/// A strip for each parameter: the darker, the larger its gradient was at that step.
std::string gradients(const Report& report) {
  const Table& table = report.gradients;
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (std::size_t i = 0; i < table.columns().size(); ++i)
    for (const double value : table.values(i))
      if (std::isfinite(value) && value > 0) low = std::min(low, value), high = std::max(high, value);
  if (!(high > 0)) return "";
  if (high / low > 1e6) low = high / 1e6;  // what is smaller is as good as nothing
  std::string rows;
  const std::size_t steps = table.steps().size(), parts = std::min<std::size_t>(steps, 120);
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const auto values = table.values(i);
    std::string strip;
    for (std::size_t part = 0; part < parts; ++part) {
      const std::size_t begin = part * steps / parts, end = (part + 1) * steps / parts;
      double largest = 0;
      for (std::size_t k = begin; k < end; ++k)
        if (std::isfinite(values[k])) largest = std::max(largest, values[k]);
      if (!(largest > 0)) continue;
      const double share =
          high > low ? std::clamp(std::log(largest / low) / std::log(high / low), 0.0, 1.0) : 1.0;
      strip += "<rect x=\"" + std::to_string(part) + "\" width=\"1.03\" height=\"1\" opacity=\"" +
               decimals(0.06 + 0.94 * share, 2) + "\"/>";
    }
    rows += "<div class=\"row\"><span class=\"name\">" + escaped(table.columns()[i]) +
            "</span><span class=\"strip\"><svg preserveAspectRatio=\"none\" viewBox=\"0 0 " +
            std::to_string(parts) + " 1\" role=\"img\" aria-label=\"gradient norms of " +
            escaped(table.columns()[i]) + "\">" + strip + "</svg></span><span class=\"last\">" +
            short_number(last_of(values)) + "</span></div>";
  }
  const std::string note =
      "<p class=\"note\">The norm of each parameter's gradient, from the first step logged (left) to "
      "the last (right); the number is the last one. The scale is logarithmic.</p>";
  return card("Gradients by layer",
              note + "<div class=\"scale\">" + short_number(low) + "<i></i>" + short_number(high) +
                  "</div><div class=\"strips\">" + rows + "</div>",
              true);
}

std::string class_name(const Report& report, std::int64_t label) {
  const auto i = static_cast<std::size_t>(label);
  return i < report.classes.size() ? report.classes[i] : std::to_string(label);
}

/// In the place of one card, or in a row of its own.
std::string confusion(const Report& report, bool alone) {
  if (report.confusion.empty()) return "";
  const ConfusionMatrix& matrix = report.confusion.front();
  const std::int64_t n = matrix.classes();
  if (n > 40)
    return card("Confusion", "<p class=\"note\">" + std::to_string(n) + " classes are too many to draw.</p>");
  bool long_names = false;
  for (std::int64_t i = 0; i < n; ++i) long_names |= class_name(report, i).size() > 3;
  std::int64_t largest = 1, most_wrong = 1;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      auto& most = i == j ? largest : most_wrong;
      most = std::max(most, matrix.count(i, j));
    }
  const auto head = [&](std::int64_t i) {
    return long_names ? std::to_string(i) : escaped(class_name(report, i));
  };
  std::string table = "<table class=\"matrix\"><tr><th></th>";
  for (std::int64_t j = 0; j < n; ++j) table += "<th scope=\"col\">" + head(j) + "</th>";
  table += "</tr>";
  for (std::int64_t i = 0; i < n; ++i) {
    table += "<tr><th scope=\"row\">" + head(i) + "</th>";
    for (std::int64_t j = 0; j < n; ++j) {
      const std::int64_t count = matrix.count(i, j);
      if (count == 0) {
        table += "<td class=\"zero\">&middot;</td>";
        continue;
      }
      const double share = static_cast<double>(count) / static_cast<double>(i == j ? largest : most_wrong);
      const double opacity = i == j ? 0.25 + 0.75 * share : 0.15 + 0.35 * share;
      table += "<td class=\"" + std::string(i == j ? opacity > 0.5 ? "right deep" : "right" : "wrong") +
               "\" style=\"background:rgba(" + (i == j ? "37,99,235," : "217,72,15,") + decimals(opacity, 2) +
               ")\">" + std::to_string(count) + "</td>";
    }
    table += "</tr>";
  }
  table += "</table>";
  std::string names;
  if (long_names) {
    for (std::int64_t i = 0; i < n; ++i)
      names += (i ? " &middot; " : "") + std::to_string(i) + "&nbsp;" + escaped(class_name(report, i));
    names = "<p class=\"classes\">" + names + "</p>";
  }
  const std::string note = "<p class=\"note\">Rows are what it is, columns what it was taken for. " +
                           std::to_string(matrix.total()) + " samples, " +
                           decimals(100 * matrix.accuracy(), 2) + "&nbsp;% of them right.</p>";
  return card("Confusion", note + table + names, alone);
}

std::string predictions(const Report& report) {
  if (report.predictions.empty()) return "";
  std::string list;
  bool named = false;  // by more than a letter or a digit
  for (const Prediction& one : report.predictions) {
    named |= one.expected.size() > 2;
    const bool right = one.expected == one.predicted;
    const std::string share = std::isnan(one.probability)
                                  ? ""
                                  : " <small>" + decimals(100 * one.probability, 1) + "&nbsp;%</small>";
    list += "<figure" + std::string(right ? "" : " class=\"wrong\"") + "><img alt=\"" +
            escaped(one.expected) + "\" src=\"data:image/png;base64," + base64(one.png) +
            "\"><figcaption><b>" + escaped(one.predicted) + "</b>" + share +
            (right ? "" : "<span class=\"is\">is " + escaped(one.expected) + "</span>") +
            "</figcaption></figure>";
  }
  return card("Predictions",
              "<p class=\"note\">What was predicted, and how sure the model was. Wrong ones have a red "
              "frame and say what it is.</p><div class=\"samples" +
                  std::string(named ? " named" : "") + "\">" + list + "</div>",
              true);
}

std::string tape(const Report& report) {
  if (report.tape.empty()) return "";
  const auto operations =
      std::ranges::count_if(report.tape, [](const TraceNode& n) { return !n.operation.empty(); });
  const std::string note =
      "<p class=\"note\">What one step recorded, in order: " + std::to_string(operations) +
      " operations. An arc leads from a value to where it is used; gradients go the same way back. On "
      "the right, the line of the program.</p>";
  return card("The tape of one step", note + tape_view(report.tape), true);
}

}  // namespace

std::string html(const Report& report) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
      escaped(report.title) + "</title><style>" + style + "</style></head><body><main>\n<header><h1>" +
      escaped(report.title) + "</h1></header>\n";
  page += tiles(report);
  std::size_t pictures = 0;
  page += "<div class=\"cards\">\n" + charts(report, pictures);
  page += confusion(report, pictures % 2 == 0) + predictions(report) + gradients(report) + config(report) +
          tape(report) + "</div>\n";
  return page +
         "<footer>Written by Wengert. The numbers are in metrics.csv and gradients.csv beside this "
         "file.</footer>\n"
         "</main></body></html>\n";
}

}  // namespace wengert::training
