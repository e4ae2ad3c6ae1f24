// Losses and distances against PyTorch.
#include "wengert/nn/loss.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/oracle/compare.hpp"
#include "wengert/nn/distance.hpp"
#include "wengert/nn/functional.hpp"

using namespace wengert;
using oracle::Entry;
using In = oracle::Tensors;
using nn::Reduction;

namespace {

struct Reduced {
  const char* name;
  Reduction reduction;
};
constexpr Reduced reductions[] = {
    {"none", Reduction::none}, {"mean", Reduction::mean}, {"sum", Reduction::sum}};

/// An entry NAME.REDUCTION for each reduction.
template <class F>
void add(std::vector<Entry>& table, const std::string& name, F call) {
  for (const auto& [tail, r] : reductions)
    table.emplace_back(name + "." + tail, [call, r = r](const In& x) { return call(x, r); });
}

void add_regression(std::vector<Entry>& table) {
  add(table, "huber_loss",
      [](const In& x, Reduction r) { return nn::huber_loss(x[0], x[1], {.reduction = r}); });
  add(table, "huber_loss.delta",
      [](const In& x, Reduction r) { return nn::huber_loss(x[0], x[1], {.delta = 0.4, .reduction = r}); });
  add(table, "smooth_l1_loss",
      [](const In& x, Reduction r) { return nn::smooth_l1_loss(x[0], x[1], {.reduction = r}); });
  add(table, "smooth_l1_loss.beta",
      [](const In& x, Reduction r) { return nn::smooth_l1_loss(x[0], x[1], {.beta = 0.4, .reduction = r}); });
  add(table, "smooth_l1_loss.0",
      [](const In& x, Reduction r) { return nn::smooth_l1_loss(x[0], x[1], {.beta = 0.0, .reduction = r}); });
  add(table, "log_cosh_loss", [](const In& x, Reduction r) { return nn::log_cosh_loss(x[0], x[1], {r}); });
  add(table, "quantile_loss", [](const In& x, Reduction r) {
    return nn::quantile_loss(x[0], x[1], {.quantile = 0.9, .reduction = r});
  });
  add(table, "poisson_nll_loss",
      [](const In& x, Reduction r) { return nn::poisson_nll_loss(x[0], x[1], {.reduction = r}); });
  add(table, "gaussian_nll_loss",
      [](const In& x, Reduction r) { return nn::gaussian_nll_loss(x[0], x[1], x[2], {.reduction = r}); });
  table.emplace_back("poisson_nll_loss.full",
                     [](const In& x) { return nn::poisson_nll_loss(x[0], x[1], {.full = true}); });
  table.emplace_back("poisson_nll_loss.rate", [](const In& x) {
    return nn::poisson_nll_loss(x[0], x[1], {.log_input = false, .full = true, .eps = 0.01});
  });
  table.emplace_back("gaussian_nll_loss.full",
                     [](const In& x) { return nn::gaussian_nll_loss(x[0], x[1], x[2], {.full = true}); });
}

void add_classification(std::vector<Entry>& table) {
  add(table, "cross_entropy",
      [](const In& x, Reduction r) { return nn::cross_entropy(x[0], x[1], {.reduction = r}); });
  add(table, "cross_entropy.all", [](const In& x, Reduction r) {
    return nn::cross_entropy(x[0], x[1],
                             {.label_smoothing = 0.2, .weight = x[2], .ignore_index = 0, .reduction = r});
  });
  add(table, "cross_entropy.smooth", [](const In& x, Reduction r) {
    return nn::cross_entropy(x[0], x[1], {.label_smoothing = 0.2, .weight = x[2], .reduction = r});
  });
  add(table, "nll_loss", [](const In& x, Reduction r) { return nn::nll_loss(x[0], x[1], {.reduction = r}); });
  add(table, "nll_loss.weight",
      [](const In& x, Reduction r) { return nn::nll_loss(x[0], x[1], {.weight = x[2], .reduction = r}); });
  add(table, "kl_div", [](const In& x, Reduction r) { return nn::kl_div(x[0], x[1], {.reduction = r}); });
  add(table, "kl_div.log_target",
      [](const In& x, Reduction r) { return nn::kl_div(x[0], x[1], {.log_target = true, .reduction = r}); });
  add(table, "focal_loss",
      [](const In& x, Reduction r) { return nn::focal_loss(x[0], x[1], {.reduction = r}); });
  table.emplace_back("focal_loss.gamma",
                     [](const In& x) { return nn::focal_loss(x[0], x[1], {.alpha = -1.0, .gamma = 0.5}); });
  table.emplace_back("focal_loss.0",
                     [](const In& x) { return nn::focal_loss(x[0], x[1], {.alpha = 0.7, .gamma = 0.0}); });
  add(table, "dice_loss",
      [](const In& x, Reduction r) { return nn::dice_loss(x[0], x[1], {.reduction = r}); });
  table.emplace_back("dice_loss.squared",
                     [](const In& x) { return nn::dice_loss(x[0], x[1], {.smooth = 0.5, .squared = true}); });
}

void add_margins(std::vector<Entry>& table) {
  add(table, "hinge_loss",
      [](const In& x, Reduction r) { return nn::hinge_loss(x[0], x[1], {.reduction = r}); });
  add(table, "squared_hinge_loss", [](const In& x, Reduction r) {
    return nn::squared_hinge_loss(x[0], x[1], {.margin = 0.5, .reduction = r});
  });
  add(table, "soft_margin_loss",
      [](const In& x, Reduction r) { return nn::soft_margin_loss(x[0], x[1], {r}); });
  add(table, "margin_ranking_loss", [](const In& x, Reduction r) {
    return nn::margin_ranking_loss(x[0], x[1], x[2], {.margin = 0.3, .reduction = r});
  });
  add(table, "multi_margin_loss",
      [](const In& x, Reduction r) { return nn::multi_margin_loss(x[0], x[1], {.reduction = r}); });
  add(table, "multi_margin_loss.all", [](const In& x, Reduction r) {
    return nn::multi_margin_loss(x[0], x[1], {.p = 2, .margin = 0.7, .weight = x[2], .reduction = r});
  });
}

void add_embeddings(std::vector<Entry>& table) {
  add(table, "triplet_margin_loss",
      [](const In& x, Reduction r) { return nn::triplet_margin_loss(x[0], x[1], x[2], {.reduction = r}); });
  table.emplace_back("triplet_margin_loss.swap", [](const In& x) {
    return nn::triplet_margin_loss(x[0], x[1], x[2], {.margin = 2.5, .p = 3.0, .swap = true});
  });
  add(table, "cosine_embedding_loss", [](const In& x, Reduction r) {
    return nn::cosine_embedding_loss(x[0], x[1], x[2], {.margin = -0.5, .reduction = r});
  });
  add(table, "info_nce_loss", [](const In& x, Reduction r) {
    return nn::info_nce_loss(x[0], x[1], {.temperature = 0.5, .reduction = r});
  });
  table.emplace_back("info_nce_loss.negatives",
                     [](const In& x) { return nn::info_nce_loss(x[0], x[1], {.negatives = x[2]}); });
}

void add_distances(std::vector<Entry>& table) {
  table.emplace_back("softmin", [](const In& x) { return nn::softmin(x[0]); });
  table.emplace_back("normalize.2.1", [](const In& x) { return nn::normalize(x[0]); });
  table.emplace_back("normalize.1.0", [](const In& x) { return nn::normalize(x[0], {.p = 1.0, .axis = 0}); });
  table.emplace_back("normalize.3.-1",
                     [](const In& x) { return nn::normalize(x[0], {.p = 3.0, .axis = -1}); });
  table.emplace_back("cosine_similarity.1", [](const In& x) { return nn::cosine_similarity(x[0], x[1]); });
  table.emplace_back("cosine_similarity.-1",
                     [](const In& x) { return nn::cosine_similarity(x[0], x[1], {.axis = -1}); });
  for (const double p : {1.0, 2.0, 3.0})
    table.emplace_back("pairwise_distance." + std::to_string(static_cast<int>(p)),
                       [p](const In& x) { return nn::pairwise_distance(x[0], x[1], {.p = p}); });
  table.emplace_back("pairwise_distance.keepdims",
                     [](const In& x) { return nn::pairwise_distance(x[0], x[1], {.keepdims = true}); });
}

void add_sequences(std::vector<Entry>& table) {
  add(table, "ctc_loss",
      [](const In& x, Reduction r) { return nn::ctc_loss(x[0], x[1], x[2], x[3], {.reduction = r}); });
  add(table, "ctc_loss.zero_infinity", [](const In& x, Reduction r) {
    return nn::ctc_loss(x[0], x[1], x[2], x[3], {.zero_infinity = true, .reduction = r});
  });
  table.emplace_back("ctc_loss.blank",
                     [](const In& x) { return nn::ctc_loss(x[0], x[1], x[2], x[3], {.blank = 2}); });
}

}  // namespace

TEST_CASE("losses and distances agree with PyTorch") {
  std::vector<Entry> table;
  add_regression(table);
  add_classification(table);
  add_margins(table);
  add_embeddings(table);
  add_distances(table);
  add_sequences(table);
  oracle::check_family("loss", table);
}
