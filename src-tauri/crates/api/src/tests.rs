//! Tests of the Router over a real engine.
