//! How a scenario is played: scripts in, events out. What a verb means is in verbs.rs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::os::fd::BorrowedFd;
use std::pin::{pin, Pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use serde_json::{json, Map, Value};
use tokio::io::unix::AsyncFd;
use tokio::runtime::Builder;
use tokio::sync::SetOnce;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::door::Door;
use crate::steps::{self, Script, Step, FOREVER};
use crate::verbs;

const STARTS_MAX: i64 = 64; // jobs after which scripts fall silent, unless the scenario has a `limit`

/// The kind of an error.
pub type Failure = String;
pub type Outcome = Result<Value, Failure>;
pub type Body = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A future, or a task, which can be aborted.
#[derive(Clone, Default)]
pub struct Object {
    pub id: u64,
    pub outcome: Arc<SetOnce<Outcome>>,
    pub task: Option<AbortHandle>,
}

pub struct Player {
    pub door: Door,
    pub start: Instant,
    pub limit: i64,
    pub handles: HashMap<String, (u64, AbortHandle)>,
    pub tasks: HashMap<tokio::task::Id, String>,
    names: HashMap<String, Object>,
    scripts: HashMap<String, Script>,
    events: Vec<Value>,
    job: Option<(String, u64)>,
    panic: Option<Failure>,
    observing: bool,
    starts: i64,
    ids: u64,
    frames: u64,
}

thread_local! {
    static PLAYER: RefCell<Option<Player>> = const { RefCell::new(None) };
    static FAULT: RefCell<Option<String>> = const { RefCell::new(None) }; // the driver's own
}

/// The player of this thread. Nothing that polls, drops or panics may be called within.
pub fn with<R>(act: impl FnOnce(&mut Player) -> R) -> R {
    PLAYER.with_borrow_mut(|player| act(player.as_mut().expect("a play goes on")))
}

/// The events; or how the driver has failed by itself, which tokio takes for a task's affair.
pub fn play(scenario: &str, door: &mut Door, pace: &str) -> Result<Vec<Value>, String> {
    door.begin(pace);
    let player = Player::new(steps::read(scenario), door.again());
    PLAYER.set(Some(player));
    let runtime = Builder::new_current_thread().enable_all().build().expect("tokio builds a runtime");
    runtime.block_on(async {
        let wake = unsafe { AsyncFd::register(door.wake()) }.expect("a pipe can be polled"); // which is never closed
        play_main(&wake).await;
        with(|player| player.observing = false); // what a runtime does to clear itself away is nobody's business
    });
    drop(runtime);
    door.end();
    let events = PLAYER.take().map_or(Vec::new(), |player| player.events);
    FAULT.take().map_or(Ok(events), Err)
}

/// The future that the runtime is to block on. Where it awaits nothing, nothing else runs.
async fn play_main(wake: &AsyncFd<BorrowedFd<'_>>) {
    let (frame, script) = with(|player| (player.next_frame(), player.script("main")));
    for step in script.iter() {
        if !is_observing() {
            return;
        }
        if leaves(step, frame) {
            break;
        }
        match step.verb.as_str() {
            "run" => run(wake, step.number.into(), frame, None).await,
            "run_until_complete" => {
                let object = with(|player| player.object(step.word(0)));
                run(wake, step.number.into(), frame, Some(object)).await;
            }
            _ => act(step, frame),
        }
    }
    if is_observing() {
        run(wake, "main: run".into(), frame, None).await;
    }
}

/// Until the object is done, or nothing is left to wait for.
async fn run(wake: &AsyncFd<BorrowedFd<'_>>, step: Value, frame: u64, object: Option<Object>) {
    let id = object.as_ref().map_or(0, |object| object.id);
    with(|player| player.record("did", [step.clone(), frame.into(), id.into()]));
    ended(wake, object.as_ref()).await;
    let details = match object {
        Some(object) => outcome_or_nothing(&object.outcome.get().cloned().unwrap_or(Err("runtime".into()))),
        None => json!({}),
    };
    with(|player| player.record("got", [step, frame.into(), id.into(), details]));
}

async fn ended(wake: &AsyncFd<BorrowedFd<'_>>, object: Option<&Object>) {
    let mut done = pin!(async {
        match object {
            Some(object) => object.outcome.wait().await.is_ok(),
            None => std::future::pending().await,
        }
    });
    std::future::poll_fn(|context| {
        if done.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let Poll::Ready(ready) = wake.poll_read_ready(context) else {
            return Poll::Pending;
        };
        ready.expect("the wake descriptor is there").clear_ready();
        with(|player| player.rested());
        Poll::Ready(())
    })
    .await
}

impl Player {
    fn new(scripts: HashMap<String, Script>, door: Door) -> Player {
        Player {
            start: Instant::from_std(door.beginning()),
            limit: STARTS_MAX,
            handles: HashMap::new(),
            tasks: HashMap::new(),
            names: HashMap::new(),
            scripts,
            events: Vec::new(),
            job: None,
            panic: None,
            observing: true,
            starts: 0,
            ids: 0,
            frames: 0,
            door,
        }
    }

    // What is written down.

    /// Gives the place of the event. Outside of jobs the world may have moved on.
    pub fn record<const N: usize>(&mut self, what: &str, rest: [Value; N]) -> usize {
        if self.job.is_none() {
            self.look_up();
        }
        if self.observing {
            let mut event = vec![what.into(), self.door.now().into()];
            event.extend(rest);
            self.events.push(event.into());
        }
        self.events.len().wrapping_sub(1)
    }

    pub fn did(&mut self, step: &Step, frame: u64, id: u64) -> usize {
        self.record("did", [step.number.into(), frame.into(), id.into(), json!({})])
    }

    /// What the step at this place is about, and its answer.
    pub fn answer(&mut self, place: usize, id: u64, details: Value) {
        if self.observing {
            self.events[place][4] = id.into();
            self.events[place][5] = details;
        }
    }

    pub fn look_up(&mut self) {
        for line in self.door.seen().lines() {
            let (word, times) = line.split_once(' ').unwrap_or((line, ""));
            if self.observing {
                let times = times.split(' ').map(|time| time.parse::<i64>().expect("the door tells times"));
                self.events.push(std::iter::once(word.into()).chain(times.map(Value::from)).collect());
            }
            self.observing &= word != "stuck" && word != "silent";
        }
    }

    fn rested(&mut self) {
        self.door.drain();
        self.look_up();
    }

    /// One more job, or script that is begun inline; false once scripts have fallen silent.
    pub fn start(&mut self) -> bool {
        if self.observing {
            self.starts += 1;
            if self.starts > self.limit {
                self.record("silent", []);
                self.observing = false;
            }
        }
        if !self.observing {
            self.door.rouse();
        }
        self.observing
    }

    /// Something was asked of the loop for so long after now.
    pub fn expect(&self, delay: i64) {
        if delay > 0 && delay < FOREVER / 4 {
            self.door.tell(&format!("expect {}", self.door.now() + delay));
        }
    }

    // Names.

    pub fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    pub fn next_frame(&mut self) -> u64 {
        self.frames += 1;
        self.frames
    }

    pub fn script(&self, name: &str) -> Script {
        self.scripts.get(name).cloned().unwrap_or_default()
    }

    /// What the name stands for; where nothing was made, a pending future.
    pub fn object(&mut self, name: &str) -> Object {
        match self.names.get(name) {
            Some(object) => object.clone(),
            None => self.name_object(name, None),
        }
    }

    pub fn name_object(&mut self, name: &str, task: Option<AbortHandle>) -> Object {
        let object = Object { id: self.next_id(), task, ..Object::default() };
        self.names.insert(name.to_string(), object.clone());
        object
    }

    /// The task begins in a pass to come, and needs to know its object before.
    pub fn name_task(&mut self, name: &str, task: AbortHandle) {
        self.tasks.insert(task.id(), name.to_string());
        if let Some(object) = self.names.get_mut(name) {
            object.task = Some(task);
        }
    }
}

fn is_observing() -> bool {
    with(|player| player.observing)
}

// Jobs.

/// Written down from here to where it goes.
struct Job;

impl Job {
    /// None where the scripts have fallen silent.
    fn enter(name: &str, id: u64) -> Option<Job> {
        with(|player| {
            let is_begun = player.start();
            if is_begun {
                player.record("enter", [name.into(), id.into()]);
                player.job = Some((name.to_string(), id));
            }
            is_begun.then(|| Job) // a job that is made is left as it goes
        })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        with(|player| {
            let Some((name, id)) = player.job.clone() else { return };
            player.record("leave", [name.as_str().into(), id.into()]);
            player.job = None;
            if let Some(kind) = player.panic.take() {
                player.record("error", [json!({ "value": { "error": kind }, "of": name, "id": id })]);
            }
        });
    }
}

/// The panic hook is what hears of errors that leave a callback. It is told inside of the job.
pub fn listen_to_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| match info.payload().downcast_ref::<Failure>() {
        Some(kind) => with(|player| player.panic = Some(kind.clone())),
        None => {
            FAULT.set(Some(info.to_string()));
            usual(info);
        }
    }));
}

/// A task, of which each poll is a job.
pub struct Steps {
    pub name: String,
    pub id: u64,
    pub body: Body,
}

impl Future for Steps {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<Outcome> {
        let _job = Job::enter(&self.name, self.id);
        self.body.as_mut().poll(context)
    }
}

/// What tells the outcome of a task: it is cancelled unless it comes to its end.
pub struct Completion(pub Arc<SetOnce<Outcome>>);

impl Drop for Completion {
    fn drop(&mut self) {
        let _ = self.0.set(Err("cancelled".into()));
    }
}

// Scripts.

/// Plays the script as a job about `id`.
pub fn call_back(name: &str, id: u64) {
    let Some(_job) = Job::enter(name, id) else { return };
    let (frame, script) = with(|player| (player.next_frame(), player.script(name)));
    for step in script.iter() {
        if !is_observing() {
            return;
        }
        if leaves(step, frame) {
            if step.verb == "raise" {
                std::panic::panic_any::<Failure>(step.word(0).to_string());
            }
            return;
        }
        act(step, frame);
    }
}

/// `raise` and `return`, which end a script.
fn leaves(step: &Step, frame: u64) -> bool {
    let leaves = step.verb == "raise" || step.verb == "return";
    if leaves {
        with(|player| player.did(step, frame, 0));
    }
    leaves
}

/// A step that is answered at once.
fn act(step: &Step, frame: u64) {
    with(|player| {
        let place = player.did(step, frame, 0);
        let (id, details) = if verbs::is_awaited(&step.verb) {
            (0, json!({ "not": "ignored" }))
        } else if verbs::is_at_once(&step.verb) {
            verbs::act(player, step)
        } else {
            (0, json!({ "not": "unsupported" }))
        };
        player.answer(place, id, details);
    });
}

/// An async fn. It is boxed since scripts call each other.
pub fn play_coroutine(name: &str) -> Body {
    let name = name.to_string();
    Box::pin(async move {
        let (frame, script) = with(|player| (player.next_frame(), player.script(&name)));
        let mut ending = Ending { name, frame, is_over: false };
        let mut outcome = Ok(Value::Null);
        for step in script.iter() {
            if !is_observing() || outcome.is_err() {
                break;
            }
            if leaves(step, frame) {
                let is_error = step.verb == "raise";
                outcome = if is_error { Err(step.word(0).to_string()) } else { Ok(step.value(0)) };
                break;
            }
            if verbs::is_awaited(&step.verb) {
                outcome = suspend(step, frame).await;
            } else {
                act(step, frame);
            }
        }
        ending.end(&outcome);
        outcome
    })
}

async fn suspend(step: &Step, frame: u64) -> Outcome {
    let (id, body) = with(|player| verbs::suspend(player, step));
    with(|player| player.did(step, frame, id));
    let outcome = body.await;
    if !verbs::is_inline(&step.verb) {
        let details = outcome_or_nothing(&outcome);
        with(|player| player.record("got", [step.number.into(), frame.into(), id.into(), details]));
    }
    outcome
}

/// Writes down how a script ends, and if nobody says it, that it is dropped where it was suspended.
struct Ending {
    name: String,
    frame: u64,
    is_over: bool,
}

impl Ending {
    fn end(&mut self, outcome: &Outcome) {
        self.is_over = true;
        let details = outcome_or_nothing(outcome);
        with(|player| player.record("end", [self.name.as_str().into(), self.frame.into(), details]));
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.is_over {
            with(|player| player.record("destroyed", [self.name.as_str().into(), self.frame.into()]));
        }
    }
}

/// As details of an answer; no value is nothing.
pub fn outcome_or_nothing(outcome: &Outcome) -> Value {
    match outcome {
        Err(kind) => json!({ "raises": kind }),
        Ok(Value::Null) => Map::new().into(),
        Ok(value) => json!({ "value": value }),
    }
}
