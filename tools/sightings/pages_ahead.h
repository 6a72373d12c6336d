// Memory that is about to be written for the first time.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_PAGES_AHEAD_H_
#define TEKMATCH_TOOLS_SIGHTINGS_PAGES_AHEAD_H_

#include <cstddef>

namespace tekmatch {

// Has the system give the pages of [begin, begin + num_bytes) together, in less
// time than it takes to give each when it is first written. Changes no byte,
// whoever writes meanwhile. Ask for no more than stays in a core's own cache
// until it is written. Without effect where the system cannot, or has no memory
// left: each page then comes, or does not, when it is written.
void HavePages(const void* begin, size_t num_bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_PAGES_AHEAD_H_
