// The main function of every test program. After each test case as many nodes must live as before it: a test
// case that leaves tensors behind, or a library that does, fails the run.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstring>

#include "wengert/core/storage.hpp"

namespace {

int leaks = 0;

struct LeakListener : doctest::IReporter {
  explicit LeakListener(const doctest::ContextOptions&) {}

  void test_case_start(const doctest::TestCaseData& data) override {
    name_ = data.m_name;
    before_ = wengert::memory_stats().live_nodes;
  }
  void test_case_end(const doctest::CurrentTestCaseStats&) override {
    const auto left = wengert::memory_stats().live_nodes - before_;
    if (left == 0) return;
    ++leaks;
    std::printf("LEAK: \"%s\" left %lld nodes\n", name_, static_cast<long long>(left));
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  const char* name_ = "";
  std::int64_t before_ = 0;
};
REGISTER_LISTENER("leaks", 1, LeakListener);

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (leaks > 0) std::printf("%d test cases leaked nodes\n", leaks);
  return result != 0 ? result : leaks > 0 ? 1 : 0;
}
