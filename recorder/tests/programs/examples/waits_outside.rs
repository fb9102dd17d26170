//! A recorded thread waits in `accept`, and one that is not recorded in a `read` of a pipe.
//!
//! Prints the address of the socket. It does not end by itself.

use std::io::{self, Read};
use std::net::TcpListener;

use recorder_test_programs::spawn;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    println!("{}", listener.local_addr().expect("it has an address"));
    let (mut reader, _writer) = io::pipe().expect("a pipe can be made");
    // std's own thread: it does nothing that is recorded.
    let reads = std::thread::Builder::new().name("reads".into());
    reads.spawn(move || reader.read(&mut [0])).expect("a thread can be started");
    let accepts = spawn("accepts", move || {
        drop(listener.accept());
    });
    accepts.join().expect("it does not panic");
}
