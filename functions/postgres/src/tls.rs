//! TLS of a connection: which certificates of a server are accepted, and the certificate of the client.

use crate::connection::{Connection, SslMode};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The TLS of a connection.
///
/// # Errors
/// A sentence about a certificate or key that cannot be read.
pub(crate) fn connector(connection: &Connection, mode: SslMode) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let builder = match mode {
        SslMode::VerifyFull => {
            let roots = Arc::new(roots(connection)?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|error| format!("sslRootCert: {error}"))?;
            builder.with_webpki_verifier(verifier)
        }
        mode => {
            let roots = if mode == SslMode::VerifyCa { Some(roots(connection)?) } else { None };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyName { provider, roots }))
        }
    };
    let config = match (text(connection.ssl_cert.as_ref()), text(connection.ssl_key.as_ref())) {
        (None, None) => builder.with_no_client_auth(),
        (Some(chain), Some(key)) => builder
            .with_client_auth_cert(certificates("sslCert", chain)?, private_key(key)?)
            .map_err(|error| format!("sslCert and sslKey cannot be used: {error}"))?,
        (Some(_), None) => return Err("sslCert needs sslKey; add the private key as PEM text".to_owned()),
        (None, Some(_)) => return Err("sslKey needs sslCert; add the certificate as PEM text".to_owned()),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn text(property: Option<&String>) -> Option<&str> {
    property.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The certificates that sign those of servers: the flow's, or else those of the public authorities.
fn roots(connection: &Connection) -> Result<RootCertStore, String> {
    let Some(own) = text(connection.ssl_root_cert.as_ref()) else {
        return Ok(RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()));
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates("sslRootCert", own)? {
        roots.add(certificate).map_err(|error| format!("sslRootCert cannot be used: {error}"))?;
    }
    Ok(roots)
}

fn certificates(property: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("{property} has no certificate; write PEM text (-----BEGIN CERTIFICATE-----)")),
    }
}

fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, String> {
    if pem.contains("ENCRYPTED") {
        return Err(
            "sslKey is encrypted, which is not supported; write the key without a password, as a secret"
                .to_owned(),
        );
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| "sslKey has no private key; write PEM text (-----BEGIN PRIVATE KEY-----)".to_owned())
}

/// Accepts a certificate for any name. Without roots, the certificate may be signed by anybody: the connection is
/// encrypted, and nothing says who answers. That is what `require` and `prefer` ask for.
#[derive(Debug)]
struct AnyName {
    provider: Arc<CryptoProvider>,
    roots: Option<RootCertStore>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
