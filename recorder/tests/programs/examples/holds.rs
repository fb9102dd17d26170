//! Holds a mutex for ever; the thread `stuck` waits for it. Prints `ready` once it does.

use instrumented::Name;
use instrumented::sync::Mutex;
use recorder_test_programs::spawn_blocked;

fn main() {
    static MUTEX: Mutex<()> = Mutex::new(());
    MUTEX.set_name("held");
    let _held = MUTEX.lock();
    let _stuck = spawn_blocked("stuck", || drop(MUTEX.lock()));
    println!("ready");
    loop {
        std::thread::park();
    }
}
