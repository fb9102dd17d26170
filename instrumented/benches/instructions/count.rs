//! Counts a program's instructions with valgrind, and finds an operation's among them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::program::Operation;

/// What one operation takes.
#[derive(Clone, Copy)]
pub(crate) struct Count {
    /// One that does nothing rare. This is exact.
    pub(crate) alone: f64,
    /// With its share of what is rare: std allocates once in 31 messages, and a thread
    /// begins a new block of the recording once in some 2,700 operations.
    pub(crate) averaged: f64,
}

/// What is counted.
pub(crate) struct Counted<'a> {
    pub(crate) program: &'a Path,
    pub(crate) std: bool,
    pub(crate) operation: Operation,
    pub(crate) recorded: bool,
}

/// std's channel allocates room for so many messages at once.
const STD_BLOCK: u64 = 31;
/// Operations in a group that is counted for the average.
const LONG: u64 = 4 * STD_BLOCK;
/// Groups for the average; recorded, there must be more than a dozen new blocks in them.
const GROUPS: u64 = 80;
const RECORDED_GROUPS: u64 = 320;
/// The first blocks are begun in another way: there is room for them yet.
const FIRST_BLOCKS: usize = 6;

impl Counted<'_> {
    pub(crate) fn count(&self) -> Result<Count> {
        // Of groups that are shorter than std's blocks, some contain nothing rare.
        let [short, longer] = [10, 20].map(|length| self.groups(40, length));
        let smallest = |groups: Vec<u64>| groups.into_iter().min().ok_or("nothing was counted");
        let (short, longer) = (smallest(short?)?, smallest(longer?)?);
        let alone = (longer - short) as f64 / 10.0;
        let around = short as f64 - 10.0 * alone;

        let groups = self.groups(if self.recorded { RECORDED_GROUPS } else { GROUPS }, LONG)?;
        let usual = median(groups.iter().copied()).ok_or("nothing was counted")?;
        let mut averaged = (usual as f64 - around) / LONG as f64;
        if self.recorded {
            averaged += new_blocks(&groups, usual)?;
        }
        Ok(Count { alone, averaged })
    }

    /// What each group took, with its mark.
    fn groups(&self, groups: u64, length: u64) -> Result<Vec<u64>> {
        let directory = tempfile::tempdir()?;
        let counts = directory.path().join("counts");
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--combine-dumps=yes", "--dump-before=*program::mark*"])
            .arg(concat("--callgrind-out-file=", &counts))
            .arg(self.program)
            .args(["count", if self.std { "std" } else { "ours" }])
            .arg(self.operation.name())
            .args([groups.to_string(), length.to_string()]);
        if self.recorded {
            command.arg(directory.path().join("run.rec"));
        }
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("valgrind has failed: {}\n{said}", output.status).into());
        }
        let totals: Vec<u64> = fs::read_to_string(counts)?
            .lines()
            .filter_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
            .collect();
        // Before the groups comes the start of the program, after them its end.
        if totals.len() as u64 != groups + 2 {
            return Err(format!("valgrind has {} counts of {groups} groups", totals.len()).into());
        }
        Ok(totals[1..=groups as usize].to_vec())
    }
}

/// What new blocks add to an operation. `usual` is what a group takes without.
fn new_blocks(groups: &[u64], usual: u64) -> Result<f64> {
    let most = groups.iter().skip(groups.len() / 2).max().ok_or("nothing was counted")?;
    let limit = usual + (most - usual) / 2;
    let new: Vec<usize> = (0..groups.len()).filter(|&at| groups[at] > limit).collect();
    let [first, .., last] = *new.get(FIRST_BLOCKS..).unwrap_or_default() else {
        return Err(format!("there were only {} new blocks", new.len()).into());
    };
    let blocks = new.len() - FIRST_BLOCKS - 1;
    let operations = (last - first) as f64 * LONG as f64 / blocks as f64;
    let block = median(new[FIRST_BLOCKS..].iter().map(|&at| groups[at] - usual));
    Ok(block.ok_or("there was no new block")? as f64 / operations)
}

fn median(counts: impl Iterator<Item = u64>) -> Option<u64> {
    let mut counts: Vec<u64> = counts.collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied()
}

fn concat(option: &str, path: &Path) -> PathBuf {
    let mut option = std::ffi::OsString::from(option);
    option.push(path);
    option.into()
}
