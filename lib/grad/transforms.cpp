#include "wengert/grad/transforms.hpp"

#include <algorithm>
#include <optional>

#include "lib/core/fail.hpp"
#include "wengert/core/node.hpp"
#include "wengert/grad/grad.hpp"
#include "wengert/ops/creation.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert::detail {
namespace {

void require_like(const char* transform, const char* what, const Tensor& given, const Tensor& like) {
  if (given.shape() != like.shape())
    fail<ShapeError>(transform, what, " must have the shape of what it belongs to: got ", given.shape(),
                     " for ", like.shape());
  if (given.dtype() != like.dtype())
    fail<DTypeError>(transform, what, " must have the dtype of what it belongs to: got ", given.dtype(),
                     " for ", like.dtype());
}

/// Derivatives of y in xs by a recorded or plain pass; zeros where y does not depend on one.
Several gradients(const Tensor& y, const Several& xs, const Tensor& seed, bool create_graph, Location where) {
  Several result(xs.size());
  if (y.requires_grad()) {
    GradOptions options{.create_graph = create_graph, .retain_graph = true, .allow_unused = true};
    if (seed.defined()) options.seeds = {seed};
    result = grad(y, xs, options);
  }
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (!result[i].defined()) result[i] = zeros_like(xs[i], {}, where);
  return result;
}

Shape joined(const Shape& a, const Shape& b) {
  Shape shape = a;
  for (const std::int64_t extent : b) shape.push_back(extent);
  return shape;
}

}  // namespace

Linearized::Linearized(const char* transform, const SeveralFunction& f, const Several& x,
                       TransformOptions options, Location where)
    : create_graph_(options.create_graph), where_(where) {
  const bool nested =
      grad_enabled() && std::ranges::any_of(x, [](const Tensor& t) { return t.requires_grad(); });
  create_graph_ = create_graph_ || nested;
  const EnableGrad recording;  // f is recorded also where the caller records nothing
  for (const Tensor& t : x) {
    if (!is_float(t.dtype()))
      fail<DTypeError>(transform, "a point must be float32 or float64: got ", t.dtype());
    // A node of its own, so that the derivative in x is not mixed with what else depends on x.
    point_.push_back(t.requires_grad() && nested ? reshape(t, t.shape(), where) : parameter(t, where));
  }
  output_ = f(point_);
}

Tensor Linearized::visible_output() const {
  return create_graph_ || !output_.requires_grad() ? output_ : output_.detach();
}

Several Linearized::pullback(const Tensor& g) const { return pullback(g, create_graph_); }
Several Linearized::pullback(const Tensor& g, bool create_graph) const {
  if (g.defined()) require_like("vjp", "a cotangent", g, output_);
  return gradients(output_, point_, g, create_graph, where_);
}

void require_count(const char* transform, const char* what, std::size_t given, std::size_t inputs) {
  if (inputs == 0) fail<GraphError>(transform, "there must be an input: got none");
  if (given != inputs)
    fail<GraphError>(transform, "there must be ", what, " for each input: got ", given, " for ", inputs);
}

Tensor pushforward(const Linearized& call, const Several& tangents) {
  for (std::size_t i = 0; i < tangents.size(); ++i)
    require_like("jvp", "a tangent", tangents[i], call.point()[i]);
  // The pullback is linear in its cotangent u; the derivative of <pullback(u), t> in u is the tangent of f.
  const EnableGrad recording;
  const Location where = call.where();
  const Tensor u = parameter(zeros_like(call.output(), {}, where), where);
  const Several pulled = call.pullback(u, true);
  std::optional<Tensor> along;
  for (std::size_t i = 0; i < pulled.size(); ++i) {
    const Tensor term = sum(mul({pulled[i], where}, tangents[i]), {}, false, where);
    along = along ? add({*along, where}, term.astype(along->dtype(), where)) : term;
  }
  return gradients(*along, {u}, Tensor(), call.create_graph(), where)[0];
}

Several jacobian_rows(const Linearized& call) {
  const Location where = call.where();
  const Shape shape = call.output().shape();
  const std::int64_t rows = call.output().size();
  std::vector<Several> columns(call.point().size());
  const Tensor basis = eye(rows, {.dtype = call.output().dtype()});
  for (std::int64_t k = 0; k < rows; ++k) {
    Several row = call.pullback(reshape(slice(basis, 0, k, k + 1, 1, where), shape, where));
    for (std::size_t i = 0; i < row.size(); ++i) columns[i].push_back(std::move(row[i]));
  }
  Several result;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Shape full = joined(shape, call.point()[i].shape());
    result.push_back(rows == 0 ? zeros(full, {.dtype = call.point()[i].dtype()}, where)
                               : reshape(stack(columns[i], 0, where), full, where));
  }
  return result;
}

std::vector<Several> hessian_blocks(const SeveralFunction& f, const Several& x, TransformOptions options,
                                    Location where) {
  std::vector<Several> blocks;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const SeveralFunction gradient = [&](const Several& at) {
      const Tensor y = f(at);
      require_scalar("hessian", y);
      return gradients(y, at, Tensor(), true, where)[i];
    };
    blocks.push_back(jacobian_rows(Linearized("hessian", gradient, x, options, where)));
  }
  return blocks;
}

Several hessian_product(const SeveralFunction& f, const Several& x, const Several& v,
                        TransformOptions options, Location where) {
  require_count("hvp", "a vector", v.size(), x.size());
  for (std::size_t i = 0; i < v.size(); ++i) require_like("hvp", "a vector", v[i], x[i]);
  const auto slope = [&](const Several& at) {
    const Tensor y = f(at);
    require_scalar("hvp", y);
    const Several first = gradients(y, at, Tensor(), true, where);
    const auto product = [&](std::size_t i) { return sum(mul({first[i], where}, v[i]), {}, false, where); };
    Tensor along = product(0);
    for (std::size_t i = 1; i < first.size(); ++i)
      along = add({along, where}, product(i).astype(along.dtype(), where));
    return along;
  };
  return Linearized("hvp", std::cref(slope), x, options, where).pullback(Tensor());
}

void require_scalar(const char* transform, const Tensor& output) {
  if (output.size() != 1)
    fail<ShapeError>(transform, "the function must return one element: got shape ", output.shape(),
                     ". Did you mean the sum of it?");
}

}  // namespace wengert::detail
