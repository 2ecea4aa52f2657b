// What the reference's errors and outcomes are called in a trace, and back.
#pragma once

#include "reference/coroutine.h"
#include "reference/outcome.h"
#include "spec/trace.h"

namespace cede {

ErrorKind kind_of(const reference::Error& error);
/// With its message, if it is a cancellation that has one.
Value value_of(const reference::Error& error);
/// What a request to cancel hands to the loop for a message: the place where the step has it, since
/// messages of the language are more than the numbers of the loop.
std::int64_t message_of(const Value& value);
reference::Error error_of(ErrorKind kind);

Answer answer_of(const reference::Error& error);
Answer answer_of(const reference::Outcome<Value>& outcome);
/// A step without a value is answered with nothing, rather than with "none".
Answer answer_or_nothing(const reference::Outcome<Value>& outcome);

/// What a report is about, in a word; none for an error that left a callback.
Name word_of(reference::Report::About about);

/// What a bare suspension exchanges with its driver.
reference::Sent number_in(const Value& value);
reference::Outcome<Value> value_of(const reference::Outcome<reference::Sent>& sent);

/// Whether `catch` of the one kind catches the other.
bool catches(ErrorKind wanted, ErrorKind raised);

}  // namespace cede
