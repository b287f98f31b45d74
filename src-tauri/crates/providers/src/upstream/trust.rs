//! Whom the system trusts.

use hyper_rustls::ConfigBuilderExt;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::{ClientConfig, Error};

/// TLS with whom the system trusts. It reads every certificate, so it is made once for all clients.
pub(super) fn tls() -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(default_provider().into());
    let trusting = builder.with_safe_default_protocol_versions()?.try_with_platform_verifier()?;
    Ok(trusting.with_no_client_auth())
}
