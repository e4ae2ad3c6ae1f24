// Names that need no file.
#pragma once

inline constexpr const char* carried =
    "ada adam agnes albert alice amelia andrew anna anton arthur barbara beatrice bella benjamin "
    "bernard bruno carl carla caroline cecilia charles charlotte clara claudia conrad constance "
    "cornelia daniel david diana dora edgar edith edmund edward eleanor elias elisa elizabeth "
    "ella elsa emil emilia emma erica ernest eva felix fiona florence frances frank frederica "
    "gabriel george gerald grace gustav hanna harold harriet helen henry hugo ida irene isabella "
    "jacob jane johanna john jonathan josephine julia julian karen katherine laura leonard "
    "leonora louis louisa lucas lucy magdalena margaret maria marian martha martin matilda "
    "maximilian michael miriam nathaniel nicholas nora olivia oscar paula peter philip rebecca "
    "richard robert rosa rudolf samuel sarah sebastian simon sophia stella susanna theodore "
    "theresa thomas valentina veronica victor victoria vincent walter william winifred";
