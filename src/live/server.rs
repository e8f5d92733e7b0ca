//! The server of runs: the page, events, and what readers ask of a run.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::door::{Asked, Door, HTML, LiveError};
use super::{Controls, Feed, News};
use crate::page::LivePage;

/// A reader hears at least this often that the server is there.
const PULSE: Duration = Duration::from_secs(10);
/// Readers who listen at a time.
const MOST_READERS: usize = 16;
/// How long readers have for the last page when the server goes.
const PATIENCE: Duration = Duration::from_secs(3);

/// A server at work; it goes with this value.
pub struct Server {
    door: Door,
    feed: Arc<Feed>,
    watch: Option<JoinHandle<()>>,
}

/// What requests are answered from.
struct Desk {
    feed: Arc<Feed>,
    controls: Option<Arc<Controls>>,
}

impl Server {
    /// Serves a feed, at this port or else at the first free one of some; with `controls` readers may ask something of the run.
    pub fn start(port: Option<u16>, feed: Feed, controls: Option<Arc<Controls>>) -> Result<Self, LiveError> {
        let feed = Arc::new(feed);
        let desk = Desk { feed: Arc::clone(&feed), controls: controls.clone() };
        let door = Door::open(port, move |asked, token| desk.answer(asked, token))?;
        let watched = Arc::clone(&feed);
        let waits = move || controls.as_ref().is_some_and(|controls| controls.waits());
        let watch = std::thread::Builder::new().name("live-watch".to_owned()).spawn(move || watched.watch(&waits))?;
        Ok(Self { door, feed, watch: Some(watch) })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        self.door.url()
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Tells readers that these are the last news, and goes when they have had time to ask for them.
    pub fn finish(mut self) {
        self.feed.end();
        self.feed.await_readers(PATIENCE);
        self.close();
    }

    fn close(&mut self) {
        self.feed.end();
        self.door.close();
        if let Some(thread) = self.watch.take() {
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

impl Desk {
    fn answer(&self, asked: Asked, token: &str) {
        match asked.path.as_str() {
            "/" if asked.reads() => {
                let page = LivePage { token: token.to_owned(), controls: self.controls.is_some() };
                asked.reply(page.bytes().map_err(|error| error.to_string()), HTML);
            }
            "/page" if asked.reads() => {
                self.feed.answers();
                let (number, page) = self.feed.page();
                asked.reply(page.map(|page| page.to_vec()), HTML);
                self.feed.answered(number);
            }
            "/events" if asked.reads() => self.tell(asked),
            path => match path.strip_prefix("/do/").zip(self.controls.as_ref()) {
                Some((word, controls)) if asked.does() && controls.ask(word) => {
                    let said = serde_json::json!({ "state": controls.said() }).to_string().into_bytes();
                    asked.reply(Ok(said), "application/json");
                }
                _ => asked.refuse(404, "there is nothing here"),
            },
        }
    }

    /// Tells a reader of news until one of both goes.
    fn tell(&self, asked: Asked) {
        if !self.feed.enter(MOST_READERS) {
            return asked.refuse(503, "too many pages listen already; close some");
        }
        // Written by hand: each event must leave at once.
        let _ = self.events(asked.into_writer().as_mut());
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
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
        format!("{path}?token={}", server.door.token())
    }

    #[test]
    fn only_who_knows_the_token_and_calls_this_machine_is_answered() {
        let server = started(None);
        let (good, page) = asked(&server, "GET", &path(&server, "/"), "127.0.0.1:1");
        assert!(good.contains("200") && page.contains(server.door.token()), "{page}");
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
        assert_ne!(server.door.token(), other.door.token());
        assert!(server.address().ip().is_loopback() && server.url().contains(server.door.token()));
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
