// A target that does nothing, with the same mutator: what a fuzzer costs without a loop. Speeds are
// told as ratios to it, since they have to be compared on machines that are never alike.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t) { return 0; }
