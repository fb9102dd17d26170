//! The one request that is answered, and how the others are refused.

use std::fmt::Write as _;
use std::io::{self, Read};

/// What is served, to whom.
#[derive(Debug)]
pub(super) struct Offer {
    /// `127.0.0.1:9001`
    pub(super) host: String,
    /// `/0123456789abcdef/run.pftrace`
    pub(super) path: String,
    /// The origin of the page that may read it: `https://ui.perfetto.dev`
    pub(super) origin: String,
    /// How long it is, in bytes.
    pub(super) length: u64,
}

/// What a request gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The trace, after this head.
    Trace(String),
    /// This head and nothing else.
    Head(String),
}

/// No head is longer.
const MOST_BYTES: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// Reads the head of a request, and what of its body comes with it.
///
/// # Errors
/// It cannot be read, ends early or is too long.
pub(super) fn read_head(mut stream: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut room = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut room)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&room[..length]);
        if head.len() > MOST_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the request is too long"));
        }
    }
    Ok(head)
}

impl Offer {
    /// What a request with this head gets.
    ///
    /// Of the page's requests a browser says whence they come, and no page can lie about it.
    /// `Host` is checked so that no name that somebody lets point here is taken for us.
    pub(super) fn answer(&self, head: &[u8]) -> Answer {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let (Some(method), Some(path)) = (match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => (request.method, request.path),
            Ok(httparse::Status::Partial) | Err(_) => (None, None),
        }) else {
            return refusal("400 Bad Request");
        };
        let is = |name: &str, expected: &str| {
            let mut values = request
                .headers
                .iter()
                .filter(|header| header.name.eq_ignore_ascii_case(name))
                .map(|header| header.value);
            values.next().is_some_and(|value| value.eq_ignore_ascii_case(expected.as_bytes()))
                && values.next().is_none()
        };
        if !is("host", &self.host) || !is("origin", &self.origin) {
            return refusal("403 Forbidden");
        }
        if path != self.path {
            return refusal("404 Not Found");
        }
        match method {
            "GET" => Answer::Trace(self.head("200 OK", self.length)),
            "HEAD" => Answer::Head(self.head("200 OK", self.length)),
            // A browser may ask first whether a page from the network may reach this machine.
            "OPTIONS" => Answer::Head(self.head("204 No Content", 0)),
            _ => refusal("405 Method Not Allowed"),
        }
    }

    fn head(&self, status: &str, length: u64) -> String {
        let mut head = format!("HTTP/1.1 {status}\r\n");
        if !status.starts_with("204") {
            let _ = write!(head, "Content-Length: {length}\r\n");
        }
        let _ = write!(
            head,
            "Content-Type: application/octet-stream\r\n\
             Access-Control-Allow-Origin: {}\r\n\
             Access-Control-Allow-Methods: GET, HEAD\r\n\
             Access-Control-Allow-Private-Network: true\r\n\
             Vary: Origin\r\n\
             Cache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n\r\n",
            self.origin
        );
        head
    }
}

fn refusal(status: &str) -> Answer {
    Answer::Head(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> Offer {
        Offer {
            host: "127.0.0.1:9001".to_owned(),
            path: "/secret/run.pftrace".to_owned(),
            origin: "https://ui.perfetto.dev".to_owned(),
            length: 7,
        }
    }

    fn request(line: &str, headers: &[&str]) -> String {
        format!("{line} HTTP/1.1\r\n{}\r\n\r\n", headers.join("\r\n"))
    }

    const HOST: &str = "Host: 127.0.0.1:9001";
    const ORIGIN: &str = "Origin: https://ui.perfetto.dev";

    #[test]
    fn the_page_gets_the_trace() {
        let head = request("GET /secret/run.pftrace", &[HOST, ORIGIN]);
        let Answer::Trace(head) = offer().answer(head.as_bytes()) else { panic!() };
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n"), "{head}");
        assert!(head.contains("Access-Control-Allow-Origin: https://ui.perfetto.dev\r\n"));
    }

    #[test]
    fn everybody_else_is_refused() {
        let get = "GET /secret/run.pftrace";
        for (line, headers, status) in [
            (get, &[HOST][..], 403),
            (get, &[ORIGIN], 403),
            (get, &[HOST, "Origin: https://ui.perfetto.dev.example.org"], 403),
            (get, &[HOST, "Origin: null"], 403),
            (get, &[HOST, ORIGIN, "Origin: null"], 403),
            (get, &["Host: perfetto.example.org:9001", ORIGIN], 403),
            (get, &["Host: 127.0.0.1", ORIGIN], 403),
            ("GET /", &[HOST, ORIGIN], 404),
            ("GET /secret/../secret/run.pftrace", &[HOST, ORIGIN], 404),
            ("GET /secret/run.pftrace?x", &[HOST, ORIGIN], 404),
            ("POST /secret/run.pftrace", &[HOST, ORIGIN], 405),
            ("GET  /secret/run.pftrace", &[HOST, ORIGIN], 400),
            ("nonsense", &[], 400),
        ] {
            let head = request(line, headers);
            let Answer::Head(answer) = offer().answer(head.as_bytes()) else {
                panic!("{head}");
            };
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}{answer}");
            assert!(!answer.contains("Access-Control"), "{head}{answer}");
        }
    }

    #[test]
    fn a_head_is_read_up_to_its_end_and_no_endless_one() {
        assert_eq!(read_head(&b"GET / HTTP/1.1\r\n\r\n"[..]).unwrap(), b"GET / HTTP/1.1\r\n\r\n");
        assert!(read_head(&b"GET / HTTP/1.1\r\n"[..]).is_err());
        assert!(read_head(io::repeat(b'x')).is_err());
    }
}
