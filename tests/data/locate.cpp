#include "wengert/data/locate.hpp"

#include <doctest/doctest.h>

#include "tests/data/environment.hpp"
#include "tests/io/folder.hpp"
#include "wengert/core/error.hpp"

using namespace wengert;

TEST_CASE("locate: an explicit folder, then the environment") {
  const tests::Folder here, there;
  here.write("a", "1");
  there.write("a", "2"), there.write("b", "2");
  const tests::Environment variable("WENGERT_DATA", there / "");
  CHECK(tests::read_bytes(data::locate("a", {.directory = here / ""})) == "1");
  CHECK(tests::read_bytes(data::locate("a")) == "2");
  CHECK_THROWS_WITH_AS(
      data::locate("b", {.directory = here / "", .hint = "It is a letter."}),
      ("[locate] the data must be there: found no \"b\" in \"" + here / "" + "\". It is a letter.").c_str(),
      IoError);
  CHECK_THROWS_WITH_AS(
      data::locate("c"),
      ("[locate] the data must be there: found no \"c\" in \"" + there / "" + "\" (WENGERT_DATA).").c_str(),
      IoError);
}

TEST_CASE("locate: neither") {
  const tests::Environment variable("WENGERT_DATA", "");
  CHECK_THROWS_WITH_AS(data::locate("mnist", {.hint = "It is four files."}),
                       "[locate] there must be a folder of data: got none for \"mnist\". Did you mean to set "
                       "WENGERT_DATA or to pass --data FOLDER? It is four files.",
                       IoError);
}
