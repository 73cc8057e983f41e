//! The Jitsi server's own files, as far as they were named: Prosody's sections together, Jicofo's one by one.

use super::jicofo;
use super::lua::{self, Section};
use super::prosody::{self, Ours, Signature};
use crate::config::{ConferenceSecret, Config, Finding, Secrets};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use std::path::PathBuf;

pub(super) fn findings(config: &Config, secrets: Option<&Secrets>, files: &[PathBuf]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
        match std::fs::read(file) {
            Err(error) => {
                let advice = "name a file of Prosody or Jicofo that can be read";
                findings.push(Finding::problem(file.display().to_string(), format!("cannot be read: {error}"), advice));
            }
            Ok(octets) => {
                let text = String::from_utf8_lossy(&octets);
                if jicofo::is_jicofo(&text) {
                    findings.extend(jicofo::judge(&name, &text));
                } else {
                    sections.extend(lua::read(&text));
                }
            }
        }
    }
    if !sections.is_empty() {
        let signature = secrets.map(|secrets| match &secrets.conference {
            ConferenceSecret::Hs256 { app_secret } => Signature::Shared(app_secret),
            ConferenceSecret::Rs256 { kid, .. } => Signature::Fetched(public_name(kid)),
        });
        let conference = &config.conference;
        let ours = Ours { app_id: &conference.app_id, audience: &conference.audience, domain: &conference.domain, signature };
        findings.extend(prosody::judge(&sections, &ours));
    }
    findings
}

/// The name under which Prosody asks for a public key.
fn public_name(kid: &str) -> String {
    format!("{}.pem", HEXLOWER.encode(digest::digest(&digest::SHA256, kid.as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_asked_for_under_the_digest_of_its_name() {
        // FIPS 180-2, appendix B.1: the digest of "abc".
        assert_eq!(public_name("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.pem");
    }
}
