// Errors as values. Inside the loop an outcome is data; C++ exceptions appear only where user code
// stands, since one throw costs more than a whole pass.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace cede::reference {

/// The cancellation; deliberately no std::exception, so that generic handlers let it pass (CANCEL-21).
struct CancelledError {
  std::int64_t message = 0;  // what the request said (CANCEL-17); 0 for nothing
};
/// A future or task was not in the state that the call needs.
struct InvalidStateError : std::logic_error { using logic_error::logic_error; };
/// A misuse of the loop: nested run, closed loop, await of oneself.
struct RuntimeError : std::logic_error { using logic_error::logic_error; };
/// A deadline was reached before the end (TO-1, WF-2).
struct TimeoutError : std::runtime_error { using runtime_error::runtime_error; };
/// All that failed in a task group, in the order in which it ended (TG-2).
struct GroupError : std::runtime_error {
  explicit GroupError(std::shared_ptr<const std::vector<class Error>> errors)
      : runtime_error("errors in a task group"), errors(std::move(errors)) {}
  std::shared_ptr<const std::vector<Error>> errors;
};
/// A value that does not make sense here.
struct ValueError : std::logic_error { using logic_error::logic_error; };
/// What an error of the user's own that was never thrown becomes at the public edge.
struct UserError : std::runtime_error {
  explicit UserError(std::int64_t payload) : runtime_error("an error of the user's own"), payload(payload) {}
  std::int64_t payload;
};
/// The fatal class: it leaves `run_forever` wherever it is raised (PASS-8, TASK-9).
struct ExitError { int code = 0; };

/// Raised where a generator that is closed has yielded; no std::exception either (AGEN-3).
struct GeneratorExit {};

class Error {
 public:
  enum class Kind : std::uint8_t {
    none, cancelled, invalid_state, runtime, timeout, group, value, exit, generator_exit, user,
  };

  Error() = default;
  explicit Error(Kind kind, std::int64_t payload = 0) : kind_(kind), payload_(payload) {}

  /// An error of the user's own that was never thrown, told apart by its payload.
  static Error user(std::int64_t payload) { return Error(Kind::user, payload); }
  static Error cancellation(std::int64_t message = 0) { return Error(Kind::cancelled, message); }

  /// Several errors as one.
  static Error group(std::vector<Error> errors) {
    Error error(Kind::group);
    error.members_ = std::make_shared<const std::vector<Error>>(std::move(errors));
    return error;
  }

  /// The exception that is being handled, as a value. Call it in a catch block.
  static Error current() {
    Error error(Kind::user);
    error.thrown_ = std::current_exception();
    try {
      throw;
    } catch (const CancelledError& cancelled) {
      error.kind_ = Kind::cancelled;
      error.payload_ = cancelled.message;
    } catch (const InvalidStateError&) {
      error.kind_ = Kind::invalid_state;
    } catch (const RuntimeError&) {
      error.kind_ = Kind::runtime;
    } catch (const TimeoutError&) {
      error.kind_ = Kind::timeout;
    } catch (const GroupError& group) {
      error.kind_ = Kind::group;
      error.members_ = group.errors;
    } catch (const ValueError&) {
      error.kind_ = Kind::value;
    } catch (const UserError& user) {
      error.payload_ = user.payload;
    } catch (const GeneratorExit&) {
      error.kind_ = Kind::generator_exit;
    } catch (const ExitError& exit) {
      error.kind_ = Kind::exit;
      error.payload_ = exit.code;
    } catch (...) {
    }
    return error;
  }

  explicit operator bool() const { return kind_ != Kind::none; }
  Kind kind() const { return kind_; }
  std::int64_t payload() const { return payload_; }
  bool cancelled() const { return kind_ == Kind::cancelled; }
  bool fatal() const { return kind_ == Kind::exit; }
  /// Of a group, the errors that it holds.
  const std::vector<Error>& members() const { return *members_; }

  /// At the public edge the value becomes the exception again.
  [[noreturn]] void raise() const {
    if (thrown_) std::rethrow_exception(thrown_);
    switch (kind_) {
      case Kind::cancelled: throw CancelledError{payload_};
      case Kind::invalid_state: throw InvalidStateError("the future is in another state");
      case Kind::value: throw ValueError("the value makes no sense here");
      case Kind::exit: throw ExitError{static_cast<int>(payload_)};
      case Kind::generator_exit: throw GeneratorExit{};
      case Kind::runtime: throw RuntimeError("the loop refuses this here");
      case Kind::timeout: throw TimeoutError("the deadline was reached");
      case Kind::group: throw GroupError(members_);
      default: throw UserError(payload_);
    }
  }

 private:
  Kind kind_ = Kind::none;
  std::int64_t payload_ = 0;
  std::exception_ptr thrown_;
  std::shared_ptr<const std::vector<Error>> members_;
};

}  // namespace cede::reference
