// What a thread keeps for its next call.
#pragma once

#include <pthread.h>

#include <utility>

namespace wengert {

/// The calling thread's own T, made when it is first asked for. It is deleted when the thread ends, after the
/// thread's thread_local objects, whose destructors may compute; the main thread's never is, since those of
/// objects with static storage may. `Tag` tells objects of one type apart.
template <class T, class Tag = T>
T& per_thread() {
  static thread_local T* mine = nullptr;
  if (!mine) [[unlikely]] {
    // A thread_local T would be gone too early.
    static const pthread_key_t key = [] {
      pthread_key_t made{};
      pthread_key_create(&made, [](void*) { delete std::exchange(mine, nullptr); });
      return made;
    }();
    mine = new T;
    pthread_setspecific(key, mine);
  }
  return *mine;
}

}  // namespace wengert
