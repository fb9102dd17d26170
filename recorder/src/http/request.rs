//! The heads of requests.

use std::io::{self, Read};

const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// The head of a request.
///
/// ```
/// use recorder::http::Request;
/// let head = b"GET /secret/index?since=3 HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n\r\n";
/// let request = Request::parse(head).unwrap();
/// assert_eq!((request.method(), request.path()), ("GET", "/secret/index"));
/// assert_eq!(request.query(), Some("since=3"));
/// assert!(request.is_from("127.0.0.1:9001"));
/// assert!(!request.is_from("perfetto.example.org:9001"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    target: String,
    /// Names and values.
    headers: Vec<(String, Vec<u8>)>,
}

impl Request {
    /// Parses a head, perhaps followed by a body. `None` if it is malformed, incomplete, or has more
    /// than 64 headers.
    pub fn parse(head: &[u8]) -> Option<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        if !request.parse(head).is_ok_and(|status| status.is_complete()) {
            return None;
        }
        let headers = request.headers.iter();
        Some(Request {
            method: request.method?.to_owned(),
            target: request.path?.to_owned(),
            headers: headers.map(|it| (it.name.to_owned(), it.value.to_owned())).collect(),
        })
    }

    /// The method: `GET`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path with the query, as the client sent them.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path without the query, as the client sent it. It can contain `..` and escapes.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The query, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Whether there is exactly one header with this name, and its value is this one, in upper or
    /// lower case.
    pub fn has_header(&self, name: &str, value: &str) -> bool {
        let mut values = self.values(name);
        values.next().is_some_and(|it| it.eq_ignore_ascii_case(value.as_bytes()))
            && values.next().is_none()
    }

    /// Whether the client connected to the server under the name `host` (`127.0.0.1:9001`), and is
    /// no page of another origin.
    ///
    /// Browsers send the true `Origin` of each page. The check of `Host` prevents DNS rebinding: a
    /// foreign name that resolves to this machine is refused.
    pub fn is_from(&self, host: &str) -> bool {
        let has_no_origin = self.values("origin").next().is_none();
        self.has_header("host", host)
            && (has_no_origin || self.has_header("origin", &format!("http://{host}")))
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.headers.iter().filter(move |(it, _)| it.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &**value)
    }
}

/// Reads the head of a request, possibly with a part of its body.
///
/// # Errors
/// The stream cannot be read, or the head is incomplete or too long.
pub fn read_head(mut stream: impl Read) -> io::Result<Vec<u8>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[&str]) -> Request {
        let head = format!("GET / HTTP/1.1\r\n{}\r\n\r\n", headers.join("\r\n"));
        Request::parse(head.as_bytes()).unwrap()
    }

    #[test]
    fn a_head_must_be_complete_and_not_too_long() {
        assert_eq!(read_head(&b"GET / HTTP/1.1\r\n\r\n"[..]).unwrap(), b"GET / HTTP/1.1\r\n\r\n");
        assert!(read_head(&b"GET / HTTP/1.1\r\n"[..]).is_err());
        assert!(read_head(io::repeat(b'x')).is_err());
        for head in ["", "nonsense\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n"] {
            assert_eq!(Request::parse(head.as_bytes()), None, "{head}");
        }
        let many = "A: b\r\n".repeat(MAX_HEADERS + 1);
        assert_eq!(Request::parse(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()), None);
    }

    #[test]
    fn pages_of_other_origins_and_foreign_names_are_recognized() {
        let host = "127.0.0.1:9001";
        let own = "Host: 127.0.0.1:9001";
        assert!(request(&[own]).is_from(host));
        assert!(request(&[own, "Origin: http://127.0.0.1:9001"]).is_from(host));
        for headers in [
            &[][..],
            &["Host: rebound.example.org:9001"],
            &["Host: 127.0.0.1"],
            &[own, own],
            &[own, "Origin: null"],
            &[own, "Origin: https://example.org"],
            &[own, "Origin: http://127.0.0.1:9001", "Origin: null"],
        ] {
            assert!(!request(headers).is_from(host), "{headers:?}");
        }
    }
}
