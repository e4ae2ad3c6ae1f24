// Averages of parameters over the steps of training, to evaluate with: EMA and SWA.
#pragma once

#include <cstdint>
#include <vector>

#include "wengert/optim/optimizer.hpp"

namespace wengert::optim {

/// What EMA and SWA share: an average of each parameter, which update() brings up to date.
///
///     optim::EMA average(model.parameters(), {.decay = 0.999});
///     for (...) { optimizer.step(); average.update(); }
///     {
///       const auto swapped = average.swap_in();  // the model has the averages while it lives
///       evaluate(model);
///     }
///
/// Buffers, such as the running means of a normalization, are not averaged.
class Averaging {
 public:
  Averaging(const Averaging&) = delete;
  Averaging& operator=(const Averaging&) = delete;
  virtual ~Averaging() = default;

  /// Takes the parameters' values into the averages. Not while they are swapped in: GraphError.
  void update();
  /// How often it was called.
  std::int64_t updates() const noexcept { return updates_; }
  /// The averages, in the order of the parameters; before the first update, the values at the beginning.
  std::vector<Tensor> averages() const { return averages_; }

  /// Gives the parameters back the values they had, whatever they were given in between.
  class [[nodiscard]] Swapped {
   public:
    Swapped(Swapped&& other) noexcept;
    Swapped& operator=(Swapped&&) = delete;
    ~Swapped();

   private:
    friend class Averaging;
    explicit Swapped(Averaging& average);
    Averaging* average_;
    std::vector<Tensor> values_;
  };
  /// The parameters have the averages for values as long as the result lives, which may not outlive this.
  /// Throws GraphError where they have them already. On an error the parameters are as they were.
  Swapped swap_in();
  /// Gives the parameters the averages, for good.
  void copy_to_parameters() const;

  /// "updates", and the averages "0", "1" ... Later updates leave it alone.
  State state() const;
  /// Throws ValueError, with nothing changed, for names, shapes or dtypes that do not fit.
  void load(const State& state);

 protected:
  /// Throws ValueError for no parameters, GraphError for a tensor that is not a leaf.
  Averaging(const char* name, const std::vector<Tensor>& parameters);
  /// The part of the new value in update number n = 0, 1, ...: average <- average + part (p - average).
  virtual double part(std::int64_t n) const = 0;
  const char* name() const noexcept { return name_; }

 private:
  const char* name_;
  std::vector<Tensor> parameters_, averages_;
  std::int64_t updates_ = 0;
  bool swapped_ = false;
};

struct EMAOptions {
  double decay = 0.999;
  bool warmup = false;  ///< the decay of update n is at most (1 + n) / (10 + n), so that it follows at first
};

/// average <- decay average + (1 - decay) p, from the parameters' values when it was made (Polyak and
/// Juditsky, "Acceleration of stochastic approximation by averaging", 1992, with forgetting).
class EMA : public Averaging {
 public:
  /// Throws ValueError unless decay lies within [0, 1], or for no parameters, GraphError for what is not a
  /// leaf.
  explicit EMA(const std::vector<Tensor>& parameters, const EMAOptions& options = {});

 protected:
  double part(std::int64_t n) const override;

 private:
  EMAOptions options_;
};

/// The mean of the parameters over all updates (Izmailov et al., "Averaging weights leads to wider optima and
/// better generalization", 2018). Update it once a cycle or an epoch, late in training.
class SWA : public Averaging {
 public:
  /// Throws ValueError for no parameters, GraphError for what is not a leaf.
  explicit SWA(const std::vector<Tensor>& parameters);

 protected:
  double part(std::int64_t n) const override;
};

}  // namespace wengert::optim
