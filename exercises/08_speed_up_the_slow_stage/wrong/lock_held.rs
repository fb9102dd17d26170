//! Unmet: max_time_percent. Hint: 3. Two workers print, but each holds the lock meanwhile.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

fn main() {
    let (written, to_print) = mpsc::channel();
    let (printed, to_collect) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        for page in 1..=20 {
            written.send(page).unwrap();
        }
    });

    let to_print = Arc::new(Mutex::new(to_print));
    let mut printers = Vec::new();
    for name in ["Ben", "Carla"] {
        let (to_print, printed) = (Arc::clone(&to_print), printed.clone());
        let printer = thread::Builder::new().name(name.into()).spawn(move || {
            while let Ok(page) = to_print.lock().unwrap().recv() {
                print(page);
                printed.send(page).unwrap();
            }
        });
        printers.push(printer.unwrap());
    }
    drop(printed);

    let pages = to_collect.iter().count();
    println!("{pages} pages");

    anna.unwrap().join().unwrap();
    for printer in printers {
        printer.join().unwrap();
    }
}

/// Printing a page takes 10 ms.
fn print(_page: u32) {
    thread::sleep(Duration::from_millis(10));
}
