//! Map and reduce: four mappers count the words of real text, one reducer adds up.
//!
//! The text is the beginning of Lewis Carroll's "Alice's Adventures in Wonderland" (1865).
//! Each mapper has a paragraph, counts its words into a table of its own, without a lock,
//! and sends the whole table. The main thread adds the tables up as they come.
//!
//! Look for: one message for each mapper. They may come in any order, and the result is the
//! same.
//!
//! Think about: a mapper could send every single word instead, and the main thread could
//! count. How many messages would that be, and which of the two threads would be busy?
//!
//! Change: do that, and compare the two timelines.

use std::collections::BTreeMap;
use std::io;

use instrumented::sync::mpsc;
use instrumented::thread;

const TEXT: &str = include_str!("../texts/alice.txt");

type Counts = BTreeMap<String, usize>;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("tables").channel();

    let mut mappers = Vec::new();
    for (number, paragraph) in TEXT.split("\n\n").enumerate() {
        let tx = tx.clone();
        let name = format!("mapper {}", number + 1);
        let mapper = thread::Builder::new().name(name).spawn(move || {
            tx.send(count(paragraph)).expect("main lives");
        })?;
        mappers.push(mapper);
    }
    drop(tx);

    let mut total = Counts::new();
    for counts in rx {
        for (word, count) in counts {
            *total.entry(word).or_default() += count;
        }
    }
    for mapper in mappers {
        mapper.join().expect("a mapper does not panic");
    }

    let mut ranking: Vec<_> = total.iter().collect();
    // The most frequent first; those alike by the alphabet.
    ranking.sort_by_key(|&(word, count)| (std::cmp::Reverse(count), word));
    for (word, count) in ranking.iter().take(5) {
        println!("{count:3} {word}");
    }
    println!("{:3} words in all", total.values().sum::<usize>());
    Ok(())
}

/// How often each word occurs, in small letters.
fn count(text: &str) -> Counts {
    let mut counts = Counts::new();
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    for word in words {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}
