//! The protocol between a recorder and other processes of its user.
//!
//! A client connects to the socket in the run's directory, sends a [request](Request) in a line, and
//! gets [answers](Answer), each as JSON in a line.

use std::io::{self, BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};

use super::Snapshot;

/// A request of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `watch`: the figures, several times a second until the run is over.
    Watch,
    /// `figures`: the figures as of now, once.
    Figures,
    /// `view`: the address of the run's page, which is served from then on.
    View,
}

impl Request {
    const ALL: [Request; 3] = [Request::Watch, Request::Figures, Request::View];

    fn word(self) -> &'static str {
        match self {
            Request::Watch => "watch",
            Request::Figures => "figures",
            Request::View => "view",
        }
    }

    /// Sends it.
    ///
    /// # Errors
    /// The stream cannot be written.
    pub fn write(self, mut stream: impl Write) -> io::Result<()> {
        stream.write_all(format!("{}\n", self.word()).as_bytes())
    }

    /// Reads one. `None` if this version does not know it.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub(super) fn read(stream: impl Read) -> io::Result<Option<Self>> {
        const MAX_BYTES: u64 = 64;
        let mut line = String::new();
        BufReader::new(stream.take(MAX_BYTES)).read_line(&mut line)?;
        Ok(Request::ALL.into_iter().find(|request| request.word() == line.trim_end()))
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The figures.
    Figures(Box<Snapshot>),
    /// An address.
    Address(String),
    /// Why the request cannot be answered.
    Error(String),
}

impl Answer {
    pub(super) fn write(&self, mut stream: impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        stream.write_all(&line)
    }

    /// Reads the next answer; `None` if there is none.
    ///
    /// # Errors
    /// The stream cannot be read, or the recorder is one of another version.
    pub fn read(mut stream: impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(serde_json::from_str(&line)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_are_lines() {
        for request in Request::ALL {
            let mut bytes = Vec::new();
            request.write(&mut bytes).unwrap();
            assert_eq!(Request::read(&*bytes).unwrap(), Some(request));
        }
        assert_eq!(Request::read(&b"dance\n"[..]).unwrap(), None);
        let mut bytes = Vec::new();
        let figures = Answer::Figures(Box::new(Snapshot { dropped: 7, ..Snapshot::default() }));
        let answers = [figures, Answer::Error("line 1\nline 2".to_owned())];
        answers.iter().for_each(|answer| answer.write(&mut bytes).unwrap());
        let mut stream = &*bytes;
        let read: Vec<_> = std::iter::from_fn(|| Answer::read(&mut stream).unwrap()).collect();
        assert_eq!(read, answers);
        assert!(Answer::read(&b"{\"music\":1}\n"[..]).is_err());
    }
}
