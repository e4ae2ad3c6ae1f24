// Noughts and crosses: positions, moves, and what perfect play makes of them. No learning here.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <vector>

/// Nine squares, row by row: 1 for whoever is to move, -1 for the other, 0 for empty.
using Board = std::array<int, 9>;

/// Whether `player` has three in a row.
inline bool has_won(const Board& board, int player) {
  static constexpr int lines[8][3] = {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6},
                                      {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}};
  return std::any_of(std::begin(lines), std::end(lines), [&](const auto& line) {
    return std::all_of(std::begin(line), std::end(line),
                       [&](int i) { return board[static_cast<std::size_t>(i)] == player; });
  });
}

inline std::vector<std::size_t> moves(const Board& board) {
  std::vector<std::size_t> empty;
  for (std::size_t i = 0; i < 9; ++i)
    if (board[i] == 0) empty.push_back(i);
  return empty;
}

/// Over for whoever is to move: the other has won, or nothing is empty.
inline bool is_over(const Board& board) { return has_won(board, -1) || moves(board).empty(); }

/// The board after a move, seen by the other, who is then to move.
inline Board after(Board board, std::size_t move) {
  board[move] = 1;
  for (int& square : board) square = -square;
  return board;
}

/// Of every position that can come up: 1, 0 or -1, how it ends for whoever is to move if both play perfectly.
class Perfect {
 public:
  Perfect() { solve(Board{}); }
  int value(const Board& board) const { return values_.at(board); }
  /// Every position with a move to make.
  std::vector<Board> positions() const {
    std::vector<Board> result;
    for (const auto& [board, value] : values_)
      if (!is_over(board)) result.push_back(board);
    return result;
  }

 private:
  int solve(const Board& board) {
    if (const auto known = values_.find(board); known != values_.end()) return known->second;
    int value = has_won(board, -1) ? -1 : 0;
    if (!is_over(board)) {
      value = -1;
      for (const std::size_t move : moves(board)) value = std::max(value, -solve(after(board, move)));
    }
    return values_[board] = value;
  }
  std::map<Board, int> values_;
};
