#include "adapters/wire_trace.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace cede {
namespace {

/// What stands at one place of an event, behind what it is and when.
enum class Field { none, step, script, frame, id, limit };

struct Row {
  What what;
  std::string_view word;
  std::array<Field, 3> fields;
  bool has_details;
};

constexpr std::array rows{
    Row{What::did, "did", {Field::step, Field::frame, Field::id}, true},
    Row{What::got, "got", {Field::step, Field::frame, Field::id}, true},
    Row{What::enter, "enter", {Field::script, Field::id}, false},
    Row{What::leave, "leave", {Field::script, Field::id}, false},
    Row{What::item, "item", {Field::step, Field::frame, Field::id}, true},
    Row{What::end, "end", {Field::script, Field::frame}, true},
    Row{What::destroyed, "destroyed", {Field::script, Field::frame}, true},
    Row{What::poll, "poll", {Field::limit}, false},
    Row{What::error, "error", {}, true},
    Row{What::warning, "warning", {}, true},
    Row{What::rest, "rest", {}, false},
    Row{What::stuck, "stuck", {}, false},
    Row{What::silent, "silent", {}, false},
};

const Row& row(What what) { return rows[static_cast<std::size_t>(what)]; }

std::string_view words_for(Field field) {
  constexpr std::array<std::string_view, 6> words{
      "nothing more", "a step, by its number or its text", "the name of a script", "a frame, a number from 0",
      "an id, a number from 0", "the limit of the wait"};
  return words[static_cast<std::size_t>(field)];
}

/// Which job events are in, from what was entered and left.
class Jobs {
 public:
  struct Open {
    Id job;
    Name script;
    Id id;
  };

  Id running() const { return open_.empty() ? 0 : open_.back().job; }
  bool any() const { return !open_.empty(); }
  const Open& innermost() const { return open_.back(); }
  void enter(const Event& event) { open_.push_back({++count_, event.step.who, event.id}); }
  void leave() { open_.pop_back(); }

 private:
  std::vector<Open> open_;
  Id count_ = 0;
};

// Writing.

/// Whether the step made a timer.
bool has_deadline(const Event& event) {
  return (event.did(Verb::call_later) || event.did(Verb::call_at)) && !event.answer.is_raised();
}

class Writer {
 public:
  Writer(std::string& json, const Scenario& scenario) : json_(json), scenario_(scenario) {}

  void write(const Trace& trace) {
    json_ += '[';
    for (const Event& event : trace.events) {
      if (&event != trace.events.data()) json_ += ',';
      write(event);
    }
    json_ += ']';
  }

 private:
  void write(const Event& event) {
    if (event.what == What::enter) jobs_.enter(event);
    const Row& shape = row(event.what);
    json_ += "[\"";
    json_ += shape.word;
    json_ += "\",";
    number(event.at);
    for (Field field : shape.fields) {
      if (field == Field::none) break;
      json_ += ',';
      write(field, event);
    }
    if (shape.has_details) details(event);
    json_ += ']';
    if (event.what == What::leave && jobs_.any()) jobs_.leave();
  }

  void write(Field field, const Event& event) {
    switch (field) {
      case Field::none: return;
      case Field::step: return step(event.step);
      case Field::script: return append_json(json_, event.step.who.text());
      case Field::frame: return number(event.frame);
      case Field::id: return number(event.id);
      case Field::limit: return duration(event.time);
    }
  }

  void step(const Step& step) {
    auto found = std::ranges::find(scenario_.steps, step);
    if (found == scenario_.steps.end()) append_json(json_, to_string(step));
    else number(found - scenario_.steps.begin());
  }

  void details(const Event& event) {
    const std::size_t begin = json_.size();
    answer(event.answer);
    if (event.made) key("made"), number(event.made);
    if (event.among != std::array<Id, 3>{}) {
      key("among");
      json_ += fmt::format("[{}]", fmt::join(event.among.begin(), among_end(event.among), ","));
    }
    if (event.time || has_deadline(event)) key("time"), duration(event.time);
    if (event.thread) key("thread"), number(event.thread);
    if (event.job != jobs_.running()) key("job"), number(event.job);
    if (event.what == What::error || event.what == What::warning) {
      if (event.step.name) key("about"), append_json(json_, event.step.name.text());
      if (event.step.who) key("of"), append_json(json_, event.step.who.text());
      if (event.id) key("id"), number(event.id);
    }
    if (json_.size() == begin) return;
    json_.replace(begin, 1, ",{");
    json_ += '}';
  }

  static const Id* among_end(const std::array<Id, 3>& among) {
    std::size_t count = among.size();
    while (count > 0 && !among[count - 1]) --count;
    return among.data() + count;
  }

  void answer(const Answer& answer) {
    switch (answer.kind) {
      case Answer::Kind::nothing: return;
      case Answer::Kind::value: key("value"), value(answer.value); return;
      case Answer::Kind::raised: key("raises"), error(answer.value); return;
      case Answer::Kind::unsupported: key("not"), json_ += "\"unsupported\""; return;
      case Answer::Kind::ignored: key("not"), json_ += "\"ignored\""; return;
    }
  }

  void value(const Value& value) {
    switch (value.kind) {
      case Value::Kind::none: json_ += "null"; return;
      case Value::Kind::number: return number(value.number);
      case Value::Kind::truth: json_ += value.number ? "true" : "false"; return;
      case Value::Kind::name: return append_json(json_, value.name.text());
      case Value::Kind::duration: json_ += "{\"ns\":", duration(value.number), json_ += '}'; return;
      case Value::Kind::error: json_ += "{\"error\":", error(value), json_ += '}'; return;
    }
  }

  void error(const Value& value) {
    append_json(json_, spelling(value.error));
    if (value.name) key("message"), append_json(json_, value.name.text());
    else if (value.number) key("message"), number(value.number);
  }

  void key(std::string_view key) {
    json_ += ",\"";
    json_ += key;
    json_ += "\":";
  }
  void duration(Nanos time) { number(time == forever ? -1 : time); }
  void number(std::int64_t number) {
    std::array<char, 24> digits;
    json_.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr);
  }

  std::string& json_;
  const Scenario& scenario_;
  Jobs jobs_;
};

// Reading.

class Reader {
 public:
  Reader(JsonReader& json, const Scenario& scenario, Trace& trace) : json_(json), scenario_(scenario), trace_(trace) {}

  void read() {
    std::size_t at = 0;
    json_.array([&](std::size_t index) {
      at = index;
      read(trace_.events.emplace_back());
    });
    json_.locate(fmt::format("event {}", at));
    if (jobs_.any() && !json_.failed() && !is_cut_off())
      json_.fail(fmt::format("{} {} was entered and never left", jobs_.innermost().script.text(),
                             jobs_.innermost().id));
  }

 private:
  /// Some end in the middle of a job, which never comes to its own.
  bool is_cut_off() const {
    auto is_end = [](const Event& event) { return event.what == What::silent || event.what == What::stuck; };
    return std::ranges::any_of(trace_.events, is_end);
  }

  void read(Event& event) {
    const Row* shape = nullptr;
    std::size_t count = 0;
    bool has_details = false;
    has_time_ = false;
    json_.array([&](std::size_t index) {
      ++count;
      if (index == 0) return begin(event, shape);
      if (index == 1) return void(event.at = number(0, forever, "when, nanoseconds since the beginning"));
      has_details = json_.next() == JsonReader::Kind::object && shape->has_details && fields(*shape) == index - 2;
      if (has_details) return details(event);
      if (index - 2 >= fields(*shape)) return json_.fail(fmt::format("expected {} to be over", shape->word));
      read(shape->fields[index - 2], event);
    });
    const std::size_t wanted = shape ? 2 + fields(*shape) : 2;
    if (count < wanted)
      json_.fail(fmt::format("expected {} and found the end of {}", count < 2 ? "what it is, and when" :
                             words_for(shape->fields[count - 2]), shape ? shape->word : "the event"));
    if (json_.failed()) return;
    if (event.what == What::did) check_step(event);
    if (event.what == What::enter) jobs_.enter(event), event.job = jobs_.running();
    if (event.what == What::leave) leave(event);
  }

  /// What judges could not do without: they would take it for the loop's fault.
  void check_step(const Event& event) {
    if (event.frame == 0 && std::ranges::count(scenario_.steps, event.step) && !may_be_of_the_loop(event.step))
      json_.fail("expected a frame from 1: who takes a step of the scenario is a script");
    if ((event.did(Verb::call_soon) || has_deadline(event)) && !event.answer.is_raised() && !event.made)
      json_.fail(fmt::format("expected made with what {} made: the id of its handle", spelling(event.step.verb)));
    if (has_deadline(event) && !has_time_)
      json_.fail(fmt::format("expected time with what {} made: its deadline", spelling(event.step.verb)));
  }

  /// The loop makes tasks of what threads submit, which may be spelled as a script's own step is.
  bool may_be_of_the_loop(const Step& step) const {
    return std::ranges::any_of(scenario_.steps, [&](const Step& other) {
      return step.verb == Verb::create_task && other.verb == Verb::run_coroutine_threadsafe && other.who == step.who &&
             other.name == step.name;
    });
  }

  void leave(const Event& event) {
    const Jobs::Open entered = jobs_.innermost();
    jobs_.leave();
    if (entered.script != event.step.who || entered.id != event.id)
      json_.fail(fmt::format("it leaves {} {}, and what was entered last is {} {}", event.step.who.text(), event.id,
                             entered.script.text(), entered.id));
  }

  static std::size_t fields(const Row& shape) {
    return static_cast<std::size_t>(std::ranges::find(shape.fields, Field::none) - shape.fields.begin());
  }

  void begin(Event& event, const Row*& shape) {
    const std::string_view word = json_.text();
    auto found = std::ranges::find(rows, word, &Row::word);
    if (found == rows.end()) return json_.fail(fmt::format("there is no event {}", word));
    shape = &*found;
    event.what = found->what;
    if (event.what == What::leave && !jobs_.any()) return json_.fail("it leaves, and nothing was entered");
    event.job = jobs_.running();
  }

  void read(Field field, Event& event) {
    switch (field) {
      case Field::none: return;
      case Field::step: return step(event.step);
      case Field::script: return void(event.step.who = name("the name of a script"));
      case Field::frame: return void(event.frame = id("a frame"));
      case Field::id: return void(event.id = id("an id"));
      case Field::limit: return void(event.time = duration());
    }
  }

  void step(Step& step) {
    if (json_.next() == JsonReader::Kind::text) return spelt_step(step);
    const std::int64_t number = json_.integer();
    if (number >= 0 && static_cast<std::uint64_t>(number) < scenario_.steps.size()) step = scenario_.steps[number];
    else json_.fail(fmt::format("there is no step {}: the scenario has {}, from 0", number, scenario_.steps.size()));
  }

  void spelt_step(Step& step) {
    const std::string_view text = json_.text();
    Parsed parsed = parse_scenario(text);
    if (parsed.scenario.steps.size() == 1 && !parsed.error) step = parsed.scenario.steps[0];
    else if (!json_.failed()) json_.fail(fmt::format("`{}` is no step", text));
  }

  void details(Event& event) {
    Value message;
    json_.object([&](std::string_view key) {
      if (key == "value") answer(event, Answer::of(value()));
      else if (key == "raises") answer(event, Answer::raised(error()));
      else if (key == "not") answer(event, not_taken());
      else if (key == "message") message = value();
      else if (key == "made") event.made = id("an id");
      else if (key == "among") among(event);
      else if (key == "time") event.time = duration(), has_time_ = true;
      else if (key == "thread") event.thread = static_cast<std::uint8_t>(number(1, UINT8_MAX, "a thread's number"));
      else if (key == "job") event.job = static_cast<Id>(number(0, 0, "0, for no job"));
      else if (key == "about") event.step.name = name("a word");
      else if (key == "of") event.step.who = name("the name of a script");
      else if (key == "id") event.id = id("an id");
      else json_.skip();
    });
    if (!message.none() && event.answer.is_raised()) event.answer.value = with(event.answer.value, message);
  }

  void answer(Event& event, const Answer& answer) {
    if (event.answer.kind == Answer::Kind::nothing) event.answer = answer;
    else json_.fail("expected only one of value, raises and not");
  }

  static Value with(const Value& error, const Value& message) { return Value::of(error.error, message); }

  Answer not_taken() {
    const std::string_view word = json_.text();
    if (word == "unsupported") return {Answer::Kind::unsupported, {}};
    if (word != "ignored") json_.fail(fmt::format("expected unsupported or ignored and found {}", word));
    return {Answer::Kind::ignored, {}};
  }

  Value value() {
    switch (json_.next()) {
      case JsonReader::Kind::number: return Value::of(json_.integer());
      case JsonReader::Kind::truth: return Value::of(json_.truth());
      case JsonReader::Kind::text: return Value::of(name("a name"));
      case JsonReader::Kind::object: return error_or_duration();
      default: json_.null(); return {};
    }
  }

  Value error_or_duration() {
    Value value, message;
    json_.object([&](std::string_view key) {
      if (key == "error") value = Value::of(error());
      else if (key == "ns") value = Value::of_duration(duration());
      else if (key == "message") message = this->value();
      else json_.skip();
    });
    if (value.none()) json_.fail("expected an object with error or ns");
    return message.none() ? value : with(value, message);
  }

  ErrorKind error() {
    const std::string_view word = json_.text();
    for (int kind = 0; kind <= static_cast<int>(ErrorKind::stop_iteration); ++kind)
      if (spelling(static_cast<ErrorKind>(kind)) == word) return static_cast<ErrorKind>(kind);
    json_.fail(fmt::format("there is no error {}", word));
    return ErrorKind::none;
  }

  void among(Event& event) {
    json_.array([&](std::size_t index) {
      if (index < event.among.size()) event.among[index] = id("an id");
      else json_.fail(fmt::format("expected at most {} ids", event.among.size()));
    });
  }

  Name name(std::string_view what) {
    auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
    auto is_word = [&](char c) { return is_letter(c) || c == '_' || (c >= '0' && c <= '9'); };
    const std::string_view text = json_.text();
    const bool fits = !text.empty() && text.size() <= Name::letters_max && is_letter(text[0]);
    if (!json_.failed() && !(fits && std::ranges::all_of(text, is_word)))
      json_.fail(fmt::format("expected {} and found {}", what, text));
    return json_.failed() ? Name() : Name(text);
  }

  std::int64_t number(std::int64_t least, std::int64_t most, std::string_view what) {
    const std::int64_t number = json_.integer();
    if (number >= least && number <= most) return number;
    json_.fail(fmt::format("expected {} and found {}", what, number));
    return least;
  }
  Id id(std::string_view what) { return static_cast<Id>(number(0, ids_max, what)); }
  Nanos duration() {
    const Nanos time = json_.integer();
    return time == -1 ? forever : time;
  }

  static constexpr Id ids_max = 1'000'000;  // judges have a place for each up to the highest

  JsonReader& json_;
  const Scenario& scenario_;
  Trace& trace_;
  Jobs jobs_;
  bool has_time_ = false;  // the event that is being read
};

}  // namespace

void append_json(std::string& json, const Trace& trace, const Scenario& scenario) {
  Writer(json, scenario).write(trace);
}

void read_trace(JsonReader& json, const Scenario& scenario, Trace& trace) {
  trace.clear();
  Reader(json, scenario, trace).read();
}

}  // namespace cede
