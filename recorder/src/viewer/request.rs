//! The HTTP requests of the page, and the responses to them.

use std::io::{self, Read};

/// The one resource that is served.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// `127.0.0.1:9001`
    pub(super) host: String,
    /// `/0123456789abcdef/run.pftrace`
    pub(super) path: String,
    /// The origin of the page that may read it: `https://ui.perfetto.dev`
    pub(super) origin: String,
    /// The length of the trace in bytes.
    pub(super) length: u64,
}

/// The response to a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// This head and the trace.
    Trace(String),
    /// This head only.
    Head(String),
}

const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Reads the head of a request, possibly with a part of its body.
///
/// # Errors
/// The stream cannot be read, or the head is incomplete or too long.
pub(super) fn read_head(mut stream: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&buffer[..length]);
        if head.len() > MAX_HEAD_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the request is too long"));
        }
    }
    Ok(head)
}

impl Endpoint {
    /// The response to a request with this head.
    ///
    /// Browsers send the true `Origin` of each page. The check of `Host` prevents DNS rebinding: a
    /// foreign name that resolves to this machine is refused.
    pub(super) fn respond(&self, head: &[u8]) -> Response {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        if !request.parse(head).is_ok_and(|status| status.is_complete()) {
            return refusal("400 Bad Request");
        }
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
        if request.path != Some(&self.path) {
            return refusal("404 Not Found");
        }
        let found = format!("200 OK\r\nContent-Length: {}", self.length);
        match request.method {
            Some("GET") => Response::Trace(self.head(&found)),
            Some("HEAD") => Response::Head(self.head(&found)),
            // A preflight request: may a page from the network reach this machine?
            Some("OPTIONS") => Response::Head(self.head("204 No Content")),
            _ => refusal("405 Method Not Allowed"),
        }
    }

    /// The head of a response that the page may read. It starts with a status, and perhaps headers.
    fn head(&self, start: &str) -> String {
        format!(
            "HTTP/1.1 {start}\r\n\
             Content-Type: application/octet-stream\r\n\
             Access-Control-Allow-Origin: {}\r\n\
             Access-Control-Allow-Methods: GET, HEAD\r\n\
             Access-Control-Allow-Private-Network: true\r\n\
             Vary: Origin\r\n\
             Cache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n\r\n",
            self.origin
        )
    }
}

fn refusal(status: &str) -> Response {
    Response::Head(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint {
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
        let Response::Trace(head) = endpoint().respond(head.as_bytes()) else { panic!() };
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n"), "{head}");
        assert!(head.contains("Access-Control-Allow-Origin: https://ui.perfetto.dev\r\n"));
    }

    #[test]
    fn all_other_requests_are_refused() {
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
            let Response::Head(response) = endpoint().respond(head.as_bytes()) else {
                panic!("{head}");
            };
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{head}{response}");
            assert!(!response.contains("Access-Control"), "{head}{response}");
        }
    }

    #[test]
    fn a_head_must_be_complete_and_not_too_long() {
        assert_eq!(read_head(&b"GET / HTTP/1.1\r\n\r\n"[..]).unwrap(), b"GET / HTTP/1.1\r\n\r\n");
        assert!(read_head(&b"GET / HTTP/1.1\r\n"[..]).is_err());
        assert!(read_head(io::repeat(b'x')).is_err());
    }
}
