//! What a ciphertext is bound to: fields in a fixed order, each behind its length, so no two sets read the same.

use crate::envelope::ALG_AES_256_GCM;

const DOMAIN: &[u8] = b"reeve.aad.v1";

/// The fields that a sealed value may not be moved away from. Only what never changes belongs here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding<'a> {
    pub(crate) purpose: &'a str,
    pub(crate) vault_id: &'a [u8],
    pub(crate) provider: &'a str,
    pub(crate) object: &'a [u8],
    pub(crate) version: u32,
}

impl Binding<'_> {
    /// The bytes to authenticate, for an envelope written under `epoch`.
    pub(crate) fn bytes(&self, epoch: u32) -> Vec<u8> {
        fields(&[
            DOMAIN,
            self.purpose.as_bytes(),
            self.vault_id,
            self.provider.as_bytes(),
            self.object,
            &self.version.to_be_bytes(),
            &epoch.to_be_bytes(),
            &[ALG_AES_256_GCM],
        ])
    }
}

/// Each field behind its length as eight big-endian bytes.
pub(crate) fn fields(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.iter().map(|field| field.len() + 8).sum());
    for field in fields {
        out.extend_from_slice(&(field.len() as u64).to_be_bytes());
        out.extend_from_slice(field);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bytes_are_the_ones_written_down() {
        let binding = Binding { purpose: "p", vault_id: &[1, 2], provider: "ab", object: b"", version: 7 };
        let mut expected = Vec::new();
        for field in [&b"reeve.aad.v1"[..], b"p", &[1, 2], b"ab", b"", &[0, 0, 0, 7], &[0, 0, 0, 9], &[1]] {
            expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, u8::try_from(field.len()).unwrap()]);
            expected.extend_from_slice(field);
        }
        assert_eq!(binding.bytes(9), expected);
    }

    proptest! {
        #[test]
        fn different_fields_give_different_bytes(
            one in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..4),
            two in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..4),
        ) {
            let encode = |list: &Vec<Vec<u8>>| fields(&list.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(one == two, encode(&one) == encode(&two));
        }
    }
}
