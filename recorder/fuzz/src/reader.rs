//! Reads what libFuzzer comes up with as a recording, and plays it to nobody. Whatever it
//! is, it is read as far as it goes or refused: never a panic, nor memory or time without
//! bound. Run by `.ci/fuzz`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recorder::load::Recording;
use recorder::play::play;
use recorder::summary::Summary;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(parsed) = format::text::parse(text)
    {
        look_at(parsed);
    }
    look_at(bytes.to_vec());
});

fn look_at(bytes: Vec<u8>) {
    let Ok(recording) = Recording::from_bytes(bytes) else { return };
    let mut summary = Summary::new(&recording);
    play(&recording, &mut |item| {
        summary.item(item);
        Ok(())
    })
    .expect("what is in memory can be read");
    let _ = summary.to_string();
    for block in recording.blocks() {
        block.expect("what is in memory can be read");
    }
}
