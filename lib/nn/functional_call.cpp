#include "wengert/nn/functional_call.hpp"

#include <algorithm>

#include "lib/core/fail.hpp"
#include "wengert/core/node.hpp"

namespace wengert::nn::detail {
namespace {

/// The places of a module's parameters, one that is shared as often as it stands somewhere.
class Places : public Visitor {
 public:
  std::vector<Tensor*> found;

 protected:
  void on_parameter(Tensor& parameter) override { found.push_back(&parameter); }
};

}  // namespace

Substituted::Substituted(Module& module, const std::vector<Tensor>& values) {
  constexpr const char* name = "functional_call";
  const std::vector<Tensor>& own = module.parameters();
  if (values.size() != own.size())
    fail<ValueError>(name, "there must be a value for each parameter: got ", values.size(), " for ",
                     own.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (values[i].shape() != own[i].shape())
      fail<ShapeError>(name, "a value must have its parameter's shape: got ", values[i].shape(), " for ",
                       own[i].shape(), ", parameter ", i);
    if (values[i].dtype() != own[i].dtype())
      fail<DTypeError>(name, "a value must have its parameter's dtype: got ", values[i].dtype(), " for ",
                       own[i].dtype(), ", parameter ", i);
  }
  Places places;
  module.visit(places);
  members_.reserve(places.found.size());
  for (Tensor* place : places.found) {
    const auto same = [&](const Tensor& parameter) { return &parameter.handle() == &place->handle(); };
    const auto at = std::ranges::find_if(own, same) - own.begin();
    members_.push_back({place, std::exchange(*place, values[static_cast<std::size_t>(at)])});
  }
}

Substituted::~Substituted() {
  for (Member& member : members_) *member.place = std::move(member.own);
}

}  // namespace wengert::nn::detail
