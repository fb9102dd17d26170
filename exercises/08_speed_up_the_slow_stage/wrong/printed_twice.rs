//! Unmet: sent. Hint: 2. Two workers print, but each prints all pages.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    let (written, to_print) = mpsc::channel();
    let (to_carla, for_carla) = mpsc::channel();
    let (printed, to_collect) = mpsc::channel();

    let anna = thread::Builder::new().name("Anna".into()).spawn(move || {
        for page in 1..=20 {
            written.send(page).unwrap();
            to_carla.send(page).unwrap();
        }
    });

    let for_ben = printed.clone();
    let ben = thread::Builder::new().name("Ben".into()).spawn(move || {
        for page in to_print {
            print(page);
            for_ben.send(page).unwrap();
        }
    });

    let carla = thread::Builder::new().name("Carla".into()).spawn(move || {
        for page in for_carla {
            print(page);
            printed.send(page).unwrap();
        }
    });

    let pages = to_collect.iter().count();
    println!("{pages} pages");

    anna.unwrap().join().unwrap();
    ben.unwrap().join().unwrap();
    carla.unwrap().join().unwrap();
}

/// Printing a page takes 10 ms.
fn print(_page: u32) {
    thread::sleep(Duration::from_millis(10));
}
