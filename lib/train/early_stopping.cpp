#include "wengert/train/early_stopping.hpp"

#include <cmath>
#include <limits>

#include "lib/core/fail.hpp"
#include "lib/io/numbers.hpp"

namespace wengert::training {

EarlyStopping::EarlyStopping(const EarlyStoppingOptions& options)
    : options_(options), best_(std::numeric_limits<double>::quiet_NaN()) {
  if (options.patience <= 0)
    fail<ValueError>("EarlyStopping", "patience must be positive: got ", options.patience);
  if (!(options.min_delta >= 0.0))
    fail<ValueError>("EarlyStopping", "min_delta must not be negative: got ", options.min_delta);
}

bool EarlyStopping::add(double value) {
  const double gain = options_.maximize ? value - best_ : best_ - value;
  const bool better = !std::isnan(value) && (best_at_ < 0 || gain > options_.min_delta);
  if (better) {
    best_ = value;
    best_at_ = count_;
  }
  waited_ = better ? 0 : waited_ + 1;
  ++count_;
  return better;
}

std::map<std::string, Tensor> EarlyStopping::state() const {
  return {{"best", scalar(best_, float64)},
          {"best_at", io::whole_number(best_at_)},
          {"count", io::whole_number(count_)},
          {"waited", io::whole_number(waited_)}};
}

void EarlyStopping::load(const std::map<std::string, Tensor>& state) {
  const auto fits = [&](const char* name, DType dtype) {
    const auto found = state.find(name);
    return found != state.end() && found->second.defined() && found->second.dtype() == dtype &&
           found->second.size() == 1;
  };
  if (state.size() != 4 || !fits("best", float64) || !fits("best_at", int64) || !fits("count", int64) ||
      !fits("waited", int64))
    fail<ValueError>("EarlyStopping",
                     "the state must be 'best', 'best_at', 'count' and 'waited': got something else");
  best_ = state.at("best").item();
  best_at_ = io::whole_number(state.at("best_at"));
  count_ = io::whole_number(state.at("count"));
  waited_ = io::whole_number(state.at("waited"));
}

}  // namespace wengert::training
