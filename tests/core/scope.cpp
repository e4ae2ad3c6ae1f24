// Scope: names in errors and in what is recorded.
#include "wengert/core/scope.hpp"

#include <string>
#include <thread>

#include "support/tensors.hpp"
#include "wengert/wengert.hpp"

using namespace wengert;

TEST_CASE("scopes nest, per thread") {
  CHECK(Scope::path().empty());
  CHECK(current_scope() == nullptr);
  {
    const Scope a("encoder");
    CHECK(Scope::path() == "encoder");
    {
      const Scope b("attention");
      CHECK(Scope::path() == "encoder/attention");
      CHECK(to_string(current_scope()) == "encoder/attention");
      std::string elsewhere = "unset";
      std::thread([&] { elsewhere = Scope::path(); }).join();
      CHECK(elsewhere.empty());
    }
    CHECK(to_string(current_scope()) == "encoder");
  }
  CHECK(Scope::path().empty());
  CHECK(to_string(nullptr).empty());
}

TEST_CASE("nodes keep the scope they were recorded in, and equal paths are one") {
  const Tensor x = parameter(xt::xarray<double>{1, 2});
  const auto record = [&](const char* name) {
    const Scope outer("net"), inner(name);
    return x * 2.0;
  };
  const Tensor a = record("first"), b = record("second"), c = record("first");
  CHECK(to_string(a.node().scope) == "net/first");
  CHECK(to_string(b.node().scope) == "net/second");
  CHECK(a.node().scope == c.node().scope);
  CHECK((x * 2.0).node().scope == nullptr);
  // A rule's nodes belong to the call they differentiate.
  const Scope elsewhere("optimizer");
  CHECK(to_string(grad(sum(square(a)), {x}, {.create_graph = true})[0].node().scope) == "net/first");
}

TEST_CASE("an error names the scopes, also one thrown on the way out") {
  const Scope outer("net");
  CHECK(support::message<ShapeError>([] {
          const Scope inner("head");
          matmul(zeros({2, 3}), zeros({2, 3}));
        }) ==
        "[net/head: matmul] inner dimensions must agree: got (2, 3) and (2, 3). Did you mean matmul(a, "
        "transpose(b))?");
  CHECK(Scope::path() == "net");
}
