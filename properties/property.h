// A property: the checkable form of a clause. A judge reads one trace and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "properties/history.h"

namespace cede {

/// What a judge says of one trace.
struct Verdict {
  enum class Kind : std::uint8_t {
    not_reached,  // the clause's situation did not come up
    reached,      // it came up, but no behaviour could have been wrong
    holds,        // a wrong behaviour was possible and did not happen: the trace is decisive
    variant,      // one of the clause's permitted behaviours that is not the reference's
    violated,
  };

  Kind kind = Kind::not_reached;
  std::size_t event = never;  // the deciding one
  std::string_view text;      // violated: a sentence; variant: its name

  bool violated() const { return kind == Kind::violated; }
  bool decisive() const { return kind >= Kind::holds; }
};

/// How a judge comes to its verdict: it says where its clause was reached and what it requires there.
class Ruling {
 public:
  /// The clause's situation is there.
  void reached() {
    if (verdict_.kind == Verdict::Kind::not_reached) verdict_.kind = Verdict::Kind::reached;
  }

  /// The rule of the clause at one place where the loop could have broken it. The first breach
  /// decides; `event` is the one that shows it and `why` a sentence for people.
  void require(bool rule, std::size_t event, std::string_view why) {
    if (verdict_.violated()) return;
    if (!rule) verdict_ = {Verdict::Kind::violated, event, why};
    else if (verdict_.kind < Verdict::Kind::holds) verdict_ = {Verdict::Kind::holds, event, {}};
  }

  /// A permitted behaviour other than the reference's.
  void variant(std::string_view name, std::size_t event) {
    if (!verdict_.violated()) verdict_ = {Verdict::Kind::variant, event, name};
  }

  operator Verdict() const { return verdict_; }

 private:
  Verdict verdict_;
};

struct Property;
/// What the judge says of a loop that declares promises: properties/microtasks.cpp.
Verdict judge_as_promises(const Property& property, const History& history);

struct Property {
  std::string_view clause;
  Verdict (*rule)(const History& history);
  /// The clause can only be reached where one of these was said; left out, everywhere.
  Verbs needs = all_verbs;
  /// Where one of these was said it has no opinion. They take apart what the core's rules rely on: one loop,
  /// and frames that run inside of those who await them, to their end.
  Verbs foreign = {Verb::runner, Verb::destroy, Verb::anext, Verb::aclose, Verb::shutdown_asyncgens};

  Verdict judge(const History& history) const {
    if (!history.said(needs) || history.said(foreign)) return {};
    return history.trace().promises ? judge_as_promises(*this, history) : rule(history);
  }
};

/// One list a chapter, in the order of its clauses; `properties/<chapter>.cpp` holds each.
std::span<const Property> coroutines();
std::span<const Property> awaiting();
std::span<const Property> futures();
std::span<const Property> tasks();
std::span<const Property> cancellation();
std::span<const Property> passes();
std::span<const Property> timers();
std::span<const Property> readiness();
std::span<const Property> sleeping();
std::span<const Property> scopes();
std::span<const Property> groups();
std::span<const Property> combinators();
std::span<const Property> synchronisation();
std::span<const Property> conditions();
std::span<const Property> semaphores();
std::span<const Property> queues();
std::span<const Property> liveness();
std::span<const Property> threads();
std::span<const Property> context();
std::span<const Property> generators();
std::span<const Property> lifetime();
std::span<const Property> complexity();

/// All of them.
std::span<const Property> properties();

}  // namespace cede
