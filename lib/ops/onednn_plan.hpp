// A plan of a convolution, and what a thread keeps to run it. Included by onednn.cpp alone.
#pragma once

#include <array>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "wengert/core/storage.hpp"

namespace wengert::onednn {

using dnnl::memory;

constexpr std::size_t arrays = 3;  // x, w, y

// Never destroyed: other objects with static storage may compute while they are.
inline const dnnl::engine& engine() {
  static const auto* cpu = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *cpu;
}

/// A primitive, and how much memory of ours it works in.
struct Step {
  dnnl::primitive primitive;
  memory::desc scratch;

  explicit Step(const dnnl::primitive_desc_base& description)
      : primitive(description.get()), scratch(description.scratchpad_desc()) {}
};

struct Side {
  int argument;
  bool result;
  memory::desc plain, inner;
  std::unique_ptr<const Step> copy;  // from plain to inner, or back for the result; null where they are one
};

struct Plan {
  std::array<Side, arrays> sides;
  Step product;
};

/// oneDNN's objects for a plan's arrays, which are told each time where those lie: to make them anew takes
/// hundreds of calls of malloc. One thread's own.
class Runner {
 public:
  explicit Runner(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)), product_(plan_->product) {
    for (std::size_t i = 0; i < arrays; ++i) {
      const Side& side = plan_->sides[i];
      outer_[i] = inner_[i] = object(side.plain);
      if (side.copy) {
        inner_[i] = object(side.inner);
        copies_[i].emplace(*side.copy);
        copies_[i]->add(DNNL_ARG_FROM, side.result ? inner_[i] : outer_[i]);
        copies_[i]->add(DNNL_ARG_TO, side.result ? outer_[i] : inner_[i]);
      }
      product_.add(side.argument, inner_[i]);
    }
  }

  void run(const std::array<std::byte*, arrays>& data) {
    std::array<StorageRef, arrays> rooms;
    for (std::size_t i = 0; i < arrays; ++i) {
      const Side& side = plan_->sides[i];
      outer_[i].set_data_handle(data[i]);
      if (!side.copy) continue;
      rooms[i] = StorageRef::allocate(side.inner.get_size());
      inner_[i].set_data_handle(rooms[i].data());
      if (!side.result) copies_[i]->run(stream_);
    }
    product_.run(stream_);
    for (std::size_t i = 0; i < arrays; ++i)
      if (plan_->sides[i].result && copies_[i]) copies_[i]->run(stream_);
    stream_.wait();
  }

 private:
  static memory object(const memory::desc& layout) { return memory(layout, engine(), DNNL_MEMORY_NONE); }

  /// A step with its arguments, which the runner's members keep alive.
  class Call {
   public:
    explicit Call(const Step& step) : step_(step) {
      if (step.scratch.get_size() == 0) return;
      scratch_ = object(step.scratch);
      add(DNNL_ARG_SCRATCHPAD, scratch_);
    }
    void add(int argument, const memory& array) { arguments_.push_back({argument, array.get()}); }
    void run(const dnnl::stream& stream) {
      StorageRef room;
      if (scratch_) {
        room = StorageRef::allocate(step_.scratch.get_size());
        scratch_.set_data_handle(room.data());
      }
      dnnl::error::wrap_c_api(dnnl_primitive_execute(step_.primitive.get(), stream.get(),
                                                     static_cast<int>(arguments_.size()), arguments_.data()),
                              "could not execute a primitive");
    }

   private:
    const Step& step_;
    memory scratch_;
    std::vector<dnnl_exec_arg_t> arguments_;
  };

  std::shared_ptr<const Plan> plan_;
  dnnl::stream stream_{engine()};
  std::array<memory, arrays> outer_, inner_;
  std::array<std::optional<Call>, arrays> copies_;
  Call product_;
};

}  // namespace wengert::onednn
