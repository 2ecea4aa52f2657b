//! What is asked of tokio, verb by verb.

use std::future::Future;
use std::time::Duration;

use serde_json::{json, Value};
use tokio::time::Instant;

use crate::play::{call_back, play_coroutine, with, Body, Completion, Object, Outcome, Player, Steps};
use crate::steps::{Step, FOREVER};

const LIMIT_MAX: i64 = 1000;

const AT_ONCE: &[&str] = &[
    "log", "busy", "time", "limit", "call_soon", "call_soon_threadsafe", "call_later", "call_at", "cancel",
    "create_future", "set_result", "set_exception", "done", "cancelled", "result", "exception", "create_task",
    "cancel_task", "current_task",
];
const AWAITED: &[&str] = &["await", "yield", "sleep", "call", "catch", "finally", "repeat", "wait_for"];
const INLINE: &[&str] = &["call", "catch", "finally", "repeat"];

pub fn is_at_once(verb: &str) -> bool {
    AT_ONCE.contains(&verb)
}

/// What only a coroutine can do.
pub fn is_awaited(verb: &str) -> bool {
    AWAITED.contains(&verb)
}

/// Whose scripts' ends tell what came of them.
pub fn is_inline(verb: &str) -> bool {
    INLINE.contains(&verb)
}

pub fn knows(verb: &str) -> bool {
    is_at_once(verb) || is_awaited(verb) || ["run", "run_until_complete", "raise", "return"].contains(&verb)
}

/// Why a verb is not played.
pub fn why_not(verb: &str) -> &'static str {
    match verb {
        "stop" => "a runtime runs until the future that block_on was given is ready: there is no call that stops it",
        "add_done_callback" => "neither a SetOnce nor a JoinHandle calls anybody: who waits is a task",
        "cancel_future" => "a SetOnce is set or not: nobody cancels it",
        "close" | "is_closed" => "a runtime is dropped, and nobody can ask it for anything then",
        "run_in_new_loop" => "a runtime within a runtime panics",
        "when" => "an AbortHandle does not tell a deadline",
        "set_exception_handler" => "an error that leaves a task is its JoinHandle's; the panic hook is the program's",
        "remove_done_callback" => "tokio does not know tasks by what they call",
        "cancelling" | "uncancel" => "an abort is not counted, and cannot be taken back",
        "timeout" | "reenter" | "reschedule" | "expired" => "time::timeout has no scope that can be moved or asked",
        "send" => "a future is polled, and handed nothing",
        "add_reader" | "add_writer" => "an AsyncFd tells edges: who is told has to read until it would block",
        _ => "tokio has no such thing, or the driver does not say it",
    }
}

/// A step that is answered at once: what it is about, and its answer.
pub fn act(player: &mut Player, step: &Step) -> (u64, Value) {
    match step.verb.as_str() {
        "log" => {}
        "busy" => {
            player.door.tell(&format!("busy {}", step.duration(0)));
            player.look_up();
        }
        "time" => return (0, json!({ "value": { "ns": player.start.elapsed().as_nanos() as i64 } })),
        "limit" => player.limit = step.number(0).min(LIMIT_MAX),
        "call_soon" | "call_soon_threadsafe" => return call(player, step.word(0), std::future::ready(()), None),
        "call_later" => return call_later(player, step),
        "call_at" => return call_at(player, step),
        "cancel" => return cancel_handle(player, step.word(0)),
        "create_future" => return (player.name_object(step.word(0), None).id, json!({})),
        "create_task" => return create_task(player, step.word(0)),
        "current_task" => {
            let name = tokio::task::try_id().and_then(|id| player.tasks.get(&id));
            return (0, json!({ "value": name }));
        }
        _ => return ask_object(player, step),
    }
    (0, json!({}))
}

// Handles.

/// Calls back when this is over.
fn call(
    player: &mut Player,
    name: &str,
    when: impl Future<Output = ()> + Send + 'static,
    time: Option<i64>,
) -> (u64, Value) {
    let id = player.next_id();
    let script = name.to_string();
    let task = tokio::spawn(async move {
        when.await;
        call_back(&script, id);
    });
    player.handles.insert(name.to_string(), (id, task.abort_handle()));
    (id, time.map_or(json!({ "made": id }), |time| json!({ "made": id, "time": time })))
}

fn call_later(player: &mut Player, step: &Step) -> (u64, Value) {
    let (delay, name) = (step.duration(0), step.word(1));
    if delay == FOREVER {
        return call(player, name, std::future::pending(), Some(-1));
    }
    player.expect(delay);
    let due = player.door.now() + delay.max(0);
    call(player, name, tokio::time::sleep(duration(delay)), Some(due))
}

fn call_at(player: &mut Player, step: &Step) -> (u64, Value) {
    let (moment, name) = (step.duration(0), step.word(1));
    if moment == FOREVER {
        return call(player, name, std::future::pending(), Some(-1));
    }
    player.expect(moment - player.door.now());
    let due = since(player.start, moment);
    call(player, name, tokio::time::sleep_until(due), Some(moment))
}

fn since(start: Instant, moment: i64) -> Instant {
    let length = Duration::from_nanos(moment.unsigned_abs());
    if moment < 0 { start.checked_sub(length).unwrap_or(start) } else { start + length }
}

/// There is none below 0.
fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(nanos.max(0) as u64)
}

fn cancel_handle(player: &mut Player, name: &str) -> (u64, Value) {
    let Some((id, task)) = player.handles.get(name) else { return (0, json!({})) };
    task.abort();
    (*id, json!({}))
}

// Tasks and futures.

fn create_task(player: &mut Player, name: &str) -> (u64, Value) {
    let object = player.name_object(name, None);
    let completion = Completion(object.outcome);
    let body = play_coroutine(name);
    let body = Box::pin(async move {
        let outcome = body.await;
        let _ = completion.0.set(outcome.clone());
        outcome
    });
    let task = tokio::spawn(Steps { name: name.to_string(), id: object.id, body });
    player.name_task(name, task.abort_handle());
    (object.id, json!({}))
}

fn ask_object(player: &mut Player, step: &Step) -> (u64, Value) {
    let object = player.object(step.word(0));
    let outcome = object.outcome.get();
    let details = match step.verb.as_str() {
        "set_result" => complete(&object, Ok(step.value(1))),
        "set_exception" if step.word(1) == "cancelled" => json!({ "not": "ignored" }),
        "set_exception" => complete(&object, Err(step.word(1).to_string())),
        "cancel_task" => match &object.task {
            Some(task) => {
                let is_pending = !task.is_finished();
                task.abort();
                json!({ "value": is_pending })
            }
            None => json!({ "not": "unsupported" }),
        },
        "done" => json!({ "value": object.task.as_ref().map_or(outcome.is_some(), |task| task.is_finished()) }),
        "cancelled" => json!({ "value": matches!(outcome, Some(Err(kind)) if kind == "cancelled") }),
        "result" => match outcome {
            None => json!({ "raises": "invalid_state" }),
            Some(Err(kind)) => json!({ "raises": kind }),
            Some(Ok(value)) => json!({ "value": value }),
        },
        _ => match outcome {
            None => json!({ "raises": "invalid_state" }),
            Some(Err(kind)) if kind == "cancelled" => json!({ "raises": kind }),
            Some(Err(kind)) => json!({ "value": { "error": kind } }),
            Some(Ok(_)) => json!({ "value": null }),
        },
    };
    (object.id, details)
}

/// Nobody can complete a task from outside.
fn complete(object: &Object, outcome: Outcome) -> Value {
    match &object.task {
        Some(_) => json!({ "not": "ignored" }),
        None if object.outcome.set(outcome).is_err() => json!({ "raises": "invalid_state" }),
        None => json!({}),
    }
}

// What only a coroutine can do.

/// What the step is about, and what to await.
pub fn suspend(player: &mut Player, step: &Step) -> (u64, Body) {
    let second = step.word(1).to_string();
    match step.verb.as_str() {
        "await" => {
            let object = player.object(step.word(0));
            (object.id, wait(object))
        }
        "yield" => (0, Box::pin(async {
            tokio::task::yield_now().await;
            Ok(Value::Null)
        })),
        "sleep" => (0, sleep(player, step.duration(0), step.value(1))),
        "wait_for" => {
            let object = player.object(&second);
            (object.id, limited(player, step.duration(0), wait(object)))
        }
        "call" => (0, inline(step.word(0))),
        "catch" => (0, caught(step.word(0).to_string(), inline(&second))),
        "finally" => (0, cleared(inline(step.word(0)), second)),
        _ => (0, repeated(step.number(0), second)),
    }
}

fn wait(object: Object) -> Body {
    Box::pin(async move { object.outcome.wait().await.clone() })
}

fn sleep(player: &Player, delay: i64, value: Value) -> Body {
    player.expect(delay);
    Box::pin(async move {
        if delay == FOREVER {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(duration(delay)).await;
        Ok(value)
    })
}

fn limited(player: &Player, delay: i64, body: Body) -> Body {
    player.expect(delay);
    Box::pin(async move {
        if delay == FOREVER {
            return body.await;
        }
        tokio::time::timeout(duration(delay), body).await.unwrap_or(Err("timeout".into()))
    })
}

fn inline(name: &str) -> Body {
    let name = name.to_string();
    Box::pin(async move {
        if !with(|player| player.start()) {
            return Ok(Value::Null);
        }
        play_coroutine(&name).await
    })
}

fn caught(kind: String, body: Body) -> Body {
    Box::pin(async move {
        let outcome = body.await;
        let is_caught = |error: &String| {
            *error == kind || (kind == "generic" && !["cancelled", "exit", "generator_exit"].contains(&error.as_str()))
        };
        if outcome.as_ref().is_err_and(is_caught) { Ok(Value::Null) } else { outcome }
    })
}

fn cleared(body: Body, last: String) -> Body {
    Box::pin(async move {
        let outcome = body.await;
        inline(&last).await?;
        outcome
    })
}

fn repeated(times: i64, name: String) -> Body {
    Box::pin(async move {
        let mut outcome = Ok(Value::Null);
        for _ in 0..times {
            if outcome.is_err() || !with(|player| player.start()) {
                break;
            }
            outcome = play_coroutine(&name).await;
        }
        outcome
    })
}
