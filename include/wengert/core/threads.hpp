// How many threads the library computes with. Sources: lib/core/parallel.cpp
#pragma once

namespace wengert {

/// From now on a large operation, on whichever thread it is called, is computed by up to `count` threads, its
/// caller among them. How work is split depends on shapes alone, so results have the same bits for any
/// number. May be called while others compute. Throws ValueError unless `count` is 1 or more.
void set_num_threads(int count);
/// The number set; before that WENGERT_NUM_THREADS or else OMP_NUM_THREADS where it is set, and the number of
/// processors that the system gives this process where neither is. Throws ValueError where
/// WENGERT_NUM_THREADS is not a number from 1 on.
int num_threads();

}  // namespace wengert
