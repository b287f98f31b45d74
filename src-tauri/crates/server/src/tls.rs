//! TLS of the listeners' own: a certificate and its key in two PEM files, read again when they change, because certificates
//! are renewed every few weeks and a server is not started anew for that.

use crate::failure::Failure;
use reeve_engine::tasks::Tasks;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// Where the certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Files {
    fn read(&self) -> Result<CertifiedKey, Failure> {
        let wrong = |path: &Path, reason: String| Failure::Tls { path: path.to_owned(), reason };
        let chain: Vec<_> =
            CertificateDer::pem_file_iter(&self.certificate).and_then(Iterator::collect).map_err(|e| {
                wrong(&self.certificate, format!("no certificate can be read from it as PEM ({e})"))
            })?;
        if chain.is_empty() {
            return Err(wrong(&self.certificate, "holds no certificate".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|e| wrong(&self.key, format!("no private key can be read from it as PEM ({e})")))?;
        CertifiedKey::from_der(chain, key, &default_provider())
            .map_err(|e| wrong(&self.key, format!("does not belong to {} ({e})", self.certificate.display())))
    }

    /// When either changed last.
    fn changed_at(&self) -> Option<SystemTime> {
        let of = |path: &Path| path.metadata().and_then(|meta| meta.modified()).ok();
        of(&self.certificate).max(of(&self.key))
    }
}

/// The certificate in use.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: Files,
    read_at: Option<SystemTime>,
    current: Arc<Current>,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Certificate {
    /// Reads it.
    ///
    /// # Errors
    /// Which file is wrong, and in what.
    pub(crate) fn read(files: Files) -> Result<Self, Failure> {
        let (read_at, read) = (files.changed_at(), files.read()?);
        Ok(Self { files, read_at, current: Arc::new(Current(RwLock::new(Arc::new(read)))) })
    }

    /// What listeners speak TLS with, from now on with whatever the files hold.
    pub(crate) fn serve(mut self, tasks: &Tasks) -> Result<TlsAcceptor, Failure> {
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| Failure::Tls { path: self.files.certificate.clone(), reason: e.to_string() })?;
        let current = Arc::clone(&self.current);
        let mut config = config.with_no_client_auth().with_cert_resolver(current);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            while tokio::time::timeout(LOOK, stopping.cancelled()).await.is_err() {
                self = match tokio::task::spawn_blocking(move || self.look_again()).await {
                    Ok(looked) => looked,
                    Err(_) => return,
                };
            }
        });
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Takes what the files hold by now; what cannot be used is told, and the certificate before it stays.
    fn look_again(mut self) -> Self {
        let changed_at = self.files.changed_at();
        if changed_at != self.read_at {
            self.read_at = changed_at;
            match self.files.read() {
                Ok(read) => {
                    *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                    tracing::info!("the certificate was read again");
                }
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the certificate in use stays: the one in its place cannot be used"
                ),
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey as Made, generate_simple_self_signed};

    fn write(folder: &Path, name: &str) -> Files {
        let Made { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
        let files = Files { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
        std::fs::write(&files.certificate, cert.pem()).unwrap();
        std::fs::write(&files.key, signing_key.serialize_pem()).unwrap();
        files
    }

    fn in_use(certificate: &Certificate) -> Vec<u8> {
        certificate.current.0.read().unwrap().cert[0].to_vec()
    }

    #[test]
    fn a_renewed_certificate_is_taken_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = write(folder.path(), "a.example");
        let mut certificate = Certificate::read(files.clone()).unwrap();
        let first = in_use(&certificate);
        certificate = certificate.look_again();
        assert_eq!(in_use(&certificate), first);

        write(folder.path(), "b.example");
        certificate.read_at = None;
        certificate = certificate.look_again();
        let second = in_use(&certificate);
        assert_ne!(second, first);

        std::fs::write(&files.certificate, "-----BEGIN").unwrap();
        certificate.read_at = None;
        certificate = certificate.look_again();
        assert_eq!(in_use(&certificate), second);
    }

    #[test]
    fn what_is_wrong_names_the_file() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (files, others) = (write(folder.path(), "a.example"), write(other.path(), "a.example"));
        let told = |files: &Files| files.read().unwrap_err().to_string();
        let mixed = Files { key: others.key, ..files.clone() };
        assert!(told(&mixed).contains("key.pem: does not belong to"), "{}", told(&mixed));
        let gone = Files { certificate: folder.path().join("none.pem"), ..files.clone() };
        assert!(told(&gone).contains("none.pem"), "{}", told(&gone));
        std::fs::write(&files.certificate, "").unwrap();
        assert!(told(&files).contains("cert.pem: holds no certificate"), "{}", told(&files));
    }
}
