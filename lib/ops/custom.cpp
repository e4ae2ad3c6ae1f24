#include "wengert/ops/custom.hpp"

#include "lib/core/memory.hpp"
#include "lib/ops/blocks.hpp"

namespace wengert::detail {
namespace {

struct CustomAttributes : Attributes {
  CustomAttributes(std::shared_ptr<const CustomDefinition> definition, Tensor value)
      : definition(std::move(definition)), value(std::move(value)) {}
  std::shared_ptr<const CustomDefinition> definition;
  Tensor value;  // computed before the node was made, since its shape is the forward's own affair
};

void take_value(Node& node) {
  auto& attributes = static_cast<CustomAttributes&>(*node.attributes);
  Node& value = attributes.value.node();
  share_value(node, value, 0, value.strides);
  attributes.value = Tensor();
}

}  // namespace

CustomDefinition::CustomDefinition(std::string name)
    : name_(std::move(name)),
      operation_{.name = name_.c_str(), .forward = take_value, .rule_of_all = [](const Call& call) {
                   return call.attributes<CustomAttributes>().definition->cotangents(call);
                 }} {}

DType custom_dtype(const CustomDefinition& definition, const std::vector<Tensor>& inputs) {
  const char* name = definition.operation().name;
  const DType dtype = inputs.front().dtype();
  require_float(name, dtype);
  for (const Tensor& input : inputs)
    if (input.dtype() != dtype)
      fail<DTypeError>(name, "dtypes must be equal: got ", dtype, " and ", input.dtype(),
                       ". Did you mean to cast with astype(", dtype, ")?");
  return dtype;
}

void refuse_shapes(const CustomDefinition& definition, const std::vector<Tensor>& inputs) {
  std::string shapes;
  for (const Tensor& input : inputs) shapes += (shapes.empty() ? "" : ", ") + to_string(input.shape());
  fail<ShapeError>(definition.operation().name, "shapes must broadcast: got ", shapes);
}

Tensor record_custom(std::shared_ptr<const CustomDefinition> definition, const std::vector<Tensor>& inputs,
                     const Tensor& value, Location where) {
  memory::List<Node*> nodes;
  for (const Tensor& input : inputs) nodes.push_back(&input.node());
  const Operation& operation = definition->operation();
  return record(operation, nodes.data(), nodes.size(), value.shape(), value.dtype(), where,
                new CustomAttributes(std::move(definition), value));
}

}  // namespace wengert::detail
