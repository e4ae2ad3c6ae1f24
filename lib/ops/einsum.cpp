// einsum: the text is read into one list of letters for each tensor, then pairs of tensors are multiplied
// from left to right as batches of matrices, summing over each letter as soon as nothing later names it.
#include <algorithm>

#include "lib/core/memory.hpp"
#include "lib/ops/blocks.hpp"
#include "wengert/ops/arrange.hpp"
#include "wengert/ops/elementwise.hpp"
#include "wengert/ops/linalg.hpp"
#include "wengert/ops/products.hpp"
#include "wengert/ops/reduction.hpp"
#include "wengert/ops/shape.hpp"

namespace wengert {
namespace {

// Dimensions under "..." are numbered from the last one on: -1, -2, ...; letters are themselves.
using Letter = std::int64_t;
using Letters = Dims;
using memory::List;

bool names(const Letters& letters, Letter letter) {
  return std::find(letters.begin(), letters.end(), letter) != letters.end();
}

void append(Letters& all, const Letters& more) {
  for (const Letter letter : more) all.push_back(letter);
}

/// A tensor and what its dimensions are called.
struct Term {
  Tensor tensor;
  Letters letters;
};

struct Reader {
  const std::string& equation;

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail<ValueError>("einsum", parts..., ": got \"", equation, "\"");
  }

  /// The letters of one part of the text, in which "..." stands for `dots` dimensions.
  Letters read(const std::string& part, std::size_t dots) const {
    Letters letters;
    bool seen = false;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const char c = part[i];
      if (c == ' ') continue;
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        letters.push_back(c);
      } else if (part.compare(i, 3, "...") == 0 && !seen) {
        seen = true;
        i += 2;
        for (std::size_t d = dots; d > 0; --d) letters.push_back(-static_cast<Letter>(d));
      } else {
        refuse("a tensor's dimensions are letters, and \"...\" at most once");
      }
    }
    return letters;
  }
};

List<std::string> parts_of(const std::string& text) {
  List<std::string> parts{""};
  for (const char c : text)
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

/// The extent that each letter stands for.
struct Extents {
  Letters letters;
  Dims values;

  std::size_t place(Letter letter) const {
    return static_cast<std::size_t>(std::find(letters.begin(), letters.end(), letter) - letters.begin());
  }
  std::int64_t at(Letter letter) const { return values[place(letter)]; }
  std::int64_t& enter(Letter letter) {
    const std::size_t at = place(letter);
    if (at == letters.size()) {
      letters.push_back(letter);
      values.push_back(1);
    }
    return values[at];
  }
};

/// The text and shapes as terms, and the letters of the result. What broadcasts has lost its extent of 1.
struct Sum {
  List<Term> terms;
  Letters result;
  Extents extents;
};

/// Takes the diagonal where a letter occurs twice.
void take_diagonals(Term& term, Location where) {
  for (std::size_t j = 1; j < term.letters.size(); ++j)
    for (std::size_t i = 0; i < j; ++i) {
      if (term.letters[i] != term.letters[j]) continue;
      const Letter letter = term.letters[i];
      term.tensor =
          diagonal(term.tensor, 0, static_cast<std::int64_t>(i), static_cast<std::int64_t>(j), where);
      term.letters.erase(j);
      term.letters.erase(i);
      term.letters.push_back(letter);  // the diagonal is the last dimension
      j = 0;
      break;
    }
}

Sum read(const std::string& equation, const std::vector<Tensor>& tensors) {
  const Reader reader{equation};
  const std::size_t arrow = equation.find("->");
  const auto parts = parts_of(equation.substr(0, arrow));
  if (parts.size() != tensors.size())
    fail<ValueError>("einsum", "there must be a tensor for each part of the text: got ", tensors.size(),
                     " for \"", equation, "\"");
  Sum sum;
  std::size_t most_dots = 0;
  Letters all;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    const Shape& shape = tensors[k].shape();
    const std::size_t plain = reader.read(parts[k], 0).size();
    const bool dotted = parts[k].find('.') != std::string::npos;
    if (plain > shape.size() || (!dotted && plain != shape.size()))
      fail<ShapeError>("einsum", "\"", parts[k], "\" must name every dimension: got shape ", shape);
    const std::size_t dots = shape.size() - plain;
    most_dots = std::max(most_dots, dots);
    sum.terms.push_back({tensors[k], reader.read(parts[k], dots)});
    const Letters& letters = sum.terms.back().letters;
    for (std::size_t i = 0; i < letters.size(); ++i) {
      all.push_back(letters[i]);
      std::int64_t& extent = sum.extents.enter(letters[i]);
      if (extent != 1 && shape[i] != 1 && extent != shape[i])
        fail<ShapeError>("einsum", "a letter's extents must be equal: got ", extent, " and ", shape[i],
                         " in \"", equation, "\"");
      for (std::size_t j = 0; j < i; ++j)
        if (letters[j] == letters[i] && shape[j] != shape[i])
          fail<ShapeError>("einsum", "a letter's extents must be equal: got ", shape[j], " and ", shape[i],
                           " in \"", equation, "\"");
      if (shape[i] != 1) extent = shape[i];
    }
  }
  if (arrow == std::string::npos) {
    for (std::size_t d = most_dots; d > 0; --d) sum.result.push_back(-static_cast<Letter>(d));
    std::sort(all.begin(), all.end());
    for (const Letter letter : all)
      if (letter > 0 && std::count(all.begin(), all.end(), letter) == 1) sum.result.push_back(letter);
  } else {
    sum.result = reader.read(equation.substr(arrow + 2), most_dots);
    for (std::size_t i = 0; i < sum.result.size(); ++i) {
      if (!names(sum.extents.letters, sum.result[i]))
        reader.refuse("the result may only name what a tensor has");
      if (std::count(sum.result.begin(), sum.result.end(), sum.result[i]) > 1)
        reader.refuse("the result may name a letter only once");
    }
  }
  return sum;
}

/// Drops the dimensions of extent 1 that stand for more.
void drop_broadcast(Term& term, const Extents& extents, Location where) {
  Axes axes;
  Letters kept;
  for (std::size_t i = 0; i < term.letters.size(); ++i) {
    const bool wide = term.tensor.shape()[i] == 1 && extents.at(term.letters[i]) != 1;
    if (wide)
      axes.push_back(static_cast<std::int64_t>(i));
    else
      kept.push_back(term.letters[i]);
  }
  if (!axes.empty()) term.tensor = squeeze(term.tensor, axes, where);
  term.letters = kept;
}

/// Sums over the letters that nothing else names.
void sum_rest(Term& term, const Letters& needed, Location where) {
  Axes axes;
  Letters kept;
  for (std::size_t i = 0; i < term.letters.size(); ++i) {
    if (names(needed, term.letters[i]))
      kept.push_back(term.letters[i]);
    else
      axes.push_back(static_cast<std::int64_t>(i));
  }
  if (!axes.empty()) term.tensor = sum(term.tensor, axes, false, where);
  term.letters = kept;
}

Tensor in_order(const Term& term, const Letters& wanted, Location where) {
  if (term.letters == wanted) return term.tensor;
  Axes axes;
  for (const Letter letter : wanted)
    axes.push_back(std::find(term.letters.begin(), term.letters.end(), letter) - term.letters.begin());
  return permute(term.tensor, axes, where);
}

/// The product of two terms, summed over the letters of both that `needed` does not have.
Term multiply(const Term& a, const Term& b, const Letters& needed, const Extents& extents, Location where) {
  Letters batch, summed, rows, columns;
  for (const Letter letter : a.letters)
    (!names(b.letters, letter) ? rows : names(needed, letter) ? batch : summed).push_back(letter);
  for (const Letter letter : b.letters)
    if (!names(a.letters, letter)) columns.push_back(letter);
  const auto joined = [](std::initializer_list<const Letters*> lists) {
    Letters all;
    for (const Letters* list : lists) append(all, *list);
    return all;
  };
  const auto count = [&](const Letters& letters) {
    std::int64_t product = 1;
    for (const Letter letter : letters) product *= extents.at(letter);
    return product;
  };
  const Letters result = joined({&batch, &rows, &columns});
  Shape shape;
  for (const Letter letter : result) shape.push_back(extents.at(letter));
  Tensor left = in_order(a, joined({&batch, &rows, &summed}), where);
  Tensor right = in_order(b, joined({&batch, &summed, &columns}), where);
  Shape left_shape{count(batch), count(rows), count(summed)},
      right_shape{count(batch), count(summed), count(columns)};
  Tensor product;
  if (summed.empty()) {
    product = mul({reshape(left, left_shape, where), where}, reshape(right, right_shape, where));
  } else {
    if (batch.empty()) {
      left_shape.erase(0);
      right_shape.erase(0);
    }
    product = matmul(reshape(left, left_shape, where), reshape(right, right_shape, where), where);
  }
  return {reshape(product, shape, where), result};
}

}  // namespace

Tensor einsum(const std::string& equation, const std::vector<Tensor>& tensors, Location where) {
  if (tensors.empty())
    fail<ValueError>("einsum", "there must be a tensor for each part of the text: got none");
  for (const Tensor& tensor : tensors) require_value("einsum", tensor);
  for (const Tensor& tensor : tensors) {
    require_same_dtype("einsum", tensors.front().dtype(), tensor.dtype());
    require_float("einsum", tensor.dtype());
  }
  Sum sum = read(equation, tensors);
  const Scope scope("einsum");
  for (Term& term : sum.terms) {
    take_diagonals(term, where);
    drop_broadcast(term, sum.extents, where);
  }
  // What the result or a later term names, from each term on.
  List<Letters> needed(sum.terms.size() + 1, sum.result);
  for (std::size_t k = sum.terms.size(); k-- > 0;) {
    needed[k] = needed[k + 1];
    append(needed[k], sum.terms[k].letters);
  }
  Term product = sum.terms[0];
  sum_rest(product, needed[1], where);
  for (std::size_t k = 1; k < sum.terms.size(); ++k) {
    Letters others = product.letters;
    append(others, needed[k + 1]);
    sum_rest(sum.terms[k], others, where);
    product = multiply(product, sum.terms[k], needed[k + 1], sum.extents, where);
  }
  return in_order(product, sum.result, where);
}

}  // namespace wengert
