#include "tests/oracle/compare.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/support/tensors.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/io/safetensors.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"

namespace oracle {
namespace {

using namespace wengert;
using Parts = std::map<std::string, Tensor>;  // "in0", "out0", ... of a case

/// The elements where Wengert's convention differs from the oracle's; see tools/oracle/generate.
using Conventions = std::map<std::string, std::string>;

/// NaN is near NaN, an infinity only itself.
bool near(double got, double expected, const Bound& bound) {
  if (got == expected || (std::isnan(got) && std::isnan(expected))) return true;
  return std::isfinite(expected) &&
         std::fabs(got - expected) <= bound.absolute + bound.relative * std::fabs(expected);
}

/// The weighted sum of those tensors that are there and depend on what is varied; empty if there are none.
Tensor contraction(const Tensors& tensors, std::uint64_t first_salt) {
  Tensor total;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined() || !tensors[i].requires_grad()) continue;
    const Tensor part = sum(tensors[i] * weights(tensors[i].shape(), first_salt + i));
    total = total.defined() ? total + part : part;
  }
  return total;
}

/// Derivatives of `total` in `inputs`, in the places of `varied`; zeros where there are none.
Tensors derivatives(const Tensor& total, const Tensors& inputs, const std::vector<bool>& varied,
                    bool create_graph) {
  Tensors chosen, result(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (varied[i]) chosen.push_back(inputs[i]);
  Tensors found(chosen.size());
  if (total.defined()) found = grad(total, chosen, {.create_graph = create_graph, .allow_unused = true});
  for (std::size_t i = 0, next = 0; i < inputs.size(); ++i) {
    if (!varied[i]) continue;
    result[i] = found[next].defined() ? found[next] : zeros_like(inputs[i]);
    ++next;
  }
  return result;
}

Tensors numbered(const Parts& parts, const std::string& kind, std::size_t count) {
  Tensors result;
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = parts.find(kind + std::to_string(i));
    result.push_back(found == parts.end() ? Tensor() : found->second);
  }
  return result;
}
std::size_t count_of(const Parts& parts, const std::string& kind) {
  std::size_t count = 0;
  while (parts.contains(kind + std::to_string(count))) ++count;
  return count;
}

/// Demands Wengert's own values where a convention says so; returns `expected` with what was found there, so
/// that these elements are not compared again.
Tensor by_convention(const std::string& key, const Tensor& got, const Tensor& expected,
                     const Conventions& conventions, const Bound& bound) {
  const auto found = conventions.find(key);
  if (found == conventions.end() || !(got.shape() == expected.shape())) return expected;
  const std::vector<double> values = support::values(got);
  std::vector<double> result = support::values(expected);
  for (const auto& entry : nlohmann::json::parse(found->second)) {
    const auto& stated = entry.at("values");  // one for all, or a list
    for (std::size_t k = 0; k < entry.at("elements").size(); ++k) {
      const std::size_t i = entry.at("elements")[k];
      const auto text = (stated.is_array() ? stated[k] : stated).get<std::string>();
      const double value = text == "finite" ? 0.0 : std::strtod(text.c_str(), nullptr);
      const bool fits = text == "finite" ? std::isfinite(values.at(i)) : near(values.at(i), value, bound);
      const bool needed =
          text == "finite" ? !std::isfinite(result.at(i)) : !near(result.at(i), value, {1e-13, 0.0});
      CHECK_MESSAGE(fits,
                    key << ": element " << i << ": got " << values[i] << ", the convention is " << text);
      CHECK_MESSAGE(needed, key << ": element " << i << ": the convention says no more than the oracle does");
      result[i] = values[i];
    }
  }
  return support::tensor(result, expected.shape(), expected.dtype());
}

void compare(const std::string& key, const Tensor& got, const Tensor& expected,
             const Conventions& conventions, const Bound& bound) {
  const std::string found = difference(got, by_convention(key, got, expected, conventions, bound), bound);
  CHECK_MESSAGE(found.empty(), key << ": " << found);
}

void check_case(const std::string& key, const Parts& parts, const Entry& entry,
                const Conventions& conventions) {
  const std::size_t count = count_of(parts, "in");
  const Tensors expected = numbered(parts, "out", count_of(parts, "out"));
  const Tensors gradients = numbered(parts, "grad", count), seconds = numbered(parts, "second", count);
  std::vector<bool> varied(count);
  Tensors inputs = numbered(parts, "in", count);
  for (std::size_t i = 0; i < count; ++i) {
    varied[i] = gradients[i].defined();
    if (varied[i]) inputs[i] = parameter(inputs[i]);
  }

  const Tensors outputs = entry.run(inputs);
  CHECK_MESSAGE(outputs.size() == expected.size(), key << "out: " << outputs.size() << " outputs");
  if (outputs.size() != expected.size()) return;
  for (std::size_t k = 0; k < outputs.size(); ++k)
    compare(key + "out" + std::to_string(k), outputs[k], expected[k], conventions, entry.bound);
  const Tensors first = derivatives(contraction(outputs, 0), inputs, varied, true);
  const Tensors second = derivatives(contraction(first, 16), inputs, varied, false);
  for (std::size_t i = 0; i < count; ++i) {
    if (!varied[i]) continue;
    compare(key + "grad" + std::to_string(i), first[i], gradients[i], conventions, entry.bound);
    const Tensor& expected_second = seconds[i].defined() ? seconds[i] : zeros_like(inputs[i]);
    compare(key + "second" + std::to_string(i), second[i], expected_second, conventions, entry.bound);
  }
}

}  // namespace

Tensor weights(const Shape& shape, std::uint64_t salt) {
  std::vector<double> numbers(static_cast<std::size_t>(element_count(shape)));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto hashed = static_cast<std::uint32_t>(i * 2654435761u + salt * 40503u + 12345u) >> 16 & 255;
    numbers[i] = (2.0 * hashed - 255.0) / 128.0;
  }
  return support::tensor(numbers, shape);
}

std::string difference(const Tensor& got, const Tensor& expected, const Bound& bound) {
  std::ostringstream text;
  text.precision(std::numeric_limits<double>::max_digits10);
  if (got.dtype() != expected.dtype()) {
    text << "dtype " << name(got.dtype()) << ", expected " << name(expected.dtype());
  } else if (!(got.shape() == expected.shape())) {
    text << "shape " << got.shape() << ", expected " << expected.shape();
  } else {
    const std::vector<double> a = support::values(got), b = support::values(expected);
    std::size_t wrong = 0, first = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (near(a[i], b[i], bound)) continue;
      if (wrong++ == 0) first = i;
    }
    if (wrong > 0)
      text << "element " << first << ": got " << a[first] << ", expected " << b[first] << " (" << wrong
           << " of " << a.size() << " wrong)";
  }
  return text.str();
}

void check_family(const std::string& family, const std::vector<Entry>& table) {
  const std::string path = WENGERT_SOURCE_ROOT "/tests/oracle/" + family + ".safetensors";
  const Conventions conventions = io::safetensors_metadata(path);
  std::map<std::string, Parts> cases;  // by "CALL/CASE/"
  for (const auto& [key, tensor] : io::load_safetensors(path)) {
    const std::size_t end = key.rfind('/') + 1;
    cases[key.substr(0, end)][key.substr(end)] = tensor;
  }
  std::map<std::string, const Entry*> entries;
  for (const Entry& entry : table)
    CHECK_MESSAGE(entries.emplace(entry.name, &entry).second, entry.name << " stands twice");
  std::set<std::string> used;
  for (const auto& [key, parts] : cases) {
    const std::string call = key.substr(0, key.find('/'));
    used.insert(call);
    const auto found = entries.find(call);
    CHECK_MESSAGE(found != entries.end(), key << " is in the file, but " << call << " is not in the table");
    if (found == entries.end()) continue;
    try {
      check_case(key, parts, *found->second, conventions);
    } catch (const Error& error) {
      FAIL_CHECK(key << ": " << std::string(error.what()));
    }
  }
  for (const auto& [call, entry] : entries)
    CHECK_MESSAGE(used.contains(call), call << " is in the table, but not in the file");
  MESSAGE(family << ": " << cases.size() << " cases of " << used.size() << " calls");
}

}  // namespace oracle
