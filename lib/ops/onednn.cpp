// Each product and each set of shapes and options has a plan: oneDNN's primitive, and the copies into and out
// of its own layouts. Plans are made once and kept, the most recent of them; what oneDNN declines is kept as
// an empty plan. Nothing is computed before the plan stands.
#include "lib/ops/onednn.hpp"

#ifdef WENGERT_HAS_ONEDNN
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "lib/core/fail.hpp"
#include "lib/core/per_thread.hpp"
#include "lib/ops/onednn_plan.hpp"

#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
extern "C" int omp_get_max_threads() __attribute__((weak));
extern "C" void omp_set_num_threads(int threads) __attribute__((weak));
#endif

namespace wengert {
namespace {

using namespace onednn;
using dnnl::primitive_attr;

/// While it lives, oneDNN has one thread to divide its work by: an OpenMP setting of the calling thread
/// alone.
class OneThread {
 public:
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
  static bool possible() noexcept { return omp_get_max_threads && omp_set_num_threads; }
  OneThread() noexcept : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }

 private:
  int before_;
#else
  static bool possible() noexcept { return DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_SEQ; }
  OneThread() noexcept {}
  ~OneThread() {}
#endif
};

enum class Part { forward, to_input, to_weight };
constexpr std::size_t most_dimensions = 3;
// Below this many multiplications the plain kernels are faster than a call of oneDNN (measured).
constexpr std::int64_t small_problem = 32768;

const primitive_attr& attributes() {
  static const auto* attributes = [] {
    auto* made = new primitive_attr;
    made->set_scratchpad_mode(
        dnnl::scratchpad_mode::user);  // one primitive may run on several threads at once
    // Whatever the environment allows, products are of float32.
    made->set_fpmath_mode(dnnl::fpmath_mode::strict);
    return made;
  }();
  return *attributes;
}

/// Row-major.
memory::desc plain_layout(const memory::dims& dims) {
  memory::dims strides(dims.size(), 1);
  for (std::size_t d = dims.size() - 1; d > 0; --d) strides[d - 1] = strides[d] * dims[d];
  return {dims, memory::data_type::f32, strides};
}
memory::desc any_layout(const memory::dims& dims) {
  return {dims, memory::data_type::f32, memory::format_tag::any};
}

using Layouts = std::array<memory::desc, arrays>;

/// Null if oneDNN has no way to copy.
std::unique_ptr<const Step> copy_step(const memory::desc& from, const memory::desc& to) {
  const dnnl::reorder::primitive_desc description(engine(), from, engine(), to, attributes(), true);
  return description ? std::make_unique<const Step>(description) : nullptr;
}

/// Null if oneDNN cannot copy.
std::shared_ptr<const Plan> plan_for(const dnnl::primitive_desc_base& description, Part part,
                                     const Layouts& plain, const Layouts& inner) {
  const bool into_x = part == Part::to_input, into_w = part == Part::to_weight,
             into_y = part == Part::forward;
  std::array<Side, arrays> sides{
      {{into_x ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, into_x, plain[0], inner[0], nullptr},
       {into_w ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, into_w, plain[1], inner[1], nullptr},
       {into_y ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, into_y, plain[2], inner[2], nullptr}}};
  for (Side& side : sides) {
    if (side.plain == side.inner) continue;
    side.copy = side.result ? copy_step(side.inner, side.plain) : copy_step(side.plain, side.inner);
    if (!side.copy) return nullptr;
  }
  return std::make_shared<const Plan>(Plan{std::move(sides), Step(description)});
}

/// Its reference implementations are slower than the plain kernels.
bool fast(const dnnl::primitive_desc_base& description) {
  return description && std::string_view(description.impl_info_str()).substr(0, 3) != "ref";
}

/// A line as a picture of one row: of lines oneDNN has fewer kernels, none that is fast for few channels.
Windows as_picture(const Windows& line) {
  Windows picture = line;
  for (Shape* extents : {&picture.input, &picture.kernel, &picture.output}) extents->insert(0, 1);
  for (Dims* option : {&picture.stride, &picture.dilation}) option->insert(0, 1);
  picture.padding.insert(0, 0);
  return picture;
}

std::shared_ptr<const Plan> make_plan(Part part, const ConvolutionProblem& p) {
  const Windows windows = p.windows.rank() == 1 ? as_picture(p.windows) : p.windows;
  memory::dims x{p.batch, p.in}, y{p.batch, p.out}, w{p.out / p.groups, p.in / p.groups};
  if (p.groups > 1) w.insert(w.begin(), p.groups);
  memory::dims stride, dilation, before, after;
  for (std::size_t d = 0; d < windows.rank(); ++d) {
    x.push_back(windows.input[d]);
    w.push_back(windows.kernel[d]);
    y.push_back(windows.output[d]);
    stride.push_back(windows.stride[d]);
    dilation.push_back(windows.dilation[d] - 1);  // oneDNN counts the elements between
    before.push_back(windows.padding[d]);
    // What the last window reaches beyond the input; negative if it ends before.
    after.push_back((windows.output[d] - 1) * windows.stride[d] +
                    windows.dilation[d] * (windows.kernel[d] - 1) + 1 - windows.input[d] -
                    windows.padding[d]);
  }
  const Layouts plain{plain_layout(x), plain_layout(w), plain_layout(y)};
  const memory::desc any_x = any_layout(x), any_w = any_layout(w), any_y = any_layout(y);
  const auto direct = dnnl::algorithm::convolution_direct;  // winograd's rounding errors are much larger
  const dnnl::convolution_forward::primitive_desc forward(
      {part == Part::forward ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training, direct,
       any_x, any_w, any_y, stride, dilation, before, after},
      attributes(), engine(), true);
  if (!forward) return nullptr;
  if (part == Part::forward) {
    if (!fast(forward)) return nullptr;
    return plan_for(forward, part, plain, {forward.src_desc(), forward.weights_desc(), forward.dst_desc()});
  }
  if (part == Part::to_input) {
    const dnnl::convolution_backward_data::primitive_desc back(
        {direct, any_x, any_w, any_y, stride, dilation, before, after}, attributes(), engine(), forward,
        true);
    if (!fast(back)) return nullptr;
    return plan_for(back, part, plain, {back.diff_src_desc(), back.weights_desc(), back.diff_dst_desc()});
  }
  const dnnl::convolution_backward_weights::primitive_desc back(
      {direct, any_x, any_w, any_y, stride, dilation, before, after}, attributes(), engine(), forward, true);
  if (!fast(back)) return nullptr;
  return plan_for(back, part, plain, {back.src_desc(), back.diff_weights_desc(), back.diff_dst_desc()});
}

/// oneDNN takes extents of 1 or more, and in places counts in ints; it does not pay for a small problem.
bool fits(const ConvolutionProblem& p) {
  constexpr std::int64_t most = 0x3fffffff;
  const Windows& windows = p.windows;
  if (p.dtype != float32 || windows.rank() < 1 || windows.rank() > most_dimensions) return false;
  const auto product_fits = [](std::int64_t a, std::int64_t b, const Shape& extents) {
    std::int64_t product = 1;
    const auto times = [&](std::int64_t extent) {
      if (extent < 1 || extent > most / product) return false;
      product *= extent;
      return true;
    };
    return times(a) && times(b) && std::all_of(extents.begin(), extents.end(), times);
  };
  if (!product_fits(p.batch, p.in, windows.input) || !product_fits(p.out, p.in / p.groups, windows.kernel) ||
      !product_fits(p.batch, p.out, windows.output))
    return false;
  for (std::size_t d = 0; d < windows.rank(); ++d)
    if (windows.padding[d] > most || windows.stride[d] > most / windows.output[d] ||
        windows.dilation[d] > most / windows.kernel[d])
      return false;
  const std::int64_t taps = p.in / p.groups * windows.taps();
  return p.batch * p.out * windows.places() >= (small_problem + taps - 1) / taps;
}

// Part, batch, channels, groups, rank, and six numbers for each dimension.
using Key = std::array<std::int64_t, 6 + 6 * most_dimensions>;

Key key_of(Part part, const ConvolutionProblem& p) {
  const Windows& windows = p.windows;
  const auto rank = static_cast<std::int64_t>(windows.rank());
  Key key{static_cast<std::int64_t>(part), p.batch, p.in, p.out, p.groups, rank};
  auto to = key.begin() + 6;
  for (const Shape* extents : {&windows.input, &windows.kernel, &windows.output})
    to = std::copy(extents->begin(), extents->end(), to);
  for (const Dims* option : {&windows.stride, &windows.padding, &windows.dilation})
    to = std::copy(option->begin(), option->end(), to);
  return key;
}

/// The plans made last, for all threads.
class Plans {
 public:
  /// The plan of the key, made by `make` if there is none.
  template <class Make>
  std::shared_ptr<const Plan> find(const Key& key, Make make) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = entries_.find(key); found != entries_.end()) {
        found->second.used = ++clock_;
        return found->second.plan;
      }
    }
    std::shared_ptr<const Plan> plan = make();
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= capacity) {
      const auto older = [](const auto& a, const auto& b) { return a.second.used < b.second.used; };
      entries_.erase(std::min_element(entries_.begin(), entries_.end(), older));
    }
    entries_[key] = {plan, ++clock_};
    return plan;
  }

 private:
  static constexpr std::size_t capacity = 512;
  struct Entry {
    std::shared_ptr<const Plan> plan;
    std::uint64_t used;
  };
  std::mutex mutex_;
  std::map<Key, Entry> entries_;
  std::uint64_t clock_ = 0;
};

/// Whether this thread's thread_local objects are gone, as they are while those with static storage are
/// destroyed after main. oneDNN is no longer to be used then.
bool thread_ends() {
  static thread_local bool ends = false;
  struct End {
    ~End() { ends = true; }
  };
  static thread_local End end;
  static_cast<void>(end);
  return ends;
}

std::shared_ptr<const Plan> find_plan(Part part, const ConvolutionProblem& p) {
  static auto* const plans = new Plans;
  if (!fits(p) || thread_ends()) return nullptr;
  return plans->find(key_of(part, p), [&]() -> std::shared_ptr<const Plan> {
    try {
      return make_plan(part, p);
    } catch (const dnnl::error&) {
      return nullptr;
    }
  });
}

void run(const std::shared_ptr<const Plan>& plan, const std::array<std::byte*, arrays>& data) try {
  constexpr std::size_t most = 64;
  auto& runners = per_thread<std::unordered_map<const Plan*, Runner>>();
  auto found = runners.find(plan.get());
  if (found == runners.end()) {
    if (runners.size() >= most) runners.clear();
    found = runners.try_emplace(plan.get(), plan).first;
  }
  found->second.run(data);
} catch (const dnnl::error& error) {
  fail<Error>("convolution", "oneDNN must run what it planned: got ", error.what());
}

std::byte* input(const std::byte* data) { return const_cast<std::byte*>(data); }  // oneDNN only reads it

void forward(const ConvolutionProblem& p, std::byte* y, const std::byte* x, const std::byte* w) {
  const OneThread one_thread;
  const auto plan = find_plan(Part::forward, p);
  if (!plan) return plain_convolution(p.dtype).forward(p, y, x, w);
  run(plan, {input(x), input(w), y});
}
void to_input(const ConvolutionProblem& p, std::byte* x, const std::byte* y, const std::byte* w) {
  const OneThread one_thread;
  const auto plan = find_plan(Part::to_input, p);
  if (!plan) return plain_convolution(p.dtype).to_input(p, x, y, w);
  run(plan, {x, input(w), input(y)});
}
void to_weight(const ConvolutionProblem& p, std::byte* w, const std::byte* x, const std::byte* y) {
  const OneThread one_thread;
  const auto plan = find_plan(Part::to_weight, p);
  if (!plan) return plain_convolution(p.dtype).to_weight(p, w, x, y);
  run(plan, {input(x), w, input(y)});
}

constexpr ConvolutionKernels by_onednn{forward, to_input, to_weight};

}  // namespace

const ConvolutionKernels* onednn_convolution() noexcept {
  return OneThread::possible() ? &by_onednn : nullptr;
}

}  // namespace wengert

#else

namespace wengert {

const ConvolutionKernels* onednn_convolution() noexcept { return nullptr; }

}  // namespace wengert
#endif
