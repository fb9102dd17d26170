use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::command::{Place, run};
use crate::exhaustive::{Op, State, any_threads};
use crate::programs::program;
use crate::{explore, explore_json};

/// The orders in a page.
fn orders_of(place: &Place, page: &str) -> Value {
    let page = fs::read_to_string(place.path(page)).unwrap();
    let (_, rest) = page.split_once("id=\"run\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_page_has_all_orders() {
    let place = Place::new();
    let options = ["--strategy", "exhaustive", "-o", "orders.html"];
    let ran = explore(&place, &options, "locks").expect_status(0);
    ran.expect_stderr("wrote orders.html");
    let document = orders_of(&place, "orders.html");
    let found = explore_json(&place, &["--strategy", "exhaustive"], "locks");
    let orders = document["orders"].as_array().unwrap();
    assert_eq!(orders.len() as u64, found["orders"].as_u64().unwrap());
    let outcome =
        |order: &Value| &document["outcomes"][order["outcome"].as_u64().unwrap() as usize];
    for outcome_found in found["outcomes"].as_array().unwrap() {
        let kind = &outcome_found["kind"];
        assert!(orders.iter().any(|order| outcome(order)["kind"] == *kind), "{kind}: {document:#}");
    }
    let page = fs::read_to_string(place.path("orders.html")).unwrap();
    assert!(page.contains("connect-src 'none'"), "it loads nothing");
}

#[test]
fn threads_that_meet_at_a_rendezvous_come_in_any_order_and_go_on_together() {
    let place = Place::new();
    explore(&place, &["--strategy", "exhaustive", "-o", "orders.html"], "meets").expect_status(0);
    let document = orders_of(&place, "orders.html");
    let orders = document["orders"].as_array().unwrap();
    // Whether the sender or the receiver comes first makes no difference.
    assert_eq!(orders.len(), 1, "{document:#}");
    let steps = orders[0]["steps"].as_array().unwrap();
    let effects = |step: &Value| {
        let effects = &document["moves"][step[0].as_u64().unwrap() as usize]["effects"];
        effects.as_array().unwrap().iter().map(|it| it.to_string()).collect::<String>()
    };
    let of = |effect: &str| steps.iter().position(|step| effects(step).contains(effect)).unwrap();
    let (offers, takes) = (of("offer"), of("take"));
    let before = |step: usize| steps[step][1].as_array().unwrap();
    assert!(!before(takes).contains(&offers.into()), "{document:#}");
    assert!(!before(offers).contains(&takes.into()), "{document:#}");
    assert_eq!(before(of("dropSender")), &[offers.min(takes), offers.max(takes)], "{document:#}");
}

#[test]
fn a_page_shows_who_tries_to_send_at_a_rendezvous() {
    let place = Place::new();
    let options = ["--strategy", "exhaustive", "-o", "orders.html"];
    explore(&place, &options, "tries_to_meet").expect_status(0);
    let document = orders_of(&place, "orders.html");
    let moves = document["moves"].as_array().unwrap();
    let does = |text: &str| moves.iter().any(|it| it["does"].as_str().unwrap().starts_with(text));
    assert_eq!(document["orders"].as_array().unwrap().len(), 2, "{document:#}");
    assert!(does("sends #1 to") && does("finds") && does("receives"), "{document:#}");
}

#[test]
fn a_page_that_would_lack_orders_is_not_written() {
    let place = Place::new();
    let exhaustive = ["--strategy", "exhaustive", "-o", "orders.html"];
    let explore = |options: &[&str], way: &str| explore(&place, options, way);
    let ran = explore(&[&exhaustive[..], &["--schedules", "2"]].concat(), "locks").expect_status(1);
    ran.expect_stderr("orders.html is not written: Not all orders were tried: --schedules");
    let ran = explore(&[&exhaustive[..], &["--max-steps", "2k"]].concat(), "endless");
    ran.expect_status(1).expect_stderr("not written: Not all orders were tried: a run did not end");
    let ran = explore(&["-o", "orders.html"], "locks").expect_status(2);
    ran.expect_stderr("-o needs --strategy exhaustive");
    let ran = explore(&["--strategy", "exhaustive", "-o", "orders.json"], "locks").expect_status(2);
    ran.expect_stderr("choose a name that ends in .html");
    assert!(!place.path("orders.html").exists());
}

/// Who can go next by the orders of a page, as the page itself works it out.
struct Chooser<'a> {
    document: &'a Value,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    /// The number of steps of each thread.
    counts: Vec<usize>,
    /// The orders that agree with all choices.
    possible: Vec<usize>,
}

impl Chooser<'_> {
    fn steps(&self, order: usize) -> &[Value] {
        self.document["orders"][order]["steps"].as_array().unwrap()
    }

    fn thread(&self, step: &Value) -> usize {
        self.described(step)["thread"].as_u64().unwrap() as usize
    }

    fn described(&self, step: &Value) -> &Value {
        &self.document["moves"][step[0].as_u64().unwrap() as usize]
    }

    /// The next step of a thread in an order, if all is done that comes before it.
    fn ready(&self, at: &Position, order: usize, thread: usize) -> Option<&Value> {
        let steps = self.steps(order);
        let mut seen = vec![0; at.counts.len()];
        let mut is_done = Vec::new();
        let mut next = None;
        for (index, step) in steps.iter().enumerate() {
            let of = self.thread(step);
            if of == thread && seen[of] == at.counts[of] {
                next.get_or_insert(index);
            }
            is_done.push(seen[of] < at.counts[of]);
            seen[of] += 1;
        }
        let step = &steps[next?];
        let before = step[1].as_array().unwrap();
        before.iter().all(|it| is_done[it.as_u64().unwrap() as usize]).then_some(step)
    }

    /// What a thread does if it goes on, and where that leads.
    fn choose(&self, at: &Position, thread: usize) -> Option<(&Value, Position)> {
        let ready = |&&order: &&usize| self.ready(at, order, thread).is_some();
        let possible: Vec<_> = at.possible.iter().filter(ready).copied().collect();
        let step = self.ready(at, *possible.first()?, thread)?;
        for &order in &possible {
            let other = self.ready(at, order, thread).unwrap();
            assert_eq!(step[0], other[0], "the same step in all orders");
        }
        let mut counts = at.counts.clone();
        counts[thread] += 1;
        Some((self.described(step), Position { counts, possible }))
    }
}

/// Leaves out what a thread does without an effect.
fn skip_unlocks(state: &mut State, threads: &[Vec<Op>]) {
    for (thread, operations) in threads.iter().enumerate() {
        let has_no_effect = |operation: &Op, state: &State| match *operation {
            ('u', lock) => state.held.get(&lock) != Some(&thread),
            ('U', _) => !state.shares(thread) && !state.is_blocked(thread),
            _ => false,
        };
        while operations.get(state.at[thread]).is_some_and(|it| has_no_effect(it, state)) {
            state.at[thread] += 1;
        }
    }
}

/// In each state that the choices lead to, exactly the threads can be chosen that the program lets go on.
#[test]
fn the_choices_of_a_page_are_those_of_the_program() {
    let place = Place::new();
    let (mut programs, mut states, mut orders) = (0, 0, 0);
    for threads in (100..).map(any_threads) {
        let arguments: Vec<String> = threads
            .iter()
            .map(|ops| ops.iter().map(|(name, index)| format!("{name}{index} ")).collect())
            .collect();
        let mut command = vec!["explore", "--strategy", "exhaustive", "--for", "60s"];
        command.extend(["--schedules", "1k", "-o", "orders.html", "--", program("interprets")]);
        command.extend(arguments.iter().map(String::as_str));
        let ran = run(place.recorder(&command));
        if ran.status.code() == Some(1) {
            // Too many.
            continue;
        }
        let document = orders_of(&place, "orders.html");
        let all: Vec<_> = (0..document["orders"].as_array().unwrap().len()).collect();
        if all.len() < 3 {
            continue;
        }
        programs += 1;
        orders += all.len();
        let chooser = Chooser { document: &document };
        let mut at = Position { counts: vec![0; threads.len() + 1], possible: all.clone() };
        for _ in &threads {
            let (step, next) = chooser.choose(&at, 0).unwrap();
            assert!(step["does"].as_str().unwrap().starts_with("spawns"), "{step}");
            at = next;
        }
        let mut left = vec![(at, State::start(threads.len()))];
        let mut known = BTreeSet::new();
        let mut ends = BTreeSet::new();
        while let Some((at, mut state)) = left.pop() {
            skip_unlocks(&mut state, &threads);
            if !known.insert((at.clone(), state.clone())) {
                continue;
            }
            let mut is_end = true;
            for thread in 0..threads.len() {
                let chosen = chooser.choose(&at, thread + 1);
                let stepped = state.step(&threads, thread);
                match (chosen, stepped) {
                    (None, None) => {}
                    (Some((_, at)), Some(state)) => {
                        is_end = false;
                        left.push((at, state));
                    }
                    // A thread without operations ends.
                    (Some((step, at)), None) if step["does"] == "ends" => {
                        is_end = false;
                        left.push((at, state.clone()));
                    }
                    (chosen, stepped) => panic!(
                        "{threads:?}: thread {thread} at {:?}: {:?} is offered, {:?} is possible",
                        state.at,
                        chosen.map(|(step, _)| step),
                        stepped.map(|it| it.at)
                    ),
                }
            }
            if is_end {
                assert_eq!(at.possible.len(), 1, "{threads:?} at {:?}", state.at);
                ends.extend(at.possible);
            }
        }
        assert_eq!(ends.len(), all.len(), "{threads:?}: every order is reached");
        states += known.len();
        if programs == 15 {
            break;
        }
    }
    assert!(orders >= 60 && states >= 500, "{orders} orders with {states} states");
}
