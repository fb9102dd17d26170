//! Whether what was found happens again.

use anyhow::Result;
use exploring::programs::Program;

use crate::LIMIT;
use crate::explored::Recorder;

/// Replays the shortest run of each bad outcome. Prints a line for each that does not always happen
/// again, with the first difference, and how many there are in all. How far it is goes to stderr.
pub fn run(programs: &[&Program], times: u64) -> Result<bool> {
    let recorder = Recorder::new()?;
    let (mut outcomes, mut stable) = (0, 0);
    let (mut replays, mut same) = (0, 0);
    for program in programs {
        let mut explored = recorder.explore(&[program.name], None, 0, LIMIT / 10)?;
        if explored.first_bad().is_none() {
            explored = recorder.explore(&[program.name], None, 0, LIMIT)?;
        }
        for outcome in explored.bad() {
            let mut again = 0;
            let mut difference = None;
            for _ in 0..times {
                let (is_same, text) = recorder.replay(&outcome.shortest.run)?;
                again += u64::from(is_same);
                if !is_same {
                    difference.get_or_insert(text);
                }
            }
            outcomes += 1;
            stable += u64::from(again == times);
            replays += times;
            same += again;
            if let Some(difference) = difference {
                let Program { name, .. } = program;
                println!("{name}: {again} of {times}: {}: {}", outcome.title, difference.trim());
            }
        }
        eprintln!("{}: {same} of {replays} so far", program.name);
    }
    println!(
        "{same} of {replays} replays were the same; {stable} of {outcomes} outcomes each time"
    );
    Ok(stable == outcomes)
}
