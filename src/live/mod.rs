//! A page that grows while a run goes on: a small server on this machine alone.
//!
//! The server reads what the run wrote, as anyone could, so that a run of another process or on a cluster is shown in the same
//! way, and a slow reader holds up nothing but itself. A frame around the page hears of news by server-sent events and then
//! loads the page anew; that is made when somebody asks, and not more often than [`Feed`] permits.
//!
//! Only this machine reaches it (127.0.0.1); who asks must know a word that is drawn for each server, and must have called the
//! server by this machine's name, so that no page of another site can ask in a reader's place. `ssh -L` is all that a remote machine takes.

mod controls;
mod counter;
mod door;
mod feed;
mod server;

pub use controls::Controls;
pub use counter::{Answer, Counter, Question};
pub use door::LiveError;
pub use feed::{Feed, News, Source};
pub use server::Server;
