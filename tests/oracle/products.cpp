// Products of vectors, matrices and arrays against PyTorch.
#include "wengert/ops/products.hpp"

#include <doctest/doctest.h>

#include "tests/oracle/compare.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"

using namespace wengert;
using oracle::Entry;
using In = oracle::Tensors;

TEST_CASE("products agree with PyTorch") {
  std::vector<Entry> table = {
      {"matmul", [](const In& x) { return matmul(x[0], x[1]); }},
      {"dot", [](const In& x) { return dot(x[0], x[1]); }},
      {"outer", [](const In& x) { return outer(x[0], x[1]); }},
      {"inner", [](const In& x) { return inner(x[0], x[1]); }},
      {"kron", [](const In& x) { return kron(x[0], x[1]); }},
      {"tensordot", [](const In& x) { return tensordot(x[0], x[1]); }},
      {"tensordot.0", [](const In& x) { return tensordot(x[0], x[1], 0); }},
      {"tensordot_over",
       [](const In& x) {
         return tensordot_over(x[0], {2, 0}, x[1], {0, 1});
       }},
      {"trace", [](const In& x) { return square(trace(x[0], 0)); }},
      {"trace.offset", [](const In& x) { return square(trace(x[0], 1, 0, -1)); }},
  };
  for (const std::string equation :
       {"ij,jk->ik", "bik,bkj->bij", "ij,jk", "ii", "bii->ib", "ijk->kji", "ij->", "ij,jk,kl->il",
        "i,jk->jik", "...ij,...jk->...ik", "bi,oij,bj->bo", "bhqd,bhkd->bhqk", "ij,ij->i", ",ij->ij"})
    table.emplace_back("einsum(" + equation + ")", [equation](const In& x) { return einsum(equation, x); });
  oracle::check_family("products", table);
}
