// The elementary functions on xsimd batches, float and double, any instruction set: within 4 ulp,
// special values as C99 Annex F and NumPy. Call them qualified (kernel::exp(x)): unqualified, argument-
// dependent lookup finds xsimd's own, which are not as accurate.
#pragma once

#include "math_basic.hpp"
#include "math_erf.hpp"
#include "math_exp.hpp"
#include "math_gamma.hpp"
#include "math_log.hpp"
#include "math_pow.hpp"
#include "math_trig.hpp"
