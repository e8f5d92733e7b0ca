//! The integration tests, in one binary.

mod configs;
mod data;
mod draw;
mod help;
mod kill;
mod replay;
mod train;
mod world;
