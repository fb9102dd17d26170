//! What several of the test programs need.

use std::env;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::process;
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;

use instrumented::thread::{self, JoinHandle};

/// The program's argument number `index`, from 1; without a good one the program ends
/// with status 2.
pub fn argument<T: FromStr<Err: Display>>(index: usize, name: &str) -> T {
    let Some(text) = env::args().nth(index) else {
        eprintln!("argument {index} is missing: {name}");
        process::exit(2);
    };
    text.parse().unwrap_or_else(|error| {
        eprintln!("argument {index}, {name}: {text:?}: {error}");
        process::exit(2);
    })
}

/// Starts a thread.
#[track_caller]
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    thread::Builder::new().name(name.into()).spawn(body).expect("a thread can be started")
}

/// Starts a thread and returns once it sleeps in the kernel: `body` has blocked.
#[track_caller]
pub fn spawn_blocked<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    // std's own channel and sleep: they are not to be recorded.
    let (tx, rx) = mpsc::channel();
    let handle = spawn(name, move || {
        let task = fs::read_link("/proc/thread-self").expect("/proc is there");
        // The receiver is in `recv`.
        let _ = tx.send(Path::new("/proc").join(task));
        drop(tx);
        body()
    });
    let task = rx.recv().expect("the thread says which one it is");
    assert!(until_asleep(&task), "{name} ended instead of blocking");
    handle
}

/// Returns once a thread, by its directory in `/proc`, sleeps in the kernel; false if it ends.
pub fn until_asleep(task: &Path) -> bool {
    // A few times in a row: a sleep on the way to the operation would be short.
    let mut in_a_row = 0;
    while in_a_row < 3 {
        std::thread::sleep(Duration::from_micros(200));
        let Ok(status) = fs::read_to_string(task.join("stat")) else { return false };
        let asleep = status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'));
        in_a_row = if asleep { in_a_row + 1 } else { 0 };
    }
    true
}

/// Allows this process so many bytes of address space more than it has.
#[allow(unsafe_code, reason = "libc has no other interface")]
pub fn limit_memory(bytes: u64) {
    let pages = fs::read_to_string("/proc/self/statm").expect("/proc is there");
    let pages: u64 = pages.split(' ').next().and_then(|text| text.parse().ok()).expect("a number");
    let limit = pages * 4096 + bytes;
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: `limit` is a limit that the call only reads.
    let failed = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
    assert_eq!(failed, 0);
}

/// Overflows this thread's stack.
pub fn overflow() {
    fn deeper(depth: u64) -> u64 {
        let room = std::hint::black_box([depth; 1024]);
        let more = if room[0] < u64::MAX { deeper(depth + 1) } else { 0 };
        more + room[depth as usize % room.len()]
    }
    deeper(0);
}

/// Reads where nothing is.
#[allow(unsafe_code, reason = "to do what a program must not do")]
pub fn segmentation_fault() {
    let nowhere = std::hint::black_box(std::ptr::null::<u64>().wrapping_add(1));
    // SAFETY: there is none: the process ends here.
    unsafe { nowhere.read_volatile() };
}

/// Reads mapped memory of a file that has been cut.
#[allow(unsafe_code, reason = "to do what a program must not do")]
pub fn bus_error() {
    use std::os::fd::AsRawFd;

    let path = env::temp_dir().join(format!("bus-error-{}", process::id()));
    let file = fs::File::options().read(true).write(true).create_new(true).open(&path);
    let file = file.expect("a file can be made");
    fs::remove_file(&path).expect("it can be removed");
    file.set_len(4096).expect("it can grow");
    // SAFETY: a new mapping at a place of the kernel's choice.
    let memory = unsafe {
        let (read, shared) = (libc::PROT_READ, libc::MAP_SHARED);
        libc::mmap(std::ptr::null_mut(), 4096, read, shared, file.as_raw_fd(), 0)
    };
    file.set_len(0).expect("it can be cut");
    // SAFETY: there is none: the process ends here.
    unsafe { memory.cast::<u64>().read_volatile() };
}
