// The exceptions of the library, and the one form of their messages:
// `[operation] the law that was broken: what was given. A hint where the hinted call would succeed.`
#pragma once

#include <stdexcept>
#include <string>

namespace wengert {

/// What the library throws: one of the kinds below, or itself where memory runs out or a library that it uses
/// fails. what() has the form above.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes, extents or axes that do not fit.
class ShapeError : public Error {
 public:
  using Error::Error;
};
/// A dtype that an operation does not take, or two that may not be mixed.
class DTypeError : public Error {
 public:
  using Error::Error;
};
/// An index, axis or label out of range.
class IndexError : public Error {
 public:
  using Error::Error;
};
/// A misuse of the tape: no gradient there, a graph already freed, an assignment to what is not a leaf.
class GraphError : public Error {
 public:
  using Error::Error;
};
/// A value outside of what an argument may be, or on which a factorization fails.
class ValueError : public Error {
 public:
  using Error::Error;
};
/// A file that is missing, malformed or cannot be written.
class IoError : public Error {
 public:
  using Error::Error;
};

/// "[operation] text"; inside a Scope "[scope: operation] text".
std::string error_text(const char* operation, const std::string& text);

}  // namespace wengert
