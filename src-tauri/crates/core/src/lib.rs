//! The nouns and the arithmetic of Reeve: ids, money, time, periods, prices, usage, budgets, quotas, permissions.
//!
//! Pure: no IO, no clock, no randomness, no async, so nothing here can fail because of the outside world. Time and random
//! bytes are arguments. It knows no other crate of the workspace.
//!
//! Start reading at [`money`], then [`price`] (how a charge is computed) and [`budget`] (when a call is refused).

pub mod allowance;
pub mod breaker;
pub mod budget;
pub mod grant;
pub mod id;
pub mod limit;
pub mod model_rules;
pub mod money;
pub mod peer;
pub mod period;
pub mod permission;
pub mod price;
pub mod principal;
pub mod retention;
pub mod role;
pub mod rotation;
pub mod route;
pub mod scope;
pub mod slug;
pub mod tenant;
pub mod time;
pub mod usage;
