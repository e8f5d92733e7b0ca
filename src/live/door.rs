//! A small server on this machine alone, for those who know a word that is drawn for it.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use rand::TryRng as _;
use rand::rngs::SysRng;
use tiny_http::{Header, Method, Request, Response, StatusCode};

use crate::digest::hex;

/// The port that is tried first.
const PORT: u16 = 8641;
/// Others that are tried after it.
const TRIED: u16 = 20;
/// What a page may do: nothing but ask this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; \
                      connect-src 'self'; frame-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'";
pub(super) const HTML: &str = "text/html; charset=utf-8";

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

/// Listens, and hands over what those ask who may; it goes with this value.
pub(super) struct Door {
    listener: Arc<tiny_http::Server>,
    address: SocketAddr,
    token: String,
    thread: Option<JoinHandle<()>>,
}

/// What a request is for.
pub(super) struct Asked {
    request: Request,
    pub(super) path: String,
    /// Without the token.
    pub(super) query: String,
}

impl Door {
    /// Opens it at this port or else at the first free one of some. `answer` is called in a thread of each request's own.
    pub(super) fn open(
        port: Option<u16>,
        answer: impl Fn(Asked, &str) + Send + Sync + 'static,
    ) -> Result<Self, LiveError> {
        let (listener, address) = bind(port)?;
        let listener = Arc::new(listener);
        let mut drawn = [0; 16];
        SysRng.try_fill_bytes(&mut drawn).map_err(io::Error::other)?;
        let token = hex(&drawn);
        let (answer, answering, word) = (Arc::new(answer), Arc::clone(&listener), token.clone());
        let thread = std::thread::Builder::new().name("live-server".to_owned()).spawn(move || {
            for request in answering.incoming_requests() {
                let (answer, word) = (Arc::clone(&answer), word.clone());
                let let_in = move || {
                    if let Some(asked) = Asked::by_who_may(request, &word) {
                        answer(asked, &word);
                    }
                };
                // One thread each, so that a slow reader holds up itself only. Without a thread there is no answer.
                let _ = std::thread::Builder::new().name("live-reader".to_owned()).spawn(let_in);
            }
        })?;
        Ok(Self { listener, address, token, thread: Some(thread) })
    }

    /// Where the page is.
    pub(super) fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// What whoever asks must know.
    #[cfg(test)]
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets nobody in any more.
    pub(super) fn close(&mut self) {
        self.listener.unblock();
        if let Some(thread) = self.thread.take() {
            // What went wrong there is nothing that a run could mend.
            let _ = thread.join();
        }
    }
}

impl Drop for Door {
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

impl Asked {
    /// A request of this machine's, with the token; others are refused.
    fn by_who_may(mut request: Request, word: &str) -> Option<Self> {
        let url = request.url().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        if !is_of_this_machine(&request) {
            refuse(request, 403, "this page is for the machine that it runs on; reach it from elsewhere by ssh -L");
            return None;
        }
        let (tokens, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| pair.starts_with("token="));
        let token = tokens.first().and_then(|pair| pair.strip_prefix("token="));
        if !token.is_some_and(|token| is_same(token, word)) {
            refuse(request, 403, "the address lacks its token; take the whole address that gan-lab printed");
            return None;
        }
        // What is sent along is not wanted.
        let _ = request.as_reader().take(1 << 16).read_to_end(&mut Vec::new());
        Some(Self { request, path: path.to_owned(), query: rest.join("&") })
    }

    /// Whether it only reads.
    pub(super) fn reads(&self) -> bool {
        matches!(self.request.method(), Method::Get | Method::Head)
    }

    /// Whether it asks for something to be done.
    pub(super) fn does(&self) -> bool {
        *self.request.method() == Method::Post
    }

    /// What is written to whoever asks, by hand.
    pub(super) fn into_writer(self) -> Box<dyn io::Write + Send> {
        self.request.into_writer()
    }

    /// Answers with what was asked for, or with the reason why there is nothing.
    pub(super) fn reply(self, body: Result<Vec<u8>, String>, kind: &str) {
        match body {
            Ok(bytes) => send(self.request, 200, kind, bytes),
            Err(reason) => send(self.request, 500, "text/plain; charset=utf-8", reason.into_bytes()),
        }
    }

    /// Answers with a code and words.
    pub(super) fn refuse(self, code: u16, reason: &str) {
        refuse(self.request, code, reason);
    }

    /// Answers with a code and bytes.
    pub(super) fn send(self, code: u16, kind: &str, bytes: Vec<u8>) {
        send(self.request, code, kind, bytes);
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
