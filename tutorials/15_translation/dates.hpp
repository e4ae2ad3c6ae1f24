// Days between 1950 and 2049, fourteen ways in which people write them, and four that are kept back.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

struct Date {
  int year = 0, month = 0, day = 0;
  int weekday = 0;  ///< 0: Sunday
};

inline std::vector<Date> all_days() {
  using namespace std::chrono;
  std::vector<Date> days;
  for (sys_days day = year{1950} / 1 / 1; day < sys_days(year{2050} / 1 / 1); day += std::chrono::days{1}) {
    const year_month_day date(day);
    days.push_back({static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
                    static_cast<int>(static_cast<unsigned>(date.day())),
                    static_cast<int>(weekday(day).c_encoding())});
  }
  return days;
}

namespace dates_detail {

template <class... Arguments>
std::string print(const char* format, Arguments... arguments) {
  char text[80];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}
inline const char* const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
inline const char* const german[] = {"Januar", "Februar", "März",      "April",   "Mai",      "Juni",
                                     "Juli",   "August",  "September", "Oktober", "November", "Dezember"};
inline const char* const french[] = {"janvier", "février", "mars",      "avril",   "mai",      "juin",
                                     "juillet", "août",    "septembre", "octobre", "novembre", "décembre"};
inline const char* const spanish[] = {"enero", "febrero", "marzo",      "abril",   "mayo",      "junio",
                                      "julio", "agosto",  "septiembre", "octubre", "noviembre", "diciembre"};
inline const char* const roman[] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};
inline const char* const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
inline const char* month(const char* const (&names)[12], const Date& d) { return names[d.month - 1]; }
inline const char* ordinal(int day) {
  return day / 10 == 1 ? "th" : day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : day % 10 == 3 ? "rd" : "th";
}

}  // namespace dates_detail

/// 1987-03-05, as ISO 8601 has it.
inline std::string iso(const Date& d) {
  return dates_detail::print("%04d-%02d-%02d", d.year, d.month, d.day);
}

using Ways = std::vector<std::string (*)(const Date&)>;

/// A function that writes a date, for each of the ways.
inline const Ways& ways_to_write() {
  using namespace dates_detail;
  static const Ways ways = {
      [](const Date& d) { return print("%d %s %d", d.day, month(months, d), d.year); },
      [](const Date& d) { return print("%s %d, %d", month(months, d), d.day, d.year); },
      [](const Date& d) {
        return print("%s, %d %s %d", weekdays[d.weekday], d.day, month(months, d), d.year);
      },
      [](const Date& d) {
        return print("%.3s %.3s %2d %d", weekdays[d.weekday], month(months, d), d.day, d.year);
      },
      [](const Date& d) {
        return print("the %d%s of %s '%02d", d.day, ordinal(d.day), month(months, d), d.year % 100);
      },
      [](const Date& d) { return print("%d-%.3s-%02d", d.day, month(months, d), d.year % 100); },
      [](const Date& d) { return print("%d/%d/%d", d.month, d.day, d.year); },  // slashes: the month first
      [](const Date& d) { return print("%02d.%02d.%02d", d.day, d.month, d.year % 100); },  // points: the day
      [](const Date& d) { return print("%d.%s.%d", d.day, month(roman, d), d.year); },
      [](const Date& d) { return print("%d%02d%02d", d.year, d.month, d.day); },
      [](const Date& d) { return print("%d. %s %d", d.day, month(german, d), d.year); },
      [](const Date& d) {
        return print("le %d%s %s %d", d.day, d.day == 1 ? "er" : "", month(french, d), d.year);
      },
      [](const Date& d) { return print("%d de %s de %d", d.day, month(spanish, d), d.year); },
      [](const Date& d) { return print("%d年%d月%d日", d.year, d.month, d.day); },
  };
  return ways;
}

/// Ways of which no example is ever learned from.
inline const Ways& ways_untaught() {
  using namespace dates_detail;
  static const Ways ways = {
      [](const Date& d) {
        return print("%s, the %d%s of %s '%02d", weekdays[d.weekday], d.day, ordinal(d.day), month(months, d),
                     d.year % 100);
      },
      [](const Date& d) { return print("%.3s %d, %d", month(months, d), d.day, d.year); },
      [](const Date& d) { return print("%02d.%02d.%d", d.day, d.month, d.year); },
      [](const Date& d) { return iso(d); },
  };
  return ways;
}
