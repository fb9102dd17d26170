//! The files, pipes and sockets behind the descriptors of a process.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Describes the descriptors of a process, for one observation.
#[derive(Debug)]
pub(super) struct Descriptors {
    pid: u32,
    /// By descriptor. Several threads may wait for the same file.
    known: HashMap<u64, Option<String>>,
}

impl Descriptors {
    pub(super) fn new(pid: u32) -> Self {
        Descriptors { pid, known: HashMap::new() }
    }

    /// `a socket that listens on 127.0.0.1:8080`; `None` if that is not known.
    pub(super) fn describe(&mut self, descriptor: u64) -> Option<String> {
        let pid = self.pid;
        self.known.entry(descriptor).or_insert_with(|| describe(pid, descriptor)).clone()
    }
}

fn describe(pid: u32, descriptor: u64) -> Option<String> {
    // Programs pass an `int`.
    let descriptor = descriptor as u32;
    let link = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).ok()?;
    let link = link.to_string_lossy();
    let number = |kind: &str| link.strip_prefix(kind)?.strip_suffix(']');
    let file = if let Some(inode) = number("socket:[") {
        socket(pid, inode).unwrap_or_else(|| "a socket".into())
    } else if let Some(kind) = number("anon_inode:[") {
        format!("an {kind}")
    } else if link.starts_with("pipe:[") {
        "a pipe".into()
    } else if link.starts_with("/dev/pts/") || link.starts_with("/dev/tty") {
        format!("the terminal {link}")
    } else {
        link.into_owned()
    };
    let standard = ["standard input", "standard output", "standard error"];
    Some(match standard.get(descriptor as usize) {
        Some(name) => format!("{name} ({file})"),
        None => file,
    })
}

/// Finds a socket in the tables of the process's network; `None` if it is not there.
fn socket(pid: u32, inode: &str) -> Option<String> {
    for (protocol, describe) in [
        ("tcp", tcp as fn(&Row<'_>) -> Option<String>),
        ("tcp6", tcp),
        ("unix", unix),
        ("udp", udp),
        ("udp6", udp),
    ] {
        let Ok(table) = File::open(format!("/proc/{pid}/net/{protocol}")) else { continue };
        // The first line has the names of the columns.
        for line in BufReader::new(table).lines().map_while(Result::ok).skip(1) {
            let row = Row(line.split_ascii_whitespace().collect());
            let column = if protocol == "unix" { 6 } else { 9 };
            if row.0.get(column) == Some(&inode) {
                return describe(&row);
            }
        }
    }
    None
}

/// The columns of a row; see proc_pid_net(5).
struct Row<'l>(Vec<&'l str>);

impl Row<'_> {
    fn local(&self) -> Option<SocketAddr> {
        address(self.0.get(1)?)
    }

    /// The address of the other side, if the socket is connected.
    fn remote(&self) -> Option<SocketAddr> {
        address(self.0.get(2)?).filter(|remote| remote.port() != 0)
    }
}

fn tcp(row: &Row<'_>) -> Option<String> {
    const LISTEN: &str = "0A";
    let local = row.local()?;
    Some(match row.remote() {
        _ if row.0.get(3) == Some(&LISTEN) => format!("a socket that listens on {local}"),
        Some(remote) => format!("a connection from {local} to {remote}"),
        None => format!("a TCP socket at {local}"),
    })
}

fn udp(row: &Row<'_>) -> Option<String> {
    let local = row.local()?;
    Some(match row.remote() {
        Some(remote) => format!("a UDP socket at {local} connected to {remote}"),
        None => format!("a UDP socket at {local}"),
    })
}

fn unix(row: &Row<'_>) -> Option<String> {
    /// The flag of a socket that listens: `__SO_ACCEPTCON` of Linux.
    const LISTENS: u32 = 1 << 16;
    let flags = u32::from_str_radix(row.0.get(3)?, 16).ok()?;
    Some(match row.0.get(7) {
        Some(path) if flags & LISTENS != 0 => format!("the Unix socket that listens on {path}"),
        Some(path) => format!("the Unix socket {path}"),
        None => "a Unix socket".into(),
    })
}

/// An address such as `0100007F:1F90`: hexadecimal words in the byte order of the machine, and a
/// port.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let words = address.as_bytes().chunks(8).map(|word| {
        let word = u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok()?;
        Some(word.to_ne_bytes())
    });
    let words: Vec<_> = words.collect::<Option<_>>()?;
    let ip = match *words {
        [word] => IpAddr::V4(Ipv4Addr::from(word)),
        [_, _, _, _] => {
            let octets: [u8; 16] = words.as_flattened().try_into().ok()?;
            // An IPv4 connection of an IPv6 socket.
            IpAddr::V6(Ipv6Addr::from(octets)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::pipe;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::net::{UnixListener, UnixStream};

    fn described(file: impl AsFd) -> String {
        let mut descriptors = Descriptors::new(std::process::id());
        descriptors.describe(file.as_fd().as_raw_fd() as u64).unwrap()
    }

    #[test]
    fn tcp_sockets_are_described_by_their_addresses() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let local = listener.local_addr().unwrap();
            assert_eq!(described(&listener), format!("a socket that listens on {local}"));
            let stream = TcpStream::connect(local).unwrap();
            let client = stream.local_addr().unwrap();
            assert_eq!(described(&stream), format!("a connection from {client} to {local}"));
            let (accepted, _) = listener.accept().unwrap();
            assert_eq!(described(&accepted), format!("a connection from {local} to {client}"));
        }
    }

    #[test]
    fn udp_sockets_are_described_by_their_addresses() {
        let [one, other] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let [here, there] = [&one, &other].map(|socket| socket.local_addr().unwrap());
        assert_eq!(described(&one), format!("a UDP socket at {here}"));
        one.connect(there).unwrap();
        assert_eq!(described(&one), format!("a UDP socket at {here} connected to {there}"));
    }

    #[test]
    fn unix_sockets_are_described_by_their_paths() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let path = path.display();
        assert_eq!(described(&listener), format!("the Unix socket that listens on {path}"));
        let stream = UnixStream::connect(path.to_string()).unwrap();
        assert_eq!(described(&stream), "a Unix socket");
        let (accepted, _) = listener.accept().unwrap();
        assert_eq!(described(accepted), format!("the Unix socket {path}"));
    }

    #[test]
    fn pipes_and_files_are_described() {
        let (reader, _writer) = pipe().unwrap();
        assert_eq!(described(reader), "a pipe");
        assert_eq!(described(File::open("/dev/null").unwrap()), "/dev/null");
        let mut descriptors = Descriptors::new(std::process::id());
        assert!(descriptors.describe(0).unwrap().starts_with("standard input ("));
        assert_eq!(descriptors.describe(1 << 20), None);
        assert_eq!(Descriptors::new(u32::MAX).describe(0), None);
    }

    #[test]
    fn addresses_are_words_in_the_byte_order_of_the_machine() {
        let word = u32::from_ne_bytes([127, 0, 0, 1]);
        let v4 = format!("{word:08X}");
        assert_eq!(address(&format!("{v4}:1F90")), "127.0.0.1:8080".parse().ok());
        let mapped =
            format!("{:08X}{:08X}{:08X}{v4}:0050", 0, 0, u32::from_ne_bytes([0, 0, 255, 255]));
        assert_eq!(address(&mapped), "127.0.0.1:80".parse().ok());
        for text in ["", "7F", "7F:", ":50", "0100007F0100007F:50", "0100007é:50"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
