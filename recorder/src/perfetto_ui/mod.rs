//! Serves a trace to the Perfetto UI in the browser.
//!
//! The browser loads the UI's page from the network, and the page fetches the trace from a server
//! in this process. The server listens only on the loopback interface, answers only that page,
//! serves one file under a name that cannot be guessed, and stops once the file was fetched.
//! Perfetto's own `open_trace_in_ui` works the same way. The content security policy of the page
//! allows only port 9001.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::fs::sendfile;
use tracing::{debug, info};

use crate::http::read_head;
use crate::reading::Nanos;
use crate::terminal::cancel::{Interrupted, Watch};

mod request;

use request::{Endpoint, Response};

/// The commands that the page runs once it has the trace, URL-encoded: expand all groups, and then
/// collapse the threads from the ninth on, so that many threads show their states and few threads
/// their operations as well. Pages ignore commands that they do not support, and allow few.
///
/// ```json
/// [{"id":"dev.perfetto.ExpandTracksByRegex","args":[".*"]},
///  {"id":"dev.perfetto.CollapseTracksByRegex","args":["\\((9|\\d{2,})\\)$"]}]
/// ```
const STARTUP_COMMANDS: &str = "\
    %5B%7B%22id%22%3A%22dev.perfetto.ExpandTracksByRegex%22%2C%22args%22%3A%5B%22.*%22%5D\
    %7D%2C%7B%22id%22%3A%22dev.perfetto.CollapseTracksByRegex%22%2C%22args%22%3A%5B%22%5C\
    %5C%28%289%7C%5C%5Cd%7B2%2C%7D%29%5C%5C%29%24%22%5D%7D%5D";

/// The address of a page that shows traces, to which `#!/?url=` can be appended.
///
/// ```
/// use recorder::perfetto_ui::Page;
/// let page: Page = "http://localhost:10000/?testing=1".parse().unwrap();
/// assert_eq!(page.origin(), "http://localhost:10000");
/// assert!("localhost:10000".parse::<Page>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    address: String,
    origin: String,
}

impl Page {
    /// The origin that a browser sends with the page's requests.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl FromStr for Page {
    type Err = &'static str;

    fn from_str(address: &str) -> Result<Self, &'static str> {
        let wrong = "not the address of a page like https://ui.perfetto.dev";
        let (scheme, rest) = address.split_once("://").ok_or(wrong)?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match &*scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return Err(wrong),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let host = rest[..end].to_ascii_lowercase();
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        if host.is_empty() || host.contains(|c: char| c == '@' || !c.is_ascii_graphic()) {
            return Err(wrong);
        }
        let address = address.split('#').next().unwrap_or_default();
        let slash = if end == rest.len() { "/" } else { "" };
        Ok(Page { address: format!("{address}{slash}"), origin: format!("{scheme}://{host}") })
    }
}

/// The part of the page's address that defines its view: the intersection of `window` with `span`,
/// the span of the trace's slices, and the selected `slice`. All are starts and ends. Empty if the
/// intersection is.
pub fn view(window: (Nanos, Nanos), span: (Nanos, Nanos), slice: Option<(Nanos, Nanos)>) -> String {
    const MIN_DURATION: Nanos = Nanos::new(10_000);
    let (from, to) = window;
    let margin = Nanos::new(MIN_DURATION.since(to.since(from)).get() / 2);
    // The page ignores a window that is not entirely in the trace.
    let (from, to) = (from.since(margin).max(span.0), (to + margin).min(span.1));
    if from >= to {
        return String::new();
    }
    let selected = slice.map_or_else(String::new, |(start, end)| {
        format!("&ts={}&dur={}", start.get(), end.since(start).get())
    });
    format!("{selected}&visStart={}&visEnd={}", from.get(), to.get())
}

/// Serves one trace to the page.
#[derive(Debug)]
pub struct Server {
    /// The address to open in a browser.
    pub address: String,
    listener: TcpListener,
    served: Arc<ServedTrace>,
}

#[derive(Debug)]
struct ServedTrace {
    file: File,
    endpoint: Endpoint,
    /// The number of transfers in progress.
    transfers: AtomicUsize,
}

impl Server {
    /// Starts to listen. The page will call the trace `name` and show [`view`] first.
    ///
    /// # Errors
    /// The trace cannot be read, or the port is in use.
    pub fn new(file: File, name: &str, view: &str, page: &Page, port: u16) -> Result<Self> {
        let length = file.metadata().with_context(|| format!("cannot read {name}"))?.len();
        let listener = listen(port)?;
        let host = format!("127.0.0.1:{}", listener.local_addr()?.port());
        // The name is part of a URL within a URL.
        let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c), "_");
        let path = format!("/{:016x}/{name}", getrandom::u64().context("no random number")?);
        let address =
            format!("{page}#!/?url=http://{host}{path}&startupCommands={STARTUP_COMMANDS}{view}");
        info!(host, origin = page.origin, bytes = length, "serving");
        let endpoint = Endpoint { host, path, origin: page.origin.clone(), length };
        let served = Arc::new(ServedTrace { file, endpoint, transfers: AtomicUsize::new(0) });
        Ok(Server { address, listener, served })
    }

    /// Waits until the page has fetched the trace, up to `timeout` for it to start. Returns whether
    /// it has.
    ///
    /// # Errors
    /// `watch` stops the waiting.
    pub fn wait(self, timeout: Duration, watch: &Watch) -> Result<bool, Interrupted> {
        const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(50);
        let started = Instant::now();
        let Server { listener, served, .. } = self;
        let (sender, fetched) = mpsc::channel();
        thread::spawn({
            let (served, sender) = (Arc::clone(&served), sender.clone());
            move || accept(&listener, &served, &sender)
        });
        loop {
            if fetched.recv_timeout(SIGNAL_CHECK_INTERVAL).is_ok() {
                return Ok(true);
            }
            watch.check()?;
            if started.elapsed() >= timeout && served.transfers.load(Ordering::Relaxed) == 0 {
                return Ok(false);
            }
        }
    }
}

fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => {
                "another `recorder open` or a `trace_processor` uses it; end that, or drop the \
                 trace on the UI's page"
            }
            _ => &error.to_string(),
        };
        anyhow!(
            "cannot listen on port {port} of 127.0.0.1, where the Perfetto UI looks for traces: \
             {reason}"
        )
    })
}

/// Answers connections, and sends a message for each complete transfer of the trace.
fn accept(listener: &TcpListener, served: &Arc<ServedTrace>, sender: &mpsc::Sender<()>) {
    // Each has a thread: a browser opens connections that it never uses.
    for stream in listener.incoming().flatten() {
        let (served, sender) = (Arc::clone(served), sender.clone());
        thread::spawn(move || match served.answer(&stream) {
            // Fails if an earlier transfer has ended the waiting.
            Ok(true) => drop(sender.send(())),
            Ok(false) => {}
            Err(error) => debug!(%error, "a connection ended early"),
        });
    }
}

impl ServedTrace {
    /// Answers one request. Returns whether it fetched the whole trace.
    fn answer(&self, mut stream: &TcpStream) -> io::Result<bool> {
        const READ_TIMEOUT: Duration = Duration::from_secs(10);
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        let response = self.endpoint.respond(&read_head(stream)?);
        debug!(?response, "responding");
        let complete = match &response {
            Response::Head(head) => stream.write_all(head.as_bytes()).map(|()| false),
            Response::Trace(head) => {
                self.transfers.fetch_add(1, Ordering::Relaxed);
                let sent =
                    stream.write_all(head.as_bytes()).and_then(|()| send_file(&self.file, stream));
                self.transfers.fetch_sub(1, Ordering::Relaxed);
                sent.map(|length| length == self.endpoint.length)
            }
        }?;
        stream.shutdown(Shutdown::Write)?;
        // The process may end after this, and with it the connection: wait until all has arrived.
        while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
        Ok(complete)
    }
}

/// Sends a whole file without moving its cursor, which other threads share. Returns its length.
fn send_file(file: &File, stream: &TcpStream) -> io::Result<u64> {
    const MAX_CHUNK_BYTES: usize = 1 << 30;
    let mut at = 0;
    while sendfile(stream, file, Some(&mut at), MAX_CHUNK_BYTES)? > 0 {}
    Ok(at)
}

/// Whether the Perfetto UI can open the file: it is a trace, and not a recording.
///
/// # Errors
/// The file cannot be read, or is neither.
pub fn is_trace(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(format::FILE_HEADER_BYTES as u64).read_to_end(&mut head)?;
    let is_recording = head.starts_with(b"channel-recording ")
        || !matches!(format::check_file_header(&head), Err(format::Error::NotARecording));
    let is_trace = match head.trim_ascii_start() {
        // JSON, or gzip.
        [b'{' | b'[', ..] | [0x1f, 0x8b, ..] => true,
        // The tag of the first packet of a Perfetto trace, which is the byte of a line feed.
        _ => head.first() == Some(&0x0a),
    };
    if !is_recording && !is_trace {
        bail!("it is neither a recording nor a trace (.rec, .txt, .pftrace, .json)");
    }
    Ok(!is_recording)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_lies_within_the_trace() {
        let times = |(from, to)| (Nanos::new(from), Nanos::new(to));
        let span = times((1_000_000, 9_000_000));
        let view = |window, slice: Option<_>| view(times(window), span, slice.map(times));
        for (window, expected) in [
            ((2_000_000, 3_000_000), "&visStart=2000000&visEnd=3000000"),
            ((0, u64::MAX), "&visStart=1000000&visEnd=9000000"),
            ((5_000_000, 5_000_000), "&visStart=4995000&visEnd=5005000"),
            ((9_500_000, 9_500_000), ""),
        ] {
            assert_eq!(view(window, None), expected);
        }
        assert_eq!(
            view((2_000_000, 3_000_000), Some((2_100_000, 2_900_000))),
            "&ts=2100000&dur=800000&visStart=2000000&visEnd=3000000"
        );
        assert_eq!(super::view(times((0, 1)), (Nanos::MAX, Nanos::ZERO), None), "");
    }

    #[test]
    fn pages_and_their_origins() {
        for (text, address, origin) in [
            ("https://ui.perfetto.dev", "https://ui.perfetto.dev/", "https://ui.perfetto.dev"),
            ("HTTP://Host:80/ui/#!/x", "HTTP://Host:80/ui/", "http://host"),
            ("https://host:8443?x=1", "https://host:8443?x=1", "https://host:8443"),
            ("http://[::1]:8000/", "http://[::1]:8000/", "http://[::1]:8000"),
        ] {
            let page: Page = text.parse().unwrap();
            assert_eq!((page.to_string(), page.origin()), (address.to_owned(), origin), "{text}");
        }
        for text in
            ["", "host", "ftp://host", "https://", "https:///x", "http://user@host", "http://a b"]
        {
            assert!(text.parse::<Page>().is_err(), "{text}");
        }
    }
}
