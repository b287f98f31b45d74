//! The ledger against the design's test vectors, the RFCs' own definitions, and random damage.

#[cfg(test)]
mod appendix;
#[cfg(test)]
mod canonical;
#[cfg(test)]
mod checkpoint;
#[cfg(test)]
mod cosign;
#[cfg(test)]
mod hlc;
mod keys;
#[cfg(test)]
mod leaf;
#[cfg(test)]
mod note;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tile;
#[cfg(test)]
mod tree;
