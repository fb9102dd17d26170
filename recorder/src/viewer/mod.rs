//! Hands a trace to the Perfetto UI in the browser.
//!
//! The UI is a page that the browser loads from the network; it fetches the trace from a
//! server on this machine, that is, from us. We listen on the loopback interface only, answer
//! that page only, serve one file under a name that cannot be guessed, and stop when it was
//! fetched. This is how Perfetto's own `open_trace_in_ui` does it; the page's content security
//! policy allows port 9001 and no other.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tracing::{debug, info};

use crate::terminal::cancel::Watch;

mod request;

use request::{Answer, Offer, read_head};

/// What the page does once it has the trace, as part of an address: it unfolds all groups, as
/// `[{"id":"dev.perfetto.ExpandTracksByRegex","args":[".*"]}]`. Pages that do not know this pass
/// over it.
const EXPAND_ALL: &str = "%5B%7B%22id%22%3A%22dev.perfetto.ExpandTracksByRegex%22%2C%22args%22\
                          %3A%5B%22.*%22%5D%7D%5D";

/// The page that shows traces: its address, to which `#!/?url=` can be added.
///
/// ```
/// use recorder::viewer::Page;
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
    /// Where the page comes from, as a browser says it of the page's requests.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl Default for Page {
    /// <https://ui.perfetto.dev>
    fn default() -> Self {
        let origin = "https://ui.perfetto.dev".to_owned();
        Page { address: format!("{origin}/"), origin }
    }
}

impl FromStr for Page {
    type Err = &'static str;

    fn from_str(address: &str) -> Result<Self, &'static str> {
        let wrong = "not the address of a page, like https://ui.perfetto.dev";
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

/// What the page shows first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// From when to when, in the trace's nanoseconds.
    window: (u64, u64),
    /// When the slice begins that is to be selected, and how long it is.
    selected: Option<(u64, u64)>,
}

impl View {
    /// A view of this window, as far as the trace has it, which has slices in this `span`; and of
    /// the slice that is so long, if one is given. `None` if there is nothing to see.
    pub fn new(window: (u64, u64), span: (u64, u64), slice: Option<(u64, u64)>) -> Option<Self> {
        /// A moment is no window.
        const LEAST: u64 = 10_000;
        let (from, to) = window;
        let missing = LEAST.saturating_sub(to.saturating_sub(from));
        let (from, to) = (from.saturating_sub(missing / 2), to.saturating_add(missing / 2));
        // The page passes over a window that is not all in the trace.
        let window = (from.max(span.0), to.min(span.1));
        let selected = slice.map(|(begin, end)| (begin, end.saturating_sub(begin)));
        (window.0 < window.1).then_some(View { window, selected })
    }
}

/// As a part of an address.
impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((begin, length)) = self.selected {
            write!(f, "&ts={begin}&dur={length}")?;
        }
        write!(f, "&visStart={}&visEnd={}", self.window.0, self.window.1)
    }
}

/// A trace that waits for the page.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    served: Arc<Served>,
    address: String,
}

#[derive(Debug)]
struct Served {
    trace: File,
    offer: Offer,
    /// How many fetch it at the moment.
    fetching: AtomicUsize,
}

/// How the waiting has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The page has the trace.
    Fetched,
    /// Nobody has fetched it in time.
    TimedOut,
}

impl Server {
    /// Begins to listen. The page will show `name`, and first of all `view`.
    ///
    /// # Errors
    /// The trace cannot be read, or the port is taken.
    pub fn new(
        trace: File,
        name: &str,
        view: Option<View>,
        page: &Page,
        port: u16,
    ) -> Result<Self> {
        let length = trace.metadata().with_context(|| format!("cannot read {name}"))?.len();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            let taken = error.kind() == io::ErrorKind::AddrInUse;
            let error = anyhow::Error::new(error).context(format!(
                "cannot listen on port {port} of 127.0.0.1, where the Perfetto UI looks for traces"
            ));
            if !taken {
                return error;
            }
            error.context(
                "another `recorder open` waits there, or a `trace_processor`: end it, or drop the \
                 trace on the UI's page",
            )
        })?;
        let host = format!("127.0.0.1:{}", listener.local_addr()?.port());
        // It is part of an address within an address.
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
            .collect();
        let path = format!("/{:016x}/{name}", getrandom::u64().context("no random number")?);
        let view = view.map_or(String::new(), |view| view.to_string());
        let address =
            format!("{page}#!/?url=http://{host}{path}&startupCommands={EXPAND_ALL}{view}");
        let offer = Offer { host, path, origin: page.origin.clone(), length };
        info!(host = offer.host, origin = offer.origin, bytes = length, "serving");
        let served = Arc::new(Served { trace, offer, fetching: AtomicUsize::new(0) });
        Ok(Server { listener, served, address })
    }

    /// What is to be opened in a browser.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the page has fetched the trace; so long for it to begin.
    ///
    /// # Errors
    /// [`Interrupted`](crate::terminal::cancel::Interrupted).
    pub fn wait(self, patience: Duration, watch: &Watch) -> Result<Ended> {
        /// How often it is looked whether a signal has come.
        const TICK: Duration = Duration::from_millis(50);
        let started = Instant::now();
        let Server { listener, served, .. } = self;
        let (tell, fetched) = mpsc::channel();
        let connections = Arc::clone(&served);
        thread::spawn(move || {
            // Each has a thread: a browser opens connections that it never uses.
            for stream in listener.incoming().flatten() {
                let (served, tell) = (Arc::clone(&connections), tell.clone());
                thread::spawn(move || match served.answer(&stream) {
                    // Nobody listens any more if it was fetched twice.
                    Ok(true) => drop(tell.send(())),
                    Ok(false) => {}
                    Err(error) => debug!(%error, "a connection ended early"),
                });
            }
        });
        loop {
            match fetched.recv_timeout(TICK) {
                Ok(()) => return Ok(Ended::Fetched),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("nobody listens any more"),
            }
            watch.check()?;
            if started.elapsed() >= patience && served.fetching.load(Ordering::Relaxed) == 0 {
                return Ok(Ended::TimedOut);
            }
        }
    }
}

impl Served {
    /// Answers one request; gives whether it was for the trace and got all of it.
    fn answer(&self, mut stream: &TcpStream) -> io::Result<bool> {
        /// So long may a browser let us wait for what it says.
        const PATIENCE: Duration = Duration::from_secs(10);
        stream.set_read_timeout(Some(PATIENCE))?;
        let answer = self.offer.answer(&read_head(stream)?);
        debug!(?answer, "answering");
        let sent = match &answer {
            Answer::Head(head) => stream.write_all(head.as_bytes()).map(|()| false),
            Answer::Trace(head) => {
                self.fetching.fetch_add(1, Ordering::Relaxed);
                let sent = stream.write_all(head.as_bytes()).and_then(|()| {
                    io::copy(&mut WholeFile { file: &self.trace, at: 0 }, &mut stream)
                });
                self.fetching.fetch_sub(1, Ordering::Relaxed);
                sent.map(|length| length == self.offer.length)
            }
        }?;
        stream.shutdown(Shutdown::Write)?;
        // Before all has arrived we may not end, and the connection with us.
        while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
        Ok(sent)
    }
}

/// Reads a file from its begin, whoever else reads it.
struct WholeFile<'a> {
    file: &'a File,
    at: u64,
}

impl Read for WholeFile<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = std::os::unix::fs::FileExt::read_at(self.file, bytes, self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

/// Has the user's browser open an address.
///
/// # Errors
/// There is no desktop, or no program that opens addresses, or it fails at once.
pub fn start_browser(address: &str) -> Result<()> {
    // Without a desktop `xdg-open` may start a browser in the terminal.
    const DESKTOP: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"];
    if !cfg!(target_os = "macos") && DESKTOP.iter().all(|name| env::var_os(name).is_none()) {
        bail!("there is no desktop here: neither DISPLAY nor WAYLAND_DISPLAY is set");
    }
    open::that_detached(address).context("nothing here opens a browser")
}

/// Whether the Perfetto UI opens the file as it is; a recording has to become a trace first.
///
/// # Errors
/// It cannot be read, or is neither.
pub fn is_trace(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(format::FILE_HEADER_BYTES as u64).read_to_end(&mut head)?;
    let is_recording = head.starts_with(b"channel-recording ")
        || !matches!(format::check_file_header(&head), Err(format::Error::NotARecording));
    let is_trace = match head.trim_ascii_start() {
        // JSON, or gzip.
        [b'{' | b'[', ..] | [0x1f, 0x8b, ..] => true,
        // The tag of the first packet of a Perfetto trace, which looks like a line feed.
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
    fn a_view_is_of_what_the_trace_has() {
        let span = (1_000_000, 9_000_000);
        let view = |window, slice| View::new(window, span, slice).map(|view| view.to_string());
        for (window, said) in [
            ((2_000_000, 3_000_000), "&visStart=2000000&visEnd=3000000"),
            ((0, u64::MAX), "&visStart=1000000&visEnd=9000000"),
            ((5_000_000, 5_000_000), "&visStart=4995000&visEnd=5005000"),
            ((9_500_000, 9_500_000), ""),
        ] {
            assert_eq!(view(window, None).unwrap_or_default(), said);
        }
        assert_eq!(
            view((2_000_000, 3_000_000), Some((2_100_000, 2_900_000))).unwrap(),
            "&ts=2100000&dur=800000&visStart=2000000&visEnd=3000000"
        );
        assert_eq!(View::new((0, 1), (u64::MAX, 0), None), None);
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
