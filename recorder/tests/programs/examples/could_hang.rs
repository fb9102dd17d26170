//! Hangs in the way that the argument names, if its threads come in another order than that in which
//! each goes on for as long as it can: `locks`, `reads`, `philosophers`, `round_table`, `joins`,
//! `receives`, `sends`, `notifies`, and only by full channels `exchanges`, `pauses`, `starts`, `results`,
//! `retries`. Or looks as if it could, and never does: `guarded`, `messages`, `joined`, `shared`,
//! `answered`, and with channels `roomy`, `drained`, `helped`, `tried`, `replies`.

use std::env;
use std::time::Duration;

use instrumented::sync::{Arc, Condvar, Mutex, RwLock, mpsc};
use instrumented::thread::{self, JoinHandle};

fn main() {
    let way = env::args().nth(1);
    match way.as_deref() {
        Some("locks") => locks(false),
        Some("guarded") => locks(true),
        Some("reads") => reads(),
        Some("shared") => shared(),
        Some("messages") => messages(),
        Some("joined") => joined(),
        Some("philosophers") => philosophers(3),
        Some("round_table") => philosophers(9),
        Some("joins") => joins(),
        Some("receives") => receives(),
        Some("sends") => sends(),
        Some("notifies") => notifies(),
        Some("answered") => answered(),
        Some("exchanges") => exchanges(1, Worker::ReportsFirst, Duration::ZERO),
        Some("pauses") => exchanges(1, Worker::ReportsFirst, Duration::from_millis(40)),
        Some("roomy") => exchanges(2, Worker::ReportsFirst, Duration::ZERO),
        Some("drained") => exchanges(1, Worker::ReportsLast, Duration::ZERO),
        Some("tried") => exchanges(1, Worker::TriesToReport, Duration::ZERO),
        Some("helped") => helped(),
        Some("replies") => replies(),
        Some("starts") => starts(),
        Some("results") => results(),
        Some("retries") => retries(),
        other => panic!("{other:?} is not a way to hang"),
    }
}

fn spawn(name: &str, function: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new().name(name.to_owned()).spawn(function).expect("there is room")
}

fn join(thread: JoinHandle<()>) {
    thread.join().expect("it does not panic");
}

/// Lets the other threads go on for as long as they can.
fn let_others_go_on() {
    join(spawn("short", || ()));
}

fn lock<T>(mutex: &Mutex<T>) -> instrumented::sync::MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics")
}

/// Two threads, two locks, two orders; perhaps with a lock around both.
fn locks(is_guarded: bool) {
    let (stock, orders) = (Arc::new(Mutex::new(9)), Arc::new(Mutex::new(0)));
    let guard = Arc::new(Mutex::new(()));
    let clerk = spawn("clerk", {
        let (stock, orders, guard) = (stock.clone(), orders.clone(), guard.clone());
        move || {
            let _guard = is_guarded.then(|| guard.lock());
            let mut orders = orders.lock().expect("nobody panics"); // CLERK 1
            *stock.lock().expect("nobody panics") -= 1; // CLERK 2
            *orders += 1;
        }
    });
    {
        let _guard = is_guarded.then(|| guard.lock());
        let stock = stock.lock().expect("nobody panics"); // MAIN 1
        let orders = orders.lock().expect("nobody panics"); // MAIN 2
        println!("{stock} {orders}");
    }
    join(clerk);
}

/// A reader and a writer of each of two tables.
fn reads() {
    let tables = Arc::new([RwLock::new(1), RwLock::new(2)]);
    let other = spawn("other", {
        let tables = tables.clone();
        move || {
            let second = tables[1].read().expect("nobody panics");
            *tables[0].write().expect("nobody panics") += *second;
        }
    });
    {
        let first = tables[0].read().expect("nobody panics");
        *tables[1].write().expect("nobody panics") += *first;
    }
    join(other);
}

/// Only readers.
fn shared() {
    let tables = Arc::new([RwLock::new(1), RwLock::new(2)]);
    let sum = |tables: &[RwLock<i32>; 2], first: usize| {
        let one = tables[first].read().expect("nobody panics");
        *one + *tables[1 - first].read().expect("nobody panics")
    };
    let other = spawn("other", {
        let tables = tables.clone();
        move || {
            sum(&tables, 1);
        }
    });
    sum(&tables, 0);
    join(other);
}

/// One thread after the other, by a message.
fn messages() {
    let locks = Arc::new([Mutex::new(1), Mutex::new(2)]);
    let (done, is_done) = mpsc::channel();
    let other = spawn("other", {
        let locks = locks.clone();
        move || {
            is_done.recv().expect("main sends");
            let second = lock(&locks[1]);
            *lock(&locks[0]) += *second;
        }
    });
    {
        let first = lock(&locks[0]);
        *lock(&locks[1]) += *first;
    }
    done.send(()).expect("the other thread waits");
    join(other);
}

/// One thread after the other, since the first is joined.
fn joined() {
    let locks = Arc::new([Mutex::new(1), Mutex::new(2)]);
    for first in 0..2 {
        let locks = locks.clone();
        join(spawn("one of two", move || {
            let one = lock(&locks[first]);
            *lock(&locks[1 - first]) += *one;
        }));
    }
}

fn philosophers(count: usize) {
    let forks: Arc<[Mutex<i32>]> = (0..count).map(|_| Mutex::new(0)).collect();
    let philosophers: Vec<_> = (0..count)
        .map(|seat| {
            let forks = forks.clone();
            spawn(&format!("philosopher-{seat}"), move || {
                let mut left = lock(&forks[seat]);
                let mut right = lock(&forks[(seat + 1) % count]);
                *left += 1;
                *right += 1;
            })
        })
        .collect();
    philosophers.into_iter().for_each(join);
}

/// `main` has the lock that the thread needs which it joins.
fn joins() {
    let total = Arc::new(Mutex::new(0));
    let worker = spawn("worker", {
        let total = total.clone();
        move || *total.lock().expect("nobody panics") += 1 // WORKER
    });
    let_others_go_on();
    let total = total.lock().expect("nobody panics"); // MAIN HOLDS
    worker.join().expect("it does not panic"); // MAIN JOINS
    drop(total);
}

/// `main` has the lock that the thread needs which sends to it.
fn receives() {
    let total = Arc::new(Mutex::new(0));
    let (numbers, received) = mpsc::named("numbers").channel();
    let worker = spawn("worker", {
        let total = total.clone();
        move || {
            let next = *lock(&total) + 1;
            numbers.send(next).expect("main receives");
        }
    });
    let_others_go_on();
    let mut sum = lock(&total);
    *sum += received.recv().expect("the worker sends");
    drop(sum);
    join(worker);
}

/// `main` has the lock that the thread needs which receives from it.
fn sends() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let (jobs, received) = mpsc::named("jobs").sync_channel(1);
    let worker = spawn("worker", {
        let log = log.clone();
        move || {
            lock(&log).push(0);
            let sum: i32 = received.iter().sum();
            lock(&log).push(sum);
        }
    });
    let_others_go_on();
    {
        let mut log = lock(&log);
        for job in 1..=2 {
            jobs.send(job).expect("the worker receives");
        }
        log.push(2);
    }
    drop(jobs);
    join(worker);
}

/// A notification that nothing keeps from coming too early.
fn notifies() {
    let ready = Arc::new((Mutex::new(()), Condvar::new()));
    let setter = spawn("setter", {
        let ready = ready.clone();
        move || ready.1.notify_one() // SETTER
    });
    drop(ready.1.wait(lock(&ready.0))); // MAIN WAITS
    join(setter);
}

/// The thread needs the lock only before `main` can have it.
fn answered() {
    let total = Arc::new(Mutex::new(0));
    let (numbers, received) = mpsc::channel();
    let worker = spawn("worker", {
        let total = total.clone();
        move || {
            *lock(&total) += 1;
            numbers.send(1).expect("main receives");
            numbers.send(2).expect("main receives");
        }
    });
    received.recv().expect("the worker sends");
    *lock(&total) += received.recv().expect("the worker sends");
    join(worker);
}

#[derive(PartialEq)]
enum Worker {
    ReportsFirst,
    ReportsLast,
    /// It leaves out reports for which there is no room.
    TriesToReport,
}

/// The worker reports twice before it looks for jobs, and `main` gives it a job before it looks for
/// reports. There is room for one of each. But a client gives it a job, too, perhaps after a pause.
fn exchanges(room: usize, kind: Worker, pause: Duration) {
    let (jobs, next_job) = mpsc::named("jobs").sync_channel(room);
    let (reports, next_report) = mpsc::named("reports").sync_channel(1);
    let worker = spawn("worker", move || {
        let work = || next_job.iter().for_each(drop);
        if kind == Worker::ReportsLast {
            work();
        }
        for report in 1..=2 {
            if kind == Worker::TriesToReport {
                // Nobody minds.
                let _is_full = reports.try_send(report);
            } else {
                reports.send(report).expect("main receives"); // WORKER SENDS
            }
        }
        work();
    });
    let client = spawn("client", {
        let jobs = jobs.clone();
        move || {
            if !pause.is_zero() {
                thread::sleep(pause);
            }
            jobs.send(1).expect("the worker receives");
        }
    });
    jobs.send(2).expect("the worker receives"); // MAIN SENDS
    drop(jobs);
    println!("{}", next_report.iter().count());
    join(client);
    join(worker);
}

/// The same, but a helper receives jobs, too.
fn helped() {
    let (jobs, next_job) = mpsc::named("jobs").sync_channel(1);
    let (reports, next_report) = mpsc::named("reports").sync_channel(1);
    let next_job = Arc::new(Mutex::new(next_job));
    let work = |next_job: &Mutex<mpsc::Receiver<i32>>| while lock(next_job).recv().is_ok() {};
    let helper = spawn("helper", {
        let next_job = next_job.clone();
        move || work(&next_job)
    });
    let worker = spawn("worker", move || {
        for report in 1..=2 {
            reports.send(report).expect("main receives");
        }
        work(&next_job);
    });
    let client = spawn("client", {
        let jobs = jobs.clone();
        move || jobs.send(1).expect("the others receive")
    });
    jobs.send(2).expect("the others receive");
    drop(jobs);
    println!("{}", next_report.iter().count());
    join(client);
    join(worker);
    join(helper);
}

/// Two clients with one request each on the way, and a server: there is room for both.
fn replies() {
    let (requests, next_request) = mpsc::named("requests").sync_channel(2);
    let clients: Vec<_> = (0..2)
        .map(|client| {
            let requests = requests.clone();
            spawn(&format!("client-{client}"), move || {
                let (reply, replied) = mpsc::named("reply").sync_channel(1);
                for number in 0..2 {
                    requests.send((number, reply.clone())).expect("the server receives");
                    replied.recv().expect("the server replies");
                }
            })
        })
        .collect();
    drop(requests);
    for (number, reply) in next_request {
        reply.send(number + 1).expect("the client waits");
    }
    clients.into_iter().for_each(join);
}

/// The worker waits for the start, which comes after the first job. But a client gives it a job, too.
fn starts() {
    let (jobs, next_job) = mpsc::named("jobs").sync_channel(1);
    let (start, started) = mpsc::named("start").channel();
    let worker = spawn("worker", move || {
        started.recv().expect("main starts it");
        println!("{}", next_job.iter().sum::<i32>());
    });
    let client = spawn("client", {
        let jobs = jobs.clone();
        move || jobs.send(1).expect("the worker receives")
    });
    jobs.send(2).expect("the worker receives");
    start.send(()).expect("the worker waits");
    drop(jobs);
    join(client);
    join(worker);
}

/// `main` joins the first worker before it looks at the results. There is room for its result, but not
/// for that of the second, too.
fn results() {
    let (results, next_result) = mpsc::named("results").sync_channel(1);
    let send = |result: i32| {
        let results = results.clone();
        move || results.send(result).expect("main receives")
    };
    let (first, second) = (spawn("first", send(1)), spawn("second", send(2)));
    drop(results);
    join(first);
    println!("{}", next_result.iter().sum::<i32>());
    join(second);
}

/// The worker gives itself a job again that did not succeed. But a client gives it jobs, too.
fn retries() {
    let (jobs, next_job) = mpsc::named("jobs").sync_channel(1);
    let worker = spawn("worker", {
        let jobs = jobs.clone();
        move || {
            next_job.recv().expect("main sends");
            jobs.send(1).expect("the worker lives");
            drop(jobs);
            println!("{}", next_job.iter().sum::<i32>());
        }
    });
    jobs.send(1).expect("the worker receives");
    let_others_go_on();
    let client = spawn("client", move || jobs.send(2).expect("the worker receives"));
    join(client);
    join(worker);
}
