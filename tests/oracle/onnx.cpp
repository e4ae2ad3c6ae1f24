// The node tests of ONNX as a second oracle for values: every case of onnx.safetensors runs through the call
// that stands for its operator. tools/oracle/convert_onnx makes the file and lists what is left out, with the
// reason.
#include "tests/oracle/onnx.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/oracle/compare.hpp"
#include "wengert/core/error.hpp"
#include "wengert/io/safetensors.hpp"

namespace oracle {
namespace {

using Parts = std::map<std::string, Tensor>;

Tensors numbered(const Parts& parts, const std::string& kind, std::size_t count) {
  Tensors result;
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = parts.find(kind + std::to_string(i));
    result.push_back(found == parts.end() ? Tensor() : found->second);
  }
  return result;
}

}  // namespace

TEST_CASE("ONNX's node tests") {
  const std::string path = WENGERT_SOURCE_ROOT "/tests/oracle/onnx.safetensors";
  std::map<std::string, Parts> cases;
  for (const auto& [key, tensor] : wengert::io::load_safetensors(path)) {
    const std::size_t slash = key.rfind('/');
    cases[key.substr(0, slash)][key.substr(slash + 1)] = tensor;
  }
  OnnxOperators operators;
  add_elementwise(operators);
  add_reductions(operators);
  add_structure(operators);
  add_networks(operators);

  const Bound bound{1e-5, 5e-7, "float32, and numbers near 0 are differences of numbers of size 1"};
  std::set<std::string> used;
  const auto metadata = wengert::io::safetensors_metadata(path);
  for (const auto& [name, text] : metadata) {
    const auto json = nlohmann::json::parse(text);
    const std::string op = json.at("operator");
    const auto found = operators.find(op);
    CHECK_MESSAGE(found != operators.end(), name << ": no call for operator " << op);
    if (found == operators.end()) continue;
    used.insert(op);
    const Node node{json.at("attributes"), numbered(cases[name], "in", json.at("inputs")),
                    json.at("outputs")};
    const Tensors expected = numbered(cases[name], "out", json.at("outputs"));
    try {
      const Tensors got = found->second(node);
      CHECK_MESSAGE(got.size() >= expected.size(), name << ": " << got.size() << " outputs");
      if (got.size() < expected.size()) continue;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        if (!expected[i].defined() || !got[i].defined())
          continue;  // not asked for, or Wengert has no such output
        const std::string wrong = difference(got[i], expected[i], bound);
        CHECK_MESSAGE(wrong.empty(), name << " (" << op << ") out" << i << ": " << wrong);
      }
    } catch (const wengert::Error& error) {
      FAIL_CHECK(name << " (" << op << "): " << std::string(error.what()));
    }
  }
  for (const auto& [op, call] : operators) CHECK_MESSAGE(used.contains(op), op << " has a call, but no case");
  MESSAGE("onnx: " << metadata.size() << " cases of " << used.size() << " operators");
}

}  // namespace oracle
