//! The providers of models: what they charge, how their requests and answers read, and the client that calls them.
//!
//! It must not know who calls, what they may spend, or where anything is stored: it turns bytes into numbers and back.
//! A provider key passes through [`upstream`] for one request and is kept nowhere.
//!
//! Start reading at [`catalogue`] (prices), then [`openai`] (requests, usage, streams) and the shapes of other providers
//! beside it ([`anthropic`], [`google`], [`bedrock`]), [`tokens`] (how much a request may
//! use before it is sent), [`upstream`] (sending it) and [`control`] (the keys themselves, through the providers' admin APIs). What providers bill is read by [`bills`].

pub mod anthropic;
pub mod bedrock;
pub mod bills;
pub mod catalogue;
pub mod control;
pub mod google;
pub mod openai;
pub mod passage;
pub mod sse;
pub mod tokens;
pub mod upstream;
