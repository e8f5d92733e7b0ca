//! What the networks are: layers, names, shapes and initial weights, as plain data. Engines do the arithmetic.

pub mod mlp;
