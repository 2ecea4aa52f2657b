#include "adapters/answers.h"

namespace cede {

using reference::Error;
using reference::Outcome;

ErrorKind kind_of(const Error& error) {
  switch (error.kind()) {
    case Error::Kind::none: return ErrorKind::none;
    case Error::Kind::cancelled: return ErrorKind::cancelled;
    case Error::Kind::invalid_state: return ErrorKind::invalid_state;
    case Error::Kind::runtime: return ErrorKind::runtime;
    case Error::Kind::timeout: return ErrorKind::timeout;
    case Error::Kind::group: return ErrorKind::group;
    case Error::Kind::value: return ErrorKind::value;
    case Error::Kind::exit: return ErrorKind::exit;
    case Error::Kind::generator_exit: return ErrorKind::generator_exit;
    case Error::Kind::user: return static_cast<ErrorKind>(error.payload());
  }
  return ErrorKind::none;
}

Error error_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::none: return {};
    case ErrorKind::cancelled: return Error(Error::Kind::cancelled);
    case ErrorKind::invalid_state: return Error(Error::Kind::invalid_state);
    case ErrorKind::runtime: return Error(Error::Kind::runtime);
    case ErrorKind::timeout: return Error(Error::Kind::timeout);
    case ErrorKind::group: return Error::group({});
    case ErrorKind::value: return Error(Error::Kind::value);
    case ErrorKind::exit: return Error(Error::Kind::exit);
    case ErrorKind::generator_exit: return Error(Error::Kind::generator_exit);
    default: return Error::user(static_cast<std::int64_t>(kind));
  }
}

std::int64_t message_of(const Value& value) { return value.none() ? 0 : reinterpret_cast<std::int64_t>(&value); }

Value value_of(const Error& error) {
  if (!error.cancelled() || error.payload() == 0) return Value::of(kind_of(error));
  return Value::of(ErrorKind::cancelled, *reinterpret_cast<const Value*>(error.payload()));
}

Answer answer_of(const Error& error) { return error ? Answer{Answer::Kind::raised, value_of(error)} : Answer{}; }

Answer answer_of(const Outcome<Value>& outcome) {
  return outcome.ok() ? Answer::of(outcome.value()) : answer_of(outcome.error());
}

Answer answer_or_nothing(const Outcome<Value>& outcome) {
  return outcome.ok() && outcome.value().none() ? Answer{} : answer_of(outcome);
}

Name word_of(reference::Report::About about) {
  using enum reference::Report::About;
  switch (about) {
    case callback: return {};
    case never_retrieved: return Name("never_retrieved");
    case lost_task: return Name("lost_task");
    case left_over: return Name("left_over");
    case generator: return Name("generator");
    case slow_callback: return Name("slow_callback");
  }
  return {};
}

reference::Sent number_in(const Value& value) {
  return value.kind == Value::Kind::number ? reference::Sent(value.number) : std::nullopt;
}

Outcome<Value> value_of(const Outcome<reference::Sent>& sent) {
  if (!sent.ok()) return sent.error();
  return sent.value() ? Value::of(*sent.value()) : Value{};
}

bool catches(ErrorKind wanted, ErrorKind raised) {
  if (wanted == ErrorKind::generic)
    return raised != ErrorKind::cancelled && raised != ErrorKind::exit && raised != ErrorKind::generator_exit;
  return wanted == raised;
}

}  // namespace cede
