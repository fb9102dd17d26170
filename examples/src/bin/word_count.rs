//! Map and reduce: four mappers count the words of a real text, one reducer adds up.
//!
//! The text is the beginning of Lewis Carroll's "Alice's Adventures in Wonderland" (1865). Each
//! mapper counts the words of one paragraph in a table of its own, without a lock, and sends the
//! whole table. The main thread adds up the tables in the order of their arrival.
//!
//! Look for: one message from each mapper. They may arrive in any order, and the result is the
//! same.
//!
//! Questions and a change: examples/course/word_count.md

use std::collections::BTreeMap;
use std::io;

use instrumented::sync::mpsc;
use instrumented::thread;

const TEXT: &str = include_str!("../texts/alice.txt");

type Counts = BTreeMap<String, usize>;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("tables").channel();

    let mut mappers = Vec::new();
    for (number, paragraph) in TEXT.split("\n\n").enumerate() {
        let sender = sender.clone();
        let name = format!("mapper {}", number + 1);
        let mapper = thread::Builder::new().name(name).spawn(move || {
            sender.send(count(paragraph)).expect("main receives");
        })?;
        mappers.push(mapper);
    }
    drop(sender);

    let mut total = Counts::new();
    for counts in receiver {
        for (word, count) in counts {
            *total.entry(word).or_default() += count;
        }
    }
    for mapper in mappers {
        mapper.join().expect("a mapper does not panic");
    }

    let mut ranking: Vec<_> = total.iter().collect();
    // The most frequent first, equally frequent ones in alphabetical order.
    ranking.sort_by_key(|&(word, count)| (std::cmp::Reverse(count), word));
    for (word, count) in ranking.iter().take(5) {
        println!("{count:3} {word}");
    }
    println!("{:3} words in all", total.values().sum::<usize>());
    Ok(())
}

/// Counts the occurrences of each word, in lower case.
fn count(text: &str) -> Counts {
    let mut counts = Counts::new();
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    for word in words {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}
