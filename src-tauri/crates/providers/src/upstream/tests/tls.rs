//! Calls over TLS, to a server whose certificate the system trusts, or does not.

use super::*;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::convert::Infallible;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Says to the test's own process, started once more, where the server is.
const ADDRESS: &str = "REEVE_TEST_TLS_ADDRESS";
const NAME: &str = "upstream::tests::tls::a_provider_is_believed_where_the_system_trusts_its_certificate";

async fn probed(address: &str) -> Result<Probe, UpstreamError> {
    let upstream = Upstream::new(UpstreamConfig::default()).unwrap();
    upstream.probe("openai", &BaseUrl::parse(address).unwrap(), Key(b"sk-test"), Millis(0)).await
}

/// A list of two models, and how it was asked for.
async fn answered(request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let asked = (request.version(), request.uri().path(), request.headers().get("authorization"));
    let key = HeaderValue::from_static("Bearer sk-test");
    assert_eq!(asked, (http::Version::HTTP_2, "/v1/models", Some(&key)));
    Ok(http::Response::new(Full::from(r#"{"data":[{"id":"a"},{"id":"b"}]}"#)))
}

async fn serve(listener: TcpListener, tls: TlsAcceptor) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        // It fails where the client does not believe it, which is then the client's to tell.
        let Ok(stream) = tls.accept(socket).await else { continue };
        let builder = Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answered)).await;
    }
}

#[tokio::test]
async fn a_provider_is_believed_where_the_system_trusts_its_certificate() {
    if let Ok(address) = std::env::var(ADDRESS) {
        let probe = probed(&address).await.unwrap();
        assert_eq!((probe.outcome, probe.models), (ProbeOutcome::Accepted, Some(2)));
        // The admin APIs have a client of their own.
        let upstream = Upstream::new(UpstreamConfig::default()).unwrap();
        let admin = upstream.client().get(address + "/models").bearer_auth("sk-test").send().await.unwrap();
        return assert_eq!(admin.status(), 200);
    }
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://localhost:{}/v1", listener.local_addr().unwrap().port());
    #[expect(clippy::disallowed_methods, reason = "ends with the runtime of its test")]
    tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));

    let error = probed(&address).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Unreachable(_)) && !error.may_have_run(), "{error:?}");

    // What the system trusts is told to a process when it starts.
    let trusted = std::env::temp_dir().join(format!("reeve-test-tls-{}.pem", std::process::id()));
    std::fs::write(&trusted, cert.pem()).unwrap();
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env(ADDRESS, &address)
        .env("SSL_CERT_FILE", &trusted)
        .output()
        .await
        .unwrap();
    std::fs::remove_file(&trusted).unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && said.contains("1 passed"), "{said}");
}
