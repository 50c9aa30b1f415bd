/* A build without the pages (-Dweb=false). */
#include "slotcast/main/web_files.h"

const struct static_file web_files[] = {{0}};
