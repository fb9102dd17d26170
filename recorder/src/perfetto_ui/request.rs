//! The HTTP requests of the page, and the responses to them.

use crate::http::Request;

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

impl Endpoint {
    /// The response to a request with this head.
    ///
    /// Browsers send the true `Origin` of each page. The check of `Host` prevents DNS rebinding: a
    /// foreign name that resolves to this machine is refused.
    pub(super) fn respond(&self, head: &[u8]) -> Response {
        let Some(request) = Request::parse(head) else {
            return refusal("400 Bad Request");
        };
        if !request.has_header("host", &self.host) || !request.has_header("origin", &self.origin) {
            return refusal("403 Forbidden");
        }
        if request.target() != self.path {
            return refusal("404 Not Found");
        }
        let found = format!("200 OK\r\nContent-Length: {}", self.length);
        match request.method() {
            "GET" => Response::Trace(self.head(&found)),
            "HEAD" => Response::Head(self.head(&found)),
            // A preflight request: may a page from the network reach this machine?
            "OPTIONS" => Response::Head(self.head("204 No Content")),
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
}
