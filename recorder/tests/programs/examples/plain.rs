//! Does not use `instrumented`. Prints `plain`.

fn main() {
    println!("plain");
}
