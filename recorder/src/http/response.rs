//! Responses.

use std::fmt::Write as _;
use std::io::{self, Write};

/// A response. The client may neither cache it nor guess its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// `200 OK`
    pub status: &'static str,
    /// `text/html; charset=utf-8`; empty if there is no body.
    pub content_type: &'static str,
    /// Other headers: names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response with this body.
    pub fn ok(content_type: &'static str, body: Vec<u8>) -> Self {
        Response { status: "200 OK", content_type, headers: Vec::new(), body }
    }

    /// A response without a body: `404 Not Found`.
    pub fn refusal(status: &'static str) -> Self {
        Response { status, content_type: "", headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Writes the head, and the body unless the request was `HEAD`.
    ///
    /// # Errors
    /// The stream cannot be written.
    pub(super) fn write(&self, mut stream: impl Write, has_body: bool) -> io::Result<()> {
        stream.write_all(self.head().as_bytes())?;
        if has_body { stream.write_all(&self.body) } else { Ok(()) }
    }

    fn head(&self) -> String {
        let Response { status, content_type, headers, body } = self;
        let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
        if !content_type.is_empty() {
            let _ = write!(head, "Content-Type: {content_type}\r\n");
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head + "Cache-Control: no-store\r\n\
                X-Content-Type-Options: nosniff\r\n\
                Connection: close\r\n\r\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(response: &Response, has_body: bool) -> String {
        let mut bytes = Vec::new();
        response.write(&mut bytes, has_body).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_length_of_the_body_is_in_the_head_also_if_the_body_is_left_out() {
        let response = Response::ok("text/plain", b"body".to_vec());
        let response = response.with_header("Referrer-Policy", "no-referrer".to_owned());
        let head = "HTTP/1.1 200 OK\r\n\
                    Content-Length: 4\r\n\
                    Content-Type: text/plain\r\n\
                    Referrer-Policy: no-referrer\r\n\
                    Cache-Control: no-store\r\n\
                    X-Content-Type-Options: nosniff\r\n\
                    Connection: close\r\n\r\n";
        assert_eq!(written(&response, true), format!("{head}body"));
        assert_eq!(written(&response, false), head);
        let refusal = written(&Response::refusal("404 Not Found"), true);
        assert!(
            refusal.starts_with("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"),
            "{refusal}"
        );
    }
}
