//! The server: the page, events, and what readers ask of a run.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rand::TryRng as _;
use rand::rngs::SysRng;
use tiny_http::{Header, Method, Request, Response, StatusCode};

use super::{Controls, Feed, News};
use crate::digest::hex;
use crate::page::LivePage;

/// The port that is tried first.
const PORT: u16 = 8641;
/// Others that are tried after it.
const TRIED: u16 = 20;
/// A reader hears at least this often that the server is there.
const PULSE: Duration = Duration::from_secs(10);
/// Readers who listen at a time.
const MOST_READERS: usize = 16;
/// How long readers have for the last page when the server goes.
const PATIENCE: Duration = Duration::from_secs(3);
/// What a page may do: nothing but ask this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; \
                      connect-src 'self'; frame-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'";
const HTML: &str = "text/html; charset=utf-8";

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The port is not free, or none is.
    #[error("no page can be served at {address}: {reason}")]
    Address {
        /// Where it was tried.
        address: String,
        /// The system's words.
        reason: String,
    },
    /// The system gives no random numbers, or no thread.
    #[error("no page can be served")]
    System(#[from] io::Error),
}

/// A server at work; it goes with this value.
pub struct Server {
    listener: Arc<tiny_http::Server>,
    feed: Arc<Feed>,
    address: SocketAddr,
    token: String,
    threads: Vec<JoinHandle<()>>,
}

/// What requests are answered from.
struct Desk {
    feed: Arc<Feed>,
    controls: Option<Arc<Controls>>,
    token: String,
}

impl Server {
    /// Serves a feed, at this port or else at the first free one of some; with `controls` readers may ask something of the run.
    pub fn start(port: Option<u16>, feed: Feed, controls: Option<Arc<Controls>>) -> Result<Self, LiveError> {
        let (listener, address) = bind(port)?;
        let (listener, feed) = (Arc::new(listener), Arc::new(feed));
        let mut drawn = [0; 16];
        SysRng.try_fill_bytes(&mut drawn).map_err(io::Error::other)?;
        let token = hex(&drawn);
        let desk = Arc::new(Desk { feed: Arc::clone(&feed), controls, token: token.clone() });
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let (watched, answering) = (Arc::clone(&feed), Arc::clone(&listener));
        let watch = named("live-watch").spawn(move || watched.watch())?;
        let answer = named("live-server").spawn(move || {
            for request in answering.incoming_requests() {
                let desk = Arc::clone(&desk);
                // One thread each, so that a slow reader holds up itself only. Without a thread there is no answer.
                let _ = std::thread::Builder::new().name("live-reader".to_owned()).spawn(move || desk.answer(request));
            }
        })?;
        Ok(Self { listener, feed, address, token, threads: vec![watch, answer] })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells readers that these are the last news, and goes when they have had time to ask for them.
    pub fn finish(mut self) {
        self.feed.end();
        self.feed.await_readers(PATIENCE);
        self.close();
    }

    fn close(&mut self) {
        self.feed.end();
        self.listener.unblock();
        for thread in self.threads.drain(..) {
            // What went wrong there is nothing that a run could mend.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

fn bind(port: Option<u16>) -> Result<(tiny_http::Server, SocketAddr), LiveError> {
    let at = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let tried: Vec<u16> = port.map_or_else(|| (PORT..=PORT + TRIED).chain([0]).collect(), |port| vec![port]);
    let mut last = String::new();
    for port in &tried {
        match tiny_http::Server::http(at(*port)) {
            Ok(server) => {
                let address = server.server_addr().to_ip().unwrap_or_else(|| at(*port));
                return Ok((server, address));
            }
            Err(error) => last = error.to_string(),
        }
    }
    Err(LiveError::Address { address: at(port.unwrap_or(PORT)).to_string(), reason: last })
}

impl Desk {
    fn answer(&self, mut request: Request) {
        let url = request.url().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        if !is_of_this_machine(&request) {
            return refuse(
                request,
                403,
                "this page is for the machine that it runs on; reach it from elsewhere by ssh -L",
            );
        }
        let token = query.split('&').find_map(|pair| pair.strip_prefix("token="));
        if !token.is_some_and(|token| is_same(token, &self.token)) {
            return refuse(request, 403, "the address lacks its token; take the whole address that gan-lab printed");
        }
        // What is sent along is not wanted.
        let _ = request.as_reader().take(1 << 16).read_to_end(&mut Vec::new());
        let reads = matches!(request.method(), Method::Get | Method::Head);
        match path {
            "/" if reads => {
                let page = LivePage { token: self.token.clone(), controls: self.controls.is_some() };
                reply(request, page.bytes().map_err(|error| error.to_string()), HTML);
            }
            "/page" if reads => {
                self.feed.answers();
                reply(request, self.feed.page().map(|page| page.to_vec()), HTML);
                self.feed.answered();
            }
            "/events" if reads => self.tell(request),
            _ => match path.strip_prefix("/do/").zip(self.controls.as_ref()) {
                Some((word, controls)) if *request.method() == Method::Post && controls.ask(word) => {
                    let said = serde_json::json!({ "state": controls.said() }).to_string().into_bytes();
                    reply(request, Ok(said), "application/json");
                }
                _ => refuse(request, 404, "there is nothing here"),
            },
        }
    }

    /// Tells a reader of news until one of both goes.
    fn tell(&self, request: Request) {
        if !self.feed.enter(MOST_READERS) {
            return refuse(request, 503, "too many pages listen already; close some");
        }
        // Written by hand: each event must leave at once.
        let _ = self.events(request.into_writer().as_mut());
        self.feed.leave();
    }

    fn events(&self, to: &mut dyn io::Write) -> io::Result<()> {
        to.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
              X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nretry: 2000\n\n",
        )?;
        to.flush()?;
        let mut number = 0;
        loop {
            let (event, end) = match self.feed.news_after(number, PULSE) {
                News::Page(new) => {
                    number = new;
                    (self.event("page", new), false)
                }
                News::Nothing => (": still here\n\n".to_owned(), false),
                News::End(last) => (self.event("end", last), true),
            };
            to.write_all(event.as_bytes())?;
            to.flush()?;
            if end {
                return Ok(());
            }
        }
    }

    fn event(&self, name: &str, number: u64) -> String {
        let state = self.controls.as_ref().map(|controls| controls.said());
        let data = serde_json::json!({ "number": number, "state": state, "words": self.feed.words() });
        format!("event: {name}\nid: {number}\ndata: {data}\n\n")
    }
}

/// Whether a request calls the server by a name of this machine. A page of another site, whose name was made to mean this
/// machine, calls it by its own.
fn is_of_this_machine(request: &Request) -> bool {
    let host = request.headers().iter().find(|header| header.field.equiv("Host"));
    host.is_some_and(|header| {
        let host = header.value.as_str();
        let name = host
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(host, |(name, _)| name);
        ["127.0.0.1", "localhost", "[::1]"].contains(&name)
    })
}

/// Takes as long whichever letter differs.
fn is_same(given: &str, expected: &str) -> bool {
    given.len() == expected.len() && given.bytes().zip(expected.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn reply(request: Request, body: Result<Vec<u8>, String>, kind: &str) {
    match body {
        Ok(bytes) => send(request, 200, kind, bytes),
        Err(reason) => send(request, 500, "text/plain; charset=utf-8", reason.into_bytes()),
    }
}

fn refuse(request: Request, code: u16, reason: &str) {
    send(request, code, "text/plain; charset=utf-8", format!("{reason}\n").into_bytes());
}

fn send(request: Request, code: u16, kind: &str, bytes: Vec<u8>) {
    let mut response = Response::from_data(bytes).with_status_code(StatusCode(code));
    let fields = [
        ("Content-Type", kind),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ];
    for (name, value) in fields {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    // A reader who has gone needs no answer.
    let _ = request.respond(response);
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpStream;

    use super::super::Source;
    use super::*;

    struct Still;

    impl Source for Still {
        fn stamp(&self) -> u64 {
            3
        }

        fn words(&self) -> String {
            "epoch 3 of 9".to_owned()
        }

        fn page(&self) -> Result<Vec<u8>, String> {
            Err("its files are damaged".to_owned())
        }
    }

    fn started(controls: Option<Arc<Controls>>) -> Server {
        Server::start(Some(0), Feed::new(Box::new(Still)), controls).unwrap()
    }

    /// Sends a request; the answer's first line, and all of it.
    fn asked(server: &Server, method: &str, path: &str, host: &str) -> (String, String) {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.lines().next().unwrap_or_default().to_owned(), answer)
    }

    fn path(server: &Server, path: &str) -> String {
        format!("{path}?token={}", server.token)
    }

    #[test]
    fn only_who_knows_the_token_and_calls_this_machine_is_answered() {
        let server = started(None);
        let (good, page) = asked(&server, "GET", &path(&server, "/"), "127.0.0.1:1");
        assert!(good.contains("200") && page.contains(&server.token), "{page}");
        assert!(page.contains("default-src 'none'") && page.contains("no-referrer"), "{page}");
        for host in ["localhost", "localhost:9000", "127.0.0.1", "[::1]:80"] {
            assert!(asked(&server, "GET", &path(&server, "/"), host).0.contains("200"), "{host}");
        }
        for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil:1", ""] {
            assert!(asked(&server, "GET", &path(&server, "/"), host).0.contains("403"), "{host}");
        }
        for wrong in ["/", "/?token=", "/?token=00", "/page", "/events", "/?token=g"] {
            assert!(asked(&server, "GET", wrong, "localhost").0.contains("403"), "{wrong}");
        }
        let (line, body) = asked(&server, "GET", &path(&server, "/page"), "localhost");
        assert!(line.contains("500") && body.ends_with("its files are damaged"), "{body}");
        for wrong in ["/etc/passwd", "/../x", "/do/pause", "/do/stop"] {
            assert!(asked(&server, "GET", &path(&server, wrong), "localhost").0.contains("404"), "{wrong}");
        }
        assert!(
            asked(&server, "POST", &path(&server, "/do/stop"), "localhost").0.contains("404"),
            "nothing to control"
        );
        let other = started(None);
        assert_ne!(server.token, other.token);
        assert!(server.address().ip().is_loopback() && server.url().contains(&server.token));
    }

    #[test]
    fn a_run_hears_what_readers_ask_and_only_from_posts() {
        let controls = Arc::new(Controls::default());
        let server = started(Some(Arc::clone(&controls)));
        assert!(asked(&server, "GET", &path(&server, "/do/pause"), "localhost").0.contains("404"));
        assert!(!controls.waits());
        let (line, body) = asked(&server, "POST", &path(&server, "/do/pause"), "localhost");
        assert!(line.contains("200") && body.ends_with(r#"{"state":"waiting"}"#), "{body}");
        assert!(controls.waits());
        assert!(asked(&server, "POST", &path(&server, "/do/dance"), "localhost").0.contains("404"));
        assert!(asked(&server, "POST", &path(&server, "/do/stop"), "localhost").0.contains("200") && controls.stops());
    }

    #[test]
    fn a_reader_hears_of_news_and_of_the_end() {
        let server = started(None);
        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(stream, "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path(&server, "/events"))
            .unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        assert!(lines.next().unwrap().contains("200"));
        let event = lines.by_ref().find(|line| line.starts_with("event:")).unwrap();
        assert_eq!(event, "event: page", "who comes hears at once what there is");
        let ending = std::thread::spawn(move || server.feed.end());
        let event = lines.by_ref().find(|line| line == "event: end");
        assert!(event.is_some() && lines.last().is_some(), "the last event, and then the end of the connection");
        ending.join().unwrap();
    }

    #[test]
    fn a_port_that_is_taken_is_named_and_without_one_another_is_found() {
        let first = started(None);
        let port = first.address().port();
        let error = Server::start(Some(port), Feed::new(Box::new(Still)), None).err().unwrap().to_string();
        assert!(error.contains(&port.to_string()), "{error}");
        let [one, two] = [0, 1].map(|_| Server::start(None, Feed::new(Box::new(Still)), None).unwrap());
        assert_ne!(one.address().port(), two.address().port());
    }
}
