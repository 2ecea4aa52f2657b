//! Plays scenarios on tokio's current-thread runtime. The protocol is in ../../README.md.

mod door;
mod play;
mod steps;
mod verbs;

use std::io::{BufRead, Write};

use serde_json::{json, Value};

use door::Door;

const PROTOCOL: i64 = 1;
const VERSION: &str = env!("CEDE_TOKIO_VERSION");
const LANGUAGE: &str = env!("CEDE_RUST_VERSION");

const MAPPING: &str = "\
call_soon, call_soon_threadsafe: spawn
call_later: spawn of a task that awaits sleep; call_at: sleep_until; forever: of one that is pending
cancel: AbortHandle::abort
create_task: spawn; cancel_task: abort
create_future: sync::SetOnce of a Result; set_result, set_exception: set
end of a task: the same, which it sets itself or as it is dropped, since a JoinHandle has one awaiter only
done: initialized, of a task is_finished; result, exception: get, where None is told as invalid_state
await: SetOnce::wait; call, catch, finally, repeat: await of an async fn; yield: task::yield_now; sleep: time::sleep
wait_for: time::timeout
main: the future that Runtime::block_on is given; run: it awaits that nothing is left
run_until_complete: that, or the outcome
errors: of coroutines Err; of callbacks panics, of which the panic hook is told
steps of a task: polls of its future";

fn hello(command: &Value) -> Value {
    let verbs = command["verbs"].as_array().cloned().unwrap_or_default();
    let unsupported: serde_json::Map<String, Value> = verbs
        .iter()
        .filter_map(Value::as_str)
        .filter(|verb| !verbs::knows(verb))
        .map(|verb| (verb.to_string(), verbs::why_not(verb).into()))
        .collect();
    json!({
        "protocol": PROTOCOL, "loop": "tokio", "version": VERSION, "language": LANGUAGE,
        "bugs": "https://github.com/tokio-rs/tokio/issues", "mapping": MAPPING,
        "resolution": 1_000_000, "prompt": true, "unsupported": unsupported,
    })
}

fn answer(command: &Value, door: &mut Door) -> Value {
    let word = command["cmd"].as_str().unwrap_or_default();
    if word == "hello" {
        return hello(command);
    }
    let mut answer = match (word, command["scenario"].as_str()) {
        ("run", Some(scenario)) => {
            match play::play(scenario, door, command["pace"].as_str().unwrap_or("frozen")) {
                Ok(trace) => json!({ "trace": trace }),
                Err(fault) => json!({ "errored": fault }),
            }
        }
        _ => json!({ "unsupported": format!("this driver does not know the command {word}") }),
    };
    if let Some(seq) = command.get("seq") {
        answer["seq"] = seq.clone();
    }
    answer
}

fn main() {
    play::listen_to_panics();
    let mut door = Door::open();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line.expect("standard input")).expect("a command is a JSON value");
        if command["cmd"] == "bye" {
            break;
        }
        writeln!(out, "{}", answer(&command, &mut door)).and_then(|()| out.flush()).expect("standard output");
    }
}
