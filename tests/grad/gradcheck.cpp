// The tester is tested: operations whose derivatives are wrong in one way each, made as a user would make
// them, must each be caught with a message that says so, and right ones must pass.
#include "wengert/grad/gradcheck.hpp"

#include <sstream>

#include "support/tensors.hpp"
#include "wengert/extend.hpp"

using namespace wengert;
using support::message;

namespace {

using Vector = std::vector<Tensor>;

void forward_squares(Node& node) {
  auto* to = reinterpret_cast<double*>(allocate_value(node));
  const auto x = Tensor(&node.input(0)).array<double>();
  for (std::size_t i = 0; i < x.size(); ++i) to[i] = x.data()[i] * x.data()[i];
}

/// x * x with the rule given.
TensorFunction squares(const Operation& operation) {
  return [&operation](const Vector& in) {
    return record(operation, {&in[0].node()}, in[0].shape(), in[0].dtype(), {});
  };
}

const Tensor point = support::vector({0.5, -1.25, 2.0});

constexpr Operation right_squares{.name = "squares",
                                  .forward = forward_squares,
                                  .rules = {[](const Call& c) { return c.g * (2.0 * c.x(0)); }}};

constexpr Operation slightly_off{
    .name = "squares", .forward = forward_squares, .rules = {[](const Call& c) {
                                                     const Tensor error(xt::xarray<double>{0.0, 1e-6, 0.0});
                                                     return c.g * (2.0 * c.x(0) + error);
                                                   }}};
constexpr Operation gives_nan{.name = "squares",
                              .forward = forward_squares,
                              .rules = {[](const Call& c) { return c.g * (2.0 * c.x(0) + std::nan("")); }}};
constexpr Operation nan_in_one{.name = "squares",
                               .forward = forward_squares,
                               .rules = {[](const Call& c) {
                                 const Tensor error(xt::xarray<double>{0.0, 0.0, std::nan("")});
                                 return c.g * (2.0 * c.x(0) + error);
                               }}};
constexpr Operation gives_infinity{.name = "squares",
                                   .forward = forward_squares,
                                   .rules = {[](const Call& c) { return c.g * (2.0 * c.x(0)) / 0.0; }}};
constexpr Operation wrong_shape{.name = "squares", .forward = forward_squares, .rules = {[](const Call& c) {
                                                                                 return reshape(c.g, {3, 1});
                                                                               }}};
constexpr Operation too_small{
    .name = "squares", .forward = forward_squares, .rules = {[](const Call& c) { return sum(c.g); }}};
constexpr Operation wrong_dtype{
    .name = "squares", .forward = forward_squares, .rules = {[](const Call& c) {
                                                     return (c.g * (2.0 * c.x(0))).astype(float32);
                                                   }}};
constexpr Operation no_rule{.name = "squares", .forward = forward_squares, .rules = {nullptr}};
constexpr Operation outside_the_tape{
    .name = "squares", .forward = forward_squares, .rules = {[](const Call& c) {
                                                     const NoGrad values_only;
                                                     return c.g * (2.0 * c.x(0));
                                                   }}};
constexpr Operation input_detached{.name = "squares",
                                   .forward = forward_squares,
                                   .rules = {[](const Call& c) { return c.g * (2.0 * c.x(0).detach()); }}};
constexpr Operation wrong_second{
    .name = "squares", .forward = forward_squares, .rules = {[](const Call& c) {
                                                     // The value is right, its own derivative is twice what
                                                     // it should be.
                                                     const Tensor x = c.x(0);
                                                     return c.g * (4.0 * x - 2.0 * x.detach());
                                                   }}};

std::string problem(const TensorFunction& f, const Vector& inputs, int order = 1) {
  const GradcheckReport report = gradcheck(f, inputs, {.order = order});
  CHECK(!report.ok());
  return report.problem;
}
bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

}  // namespace

TEST_CASE("a right rule passes, to second order") {
  const GradcheckReport first = gradcheck(squares(right_squares), {point});
  CHECK(first.ok());
  CHECK(first.entries == 9);
  CHECK(gradcheck(squares(right_squares), {point}, {.order = 2}).ok());
  std::ostringstream text;
  text << first;
  CHECK(text.str() == "gradcheck: ok, 9 entries agree");
}

TEST_CASE("a rule off by 1e-6 in one entry of the Jacobian is caught, and the entry named") {
  const GradcheckReport report = gradcheck(squares(slightly_off), {point});
  CHECK(begins(report.problem, "first derivative: by the tape -2.499999, by differences -2.5"));
  CHECK(report.problem.find("at element 1 of input 0, element 1 of the output") != std::string::npos);
  CHECK(report.worst.order == 1);
  CHECK(report.worst.input == 0);
  CHECK(report.worst.element == 1);
  CHECK(report.worst.output == 1);
  CHECK(report.worst.analytic == -2.5 + 1e-6);
  CHECK(report.worst.numeric == doctest::Approx(-2.5).epsilon(1e-9));
  CHECK(report.worst.tolerance < 1e-7);
  std::ostringstream text;
  text << report;
  CHECK(text.str() == "gradcheck: " + report.problem);
}

TEST_CASE("a rule that gives NaN or infinity is caught, also in one entry only") {
  CHECK(begins(problem(squares(gives_nan), {point}), "first derivative: by the tape nan, by differences 1 "));
  CHECK(problem(squares(nan_in_one), {point}).find("at element 2 of input 0, element 0") !=
        std::string::npos);
  CHECK(begins(problem(squares(gives_infinity), {point}), "first derivative: by the tape inf"));
}

TEST_CASE("a rule that gives a wrong shape or dtype is caught") {
  const std::string law =
      "an error was thrown: [squares] the rule of input 0 must return the input's shape, or one that it "
      "broadcasts to: got ";
  CHECK(problem(squares(wrong_shape), {point}) == law + "(3, 1) for (3,)");
  CHECK(problem(squares(too_small), {point}) == law + "() for (3,)");
  CHECK(problem(squares(wrong_dtype), {point}) ==
        "an error was thrown: [squares] the rule of input 0 must return the input's dtype: got float32 for "
        "float64");
}

TEST_CASE("a missing first derivative is caught") {
  CHECK(begins(problem(squares(no_rule), {point}), "first derivative: by the tape 0, by differences 1 "));
  CHECK(begins(problem([](const Vector& in) { return square(in[0].detach()); }, {point}),
               "first derivative: by the tape 0, by differences 1 "));
  // One of two inputs.
  const auto half = [](const Vector& in) { return in[0] * in[1].detach(); };
  CHECK(problem(half, {point, point}).find("of input 1") != std::string::npos);
}

TEST_CASE("a missing or wrong second derivative is caught, where only the first is right") {
  for (const Operation* operation : {&outside_the_tape, &input_detached, &wrong_second}) {
    CHECK(gradcheck(squares(*operation), {point}).ok());
    CHECK(begins(problem(squares(*operation), {point}, 2), "second derivative: by the tape"));
  }
}

TEST_CASE("a function that changes between calls is caught") {
  int calls = 0;
  CHECK(problem([&](const Vector& in) { return in[0] * static_cast<double>(++calls); }, {point}) ==
        "the function gives different values when called twice");
  CHECK(problem([](const Vector& in) { return in[0] * rand({3}, {.dtype = float64}); }, {point}) ==
        "the function gives different values when called twice");
  // Later than the second call.
  calls = 0;
  CHECK(!gradcheck([&](const Vector& in) { return in[0] * (++calls > 4 ? 1.5 : 1.0); }, {point}).ok());
}

TEST_CASE("a kink at the point is caught, whatever derivative is chosen there") {
  const Tensor zero = support::vector({1.0, 0.0});
  const auto kink = [&](const TensorFunction& f) { return problem(f, {zero}); };
  const std::string said =
      "first derivative: the slopes to the left and to the right differ (a kink), so there is none";
  CHECK(begins(kink([](const Vector& in) { return abs(in[0]); }), said));
  CHECK(begins(kink([](const Vector& in) { return relu(in[0]); }), said));
  CHECK(begins(kink([](const Vector& in) { return maximum(in[0], -in[0]); }), said));
  CHECK(begins(kink([](const Vector& in) { return leaky_relu(in[0], 0.5); }), said));
  // A step, and a kink between the points of a difference.
  CHECK(!gradcheck([](const Vector& in) { return where(in[0] > 0.0, 1.0 + 0.0 * in[0], 0.0); }, {zero}).ok());
  CHECK(!gradcheck([](const Vector& in) { return abs(in[0]); }, {support::vector({3e-4})}).ok());
  // No kink: a minimum, a horizontal turn, a root of the derivative.
  for (const double p : {2.0, 3.0, 4.0})
    CHECK(gradcheck([=](const Vector& in) { return pow(in[0], p); }, {zero}, {.order = 2}).ok());
}

TEST_CASE("a function that throws, or whose value is not finite, is reported") {
  CHECK(problem([](const Vector& in) { return matmul(in[0], in[0].astype(float32)); }, {point}) ==
        "an error was thrown: [matmul] dtypes must be equal: got float64 and float32. Did you mean to cast "
        "with "
        "astype(float64)?");
  CHECK(problem([](const Vector&) -> Tensor { throw std::runtime_error("no such file"); }, {point}) ==
        "an error was thrown: no such file");
  CHECK(problem([](const Vector&) { return Tensor(); }, {point}) ==
        "an error was thrown: [tensor] an empty tensor has no value: give it one first");
  CHECK(problem([](const Vector& in) { return log(in[0]); }, {point}) ==
        "the function's value is not finite");
  CHECK(problem([](const Vector& in) { return in[0] / 0.0; }, {point}) ==
        "the function's value is not finite");
  CHECK(problem([](const Vector& in) { return in[0].astype(float32); }, {point}) ==
        "the function must return float64: got float32");
  // Only beside the point.
  CHECK(!gradcheck([](const Vector& in) { return sqrt(in[0]); }, {support::vector({1e-4})}).ok());
}

TEST_CASE("inputs and parameters keep values and gradients, also after a failure") {
  const Tensor w = support::leaf({1.0, -2.0}), untouched = support::leaf({3.0});
  sum(square(w)).backward();
  const Tensor value = w.detach(), gradient = w.grad();
  const auto same = [&] {
    return support::same_bits(w, value) && support::same_bits(w.grad(), gradient) && !untouched.has_grad();
  };
  CHECK(gradcheck_leaves({w, untouched}, [&] { return sum(exp(w)) * sum(untouched); }, {.order = 2}).ok());
  CHECK(same());
  CHECK(!gradcheck_leaves({w}, [&] { return sum(w.detach()); }).ok());
  CHECK(same());
  int calls = 0;
  CHECK(!gradcheck_leaves({w}, [&]() -> Tensor {
           if (++calls > 5) throw std::logic_error("enough");
           return sum(square(w));
         }).ok());
  CHECK(same());
  const Tensor x = support::leaf({0.5});
  CHECK(gradcheck([](const Vector& in) { return sin(in[0]); }, {x}).ok());
  CHECK(!x.has_grad());
  CHECK(x.item() == 0.5);
}

TEST_CASE("what is checked must be there to be varied") {
  CHECK(message<DTypeError>([] { gradcheck([](const Vector& in) { return in[0]; }, {zeros({2})}); }) ==
        "[gradcheck] there must be a float64 input to vary: got none. Did you mean x.astype(float64)?");
  CHECK(message<DTypeError>([] { gradcheck_leaves({zeros({2})}, [] { return zeros({}); }); }) ==
        "[gradcheck] parameters must be float64 to be varied: got float32. Did you mean model.to(float64)?");
  CHECK(message<GraphError>([] { gradcheck_leaves({}, [] { return zeros({}); }); }) ==
        "[gradcheck] there must be a parameter to vary: got none");
  const Tensor p = parameter(point);
  CHECK(message<GraphError>([&] { gradcheck_leaves({p * 2.0}, [&] { return sum(p); }); }) ==
        "[gradcheck] what is varied must be leaves: got a result of shape (3,)");
}

TEST_CASE("right functions of many kinds pass") {
  const Tensor a = support::tensor({0.3, -1.1, 0.7, 1.9, -0.4, 0.8}, {2, 3}),
               b = support::vector({0.9, 1.4, -0.6});
  const Tensor labels(xt::xarray<std::int64_t>{2, 0});
  const std::vector<TensorFunction> functions{
      [](const Vector& in) { return sum(in[0] * in[1]); },
      [](const Vector& in) { return matmul(in[0], in[1]); },
      [](const Vector& in) { return exp(in[0]) / sum(exp(in[0]), {1}, true) + in[1]; },
      [](const Vector& in) { return logsumexp(in[0] * in[1], {1}); },
      [](const Vector& in) { return wengert::std(in[0], {0}) * var(in[1]); },
      [&](const Vector& in) { return gather(tanh(in[0]), 1, unsqueeze(labels, 1)) * mean(in[1]); },
      [](const Vector& in) { return prod(in[0], {1}) + max(in[1]); },
      [](const Vector& in) {
        return concat({transpose(in[0]), unsqueeze(in[1], 1)}, 1);
      },
      [](const Vector& in) { return 1e6 * in[0] + 1e-6 * in[1]; },
      [](const Vector& in) { return in[0] * 0.0 + floor(in[1]); },
      [](const Vector& in) { return slice(in[0], 1, 0, 0) + sum(in[1]); }};  // nothing
  for (const auto& f : functions) {
    const GradcheckReport report = gradcheck(f, {a, b}, {.order = 2});
    CHECK_MESSAGE(report.ok(), report.problem);
  }
  // Too fast for the step: said, and cured by a smaller one.
  const TensorFunction fast = [](const Vector& in) { return sin(1000.0 * in[0]); };
  CHECK(begins(problem(fast, {b}),
               "first derivative: the differences do not settle, so nothing can be said: by the "));
  CHECK(gradcheck(fast, {b}, {.step = 1e-5, .relative = 1e-6}).ok());
  // An int64 input is passed as it is; under NoGrad the check records nevertheless.
  const NoGrad off;
  CHECK(gradcheck([](const Vector& in) { return index_select(square(in[0]), 0, in[1]); }, {a, labels - 2})
            .ok());
}

TEST_CASE("large inputs are sampled, and large outputs contracted") {
  const Tensor x = (arange(3000, {.dtype = float64}) / 1500.0 + 0.3).detach();
  const GradcheckReport report = gradcheck([](const Vector& in) { return sin(in[0]); }, {x}, {.order = 2});
  CHECK(report.ok());
  CHECK(report.entries >= 2000);
  CHECK(report.entries <= 3000);
  CHECK(!gradcheck([](const Vector& in) { return square(in[0]) + 1e-3 * in[0].detach(); }, {x}).ok());
}
