#include "reference/gather.h"

#include "reference/manners.h"

namespace cede::reference {
namespace {

/// One request to cancel, which may come by a gather on several ways: the outermost begins it.
class Sweep {
 public:
  Sweep() { number_ += depth_++ == 0; }
  ~Sweep() { --depth_; }
  std::uint64_t number() const { return number_; }

 private:
  static inline thread_local std::uint64_t number_ = 0;
  static inline thread_local int depth_ = 0;
};

}  // namespace

void GatherBase::begin() {
  if (sources_.empty()) return end({});
  bool at_once = manners().gather_counts_at_once;
  for (const Ref<FutureBase>& source : sources_)
    if (!at_once || !source->done()) follow(*source);
  for (std::size_t number = 0; at_once && number < sources_.size(); ++number)
    if (sources_[number]->done()) source_done(*sources_[number]);
}

void GatherBase::source_done(FutureBase& source) {
  --pending_;
  if (done()) return;  // it is too late for this one
  if (source.error() && exceptions_ == Exceptions::raise) return end(source.error());
  if (pending_ == 0) end(cancel_requested_ ? Error(Error::Kind::cancelled) : Error{});
}

void GatherBase::end(Error error) {
  for (std::size_t number = 0; !error && number < sources_.size(); ++number) take(number);  // GATHER-1
  // Cancellation is what it failed with: nobody has cancelled this future itself (GATHER-5).
  complete(State::finished, std::move(error));
}

bool GatherBase::cancel(std::int64_t message) {
  if (done()) return false;
  Sweep sweep;
  // Gathers that wait for themselves would ask for ever, and those that share sources very long.
  if (std::exchange(swept_, sweep.number()) == sweep.number()) return cancel_requested_;
  Ref<GatherBase> self(this);
  bool asked = false;
  for (const Ref<FutureBase>& source : sources_) asked |= source->cancel(message);
  cancel_requested_ |= asked;
  return asked;
}

}  // namespace cede::reference
