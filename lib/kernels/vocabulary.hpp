// Functions of the texts of elementwise.def that are no operations: the same on a batch and on a Tensor.
// Included in the namespace of the one and of the other.

#define WENGERT_TEXT_FN inline __attribute__((always_inline))

constexpr double inf = std::numeric_limits<double>::infinity();

template <class V>
WENGERT_TEXT_FN V nonzero(const V& x) {
  return where(x == 0.0, 1.0, x);
}

/// The sign of an infinity, and 0 for a finite number.
template <class V>
WENGERT_TEXT_FN V direction(const V& x) {
  return where(abs(x) == inf, sign(x), 0.0);
}

/// a / y for y = hypot(a, b); constant, for the derivatives, where y is 0 or infinite. 0 where finite numbers
/// have an infinite y.
template <class V>
WENGERT_TEXT_FN V cosine(const V& a, const V& b, const V& y) {
  const V above = where(y == 0.0, 0.0, where(y == inf, direction(a), a));
  return above / nonzero(where(y == inf, sqrt(abs(direction(a)) + abs(direction(b))), y));
}

#undef WENGERT_TEXT_FN
