//! Answers connections.

use std::io::{self, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tracing::debug;

use super::{Request, Response, read_head};

/// Maximum number of connections that are answered at the same time. A browser opens a few, some of
/// which it never uses.
const MAX_CONNECTIONS: usize = 64;

/// How long a client may take to send its request, or to receive a part of the response.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts to answer the connections to `listener`, each in a thread of its own, until this process
/// ends. `respond` gets the requests that are well-formed and `GET` or `HEAD`; it must check
/// [where they are from](Request::is_from).
///
/// # Errors
/// There is no room for a thread.
pub fn start(
    listener: TcpListener,
    respond: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> io::Result<()> {
    let (respond, connections) = (Arc::new(respond), Arc::new(AtomicUsize::new(0)));
    let accept = move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Perhaps there are too many open files: do not spin.
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            if connections.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
                connections.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let open = OpenConnection(Arc::clone(&connections));
            let respond = Arc::clone(&respond);
            let answer = move || {
                let _open = open;
                if let Err(error) = answer(&stream, &*respond) {
                    debug!(%error, "a connection ended early");
                }
            };
            // Without room for a thread, the connection is closed.
            let _ = thread::Builder::new().name("connection".to_owned()).spawn(answer);
        }
    };
    thread::Builder::new().name("server".to_owned()).spawn(accept)?;
    Ok(())
}

/// Counts a connection until it is closed, also if its thread could not be started or panics.
struct OpenConnection(Arc<AtomicUsize>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn answer(mut stream: &TcpStream, respond: &impl Fn(&Request) -> Response) -> io::Result<()> {
    stream.set_read_timeout(Some(CLIENT_TIMEOUT))?;
    stream.set_write_timeout(Some(CLIENT_TIMEOUT))?;
    let request = Request::parse(&read_head(stream)?);
    let (response, has_body) = match &request {
        None => (Response::refusal("400 Bad Request"), false),
        Some(request) => match request.method() {
            "GET" => (respond(request), true),
            "HEAD" => (respond(request), false),
            _ => {
                let refusal = Response::refusal("405 Method Not Allowed");
                (refusal.with_header("Allow", "GET, HEAD".to_owned()), false)
            }
        },
    };
    response.write(stream, has_body)?;
    stream.shutdown(Shutdown::Write)?;
    // Closed with unread bytes in it, the connection would be reset, and the response perhaps lost.
    while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::Ipv4Addr;

    fn response(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    #[test]
    fn requests_are_answered_also_while_another_connection_is_idle() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let echo = |request: &Request| Response::ok("text/plain", request.target().into());
        start(listener, echo).unwrap();
        let _idle = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        for (line, status, body) in [
            ("GET /a?b", "200 OK", "/a?b"),
            ("HEAD /a", "200 OK", ""),
            ("POST /a", "405 Method Not Allowed", ""),
            ("nonsense", "400 Bad Request", ""),
        ] {
            let response = response(port, &format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n"));
            assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{response}");
            assert!(response.ends_with(&format!("\r\n\r\n{body}")), "{response}");
        }
    }
}
