//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on has failed")]

mod commands;
mod compare;
mod configs;
mod data;
mod directions;
mod documented;
mod documents;
mod draw;
mod engines;
mod export;
mod faces;
mod fuzz;
mod generators;
mod help;
mod hostile;
#[cfg(feature = "torch")]
mod images;
mod inspect;
mod kill;
mod kinds;
mod metric;
mod objectives;
mod old;
#[cfg(feature = "torch")]
mod progan;
mod protocol;
mod quickstart;
mod reading;
mod recorded;
mod refusals;
mod remarks;
mod replay;
mod report;
mod rooms;
mod sefa;
mod studio;
mod sweep;
mod synthesis;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(all(feature = "torch", target_os = "linux"))]
mod torch_library;
mod train;
mod traits;
mod units;
mod watch;
mod world;
