//! A server whose answers are somebody else's: a page that asks this program for things while it is used.

use std::net::SocketAddr;

use super::door::{Door, LiveError};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// Which of the server's things: `/`, `/picture`.
    pub path: &'a str,
    /// The details, as `name=value` between `&`, still encoded for an address, without the token.
    pub query: &'a str,
    /// What the page has to say whenever it asks.
    pub token: &'a str,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's code.
    pub code: u16,
    /// Its media type.
    pub kind: &'static str,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// A web page.
    pub fn html(bytes: Vec<u8>) -> Self {
        Self { code: 200, kind: super::door::HTML, bytes }
    }

    /// A PNG picture.
    pub fn png(bytes: Vec<u8>) -> Self {
        Self { code: 200, kind: "image/png", bytes }
    }

    /// JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self { code: 200, kind: "application/json", bytes: value.to_string().into_bytes() }
    }

    /// Why there is nothing, in words.
    pub fn words(code: u16, words: &str) -> Self {
        Self { code, kind: "text/plain; charset=utf-8", bytes: format!("{words}\n").into_bytes() }
    }
}

/// A server at work; it goes with this value. It answers this machine alone, and who knows its token; nothing can be changed by
/// asking, for it hears no request but those that read.
pub struct Counter {
    door: Door,
}

impl Counter {
    /// Serves at this port or else at the first free one of some. `answer` is called by several threads at once.
    pub fn start(
        port: Option<u16>,
        answer: impl Fn(&Question<'_>) -> Answer + Send + Sync + 'static,
    ) -> Result<Self, LiveError> {
        let door = Door::open(port, move |asked, token| {
            if !asked.reads() {
                return asked.refuse(405, "this only answers; nothing is sent to it");
            }
            let Answer { code, kind, bytes } = answer(&Question { path: &asked.path, query: &asked.query, token });
            asked.send(code, kind, bytes);
        })?;
        Ok(Self { door })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        self.door.url()
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.door.address()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn questions_reach_whoever_answers_without_the_token_and_from_who_may_alone() {
        let counter = Counter::start(Some(0), |asked: &Question<'_>| match asked.path {
            "/echo" => Answer::words(200, asked.query),
            "/picture" => Answer::png(vec![1, 2, 3]),
            _ => Answer::words(404, "nothing"),
        })
        .unwrap();
        let ask = |method: &str, target: &str| {
            let mut stream = TcpStream::connect(counter.address()).unwrap();
            write!(
                stream,
                "{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            String::from_utf8(answer).unwrap()
        };
        let token = counter.door.token();
        let answer = ask("GET", &format!("/echo?a=1&token={token}&b=%3C2"));
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("a=1&b=%3C2\n"), "{answer}");
        assert!(ask("GET", &format!("/picture?token={token}")).contains("image/png"));
        assert!(ask("GET", &format!("/other?token={token}")).starts_with("HTTP/1.1 404"));
        assert!(ask("POST", &format!("/echo?token={token}")).starts_with("HTTP/1.1 405"));
        for wrong in ["/echo", "/echo?token=", "/echo?token=00", "/echo?xtoken=1"] {
            assert!(ask("GET", wrong).starts_with("HTTP/1.1 403"), "{wrong}");
        }
    }
}
